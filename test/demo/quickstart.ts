/** `examples/quickstart` where the demo plays. */
import { exampleStack } from '../support/example-stack.ts';
import type { PulumiStack } from '../support/pulumi-stack.ts';
import type { Task } from '../toolchain/progress.ts';
import type { Site } from './site.ts';

export function quickstartStack({ kubeconfig, config }: Site, { log, signal }: Task): Promise<PulumiStack> {
  return exampleStack('quickstart', { kubeconfig, config, log, signal });
}
