/** `examples/quickstart` as a stack of the Automation API: the very file a user copies. */
import { createStack, type PulumiStack } from '../support/pulumi-stack.ts';
import type { Task } from '../toolchain/progress.ts';
import type { Site } from './site.ts';

const QUICKSTART = new URL('../../examples/quickstart/index.ts', import.meta.url);
let runs = 0;

/** The program runs once for each operation, as it would with `pulumi up`: a module is loaded only once. */
async function quickstart(): Promise<Record<string, unknown>> {
  runs += 1;
  const { namespace, image, ready } = (await import(`${QUICKSTART.href}?run=${runs}`)) as Record<
    string,
    unknown
  >;
  return { namespace, image, ready };
}

export function quickstartStack(site: Site, { log, signal }: Task): Promise<PulumiStack> {
  return createStack({
    name: 'demo',
    projectName: 'metallb-quickstart',
    program: quickstart,
    kubeconfig: site.kubeconfig,
    config: site.config,
    log,
    signal,
  });
}
