/** kubectl against a lab, where a failing exit code is an error. */
import type { KubeObject } from '@metallb-l2/sdk/kube';
import type { Lab } from './lab.ts';
import type { RunOptions } from './run.ts';

/** Runs kubectl and gives its standard output. @throws with what it said when it fails */
export async function kubectl(lab: Lab, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await lab.kubectl(args, options);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed (exit code ${code}): ${stderr.trim()}`);
  return stdout;
}

/** Makes the cluster's objects what these say; fields set by others stay. */
export async function applyObjects(
  lab: Lab,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  const options = ['--server-side', '--force-conflicts', '--field-manager=metallb-l2-lab'];
  await kubectl(lab, ['apply', ...options, '-f', '-'], { input: JSON.stringify(list), signal });
}
