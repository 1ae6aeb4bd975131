/** A lab for a test file, with `examples/quickstart` as a stack that is yet to be brought up, and who asks it. */
import { ServiceL2StatusClient } from '@metallb-l2/sdk';
import { connect } from '@metallb-l2/sdk/kube/connect';
import { quickstartStack } from '../demo/quickstart.ts';
import { labSite } from '../demo/site.ts';
import { type LabOptions, startLab } from '../lab/lab.ts';

export type QuickstartLab = Awaited<ReturnType<typeof startQuickstartLab>>;

/** @param options `log` gets the lines of the engine too */
export async function startQuickstartLab(options: LabOptions) {
  const lab = await startLab(options);
  const site = await labSite(lab);
  const stack = await quickstartStack(site, options);
  const api = connect({ kubeconfig: site.kubeconfig });
  const client = new ServiceL2StatusClient({ api });
  const down = async () => {
    client.close();
    api.close();
    await stack.dispose();
    await lab.down();
  };
  return { lab, site, stack, api, client, down };
}
