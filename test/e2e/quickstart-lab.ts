/** A lab for the tests of a file, with `examples/quickstart` as a stack that is yet to be brought up, and who asks it. */
import { ServiceL2StatusClient } from '@metallb-l2/sdk';
import { connect } from '@metallb-l2/sdk/kube/connect';
import { quickstartStack } from '../demo/quickstart.ts';
import { labSite } from '../demo/site.ts';
import { type LabOptions, startLab } from '../lab/lab.ts';
import type { OpenForAll } from '../support/open-for-all.ts';

export type QuickstartLab = Awaited<ReturnType<typeof openQuickstartLab>>;

/** @param options `log` gets the lines of the engine too */
export async function openQuickstartLab(
  { signal, open, defer }: OpenForAll,
  { log, ...options }: Omit<LabOptions, 'signal'>,
) {
  const lab = await open(startLab({ ...options, log, signal }), (opened) => opened.down());
  const site = await labSite(lab);
  const stack = await open(quickstartStack(site, { log, signal }), (opened) => opened.dispose());
  const api = connect({ kubeconfig: site.kubeconfig });
  const client = new ServiceL2StatusClient({ api });
  defer(() => {
    client.close();
    api.close();
  });
  return { lab, site, stack, api, client };
}
