/** The two controllers as processes of this machine, each on an API server of its own. */
import { join } from 'node:path';
import { DEFAULT_NAMESPACE, ENV } from '@metallb-l2/sdk/settings';
import { findFreePort } from '../../lab/control-plane.ts';
import { ServerProcess } from '../../lab/processes.ts';
import type { Task } from '../../toolchain/progress.ts';
import { resolveTool } from '../../toolchain/resolve.ts';
import type { SubjectName } from '../benchmark.ts';

export interface ControllerSite {
  /** Takes the log. */
  readonly folder: string;
  readonly kubeconfigPath: string;
  /** A pod that is there, as the controller's own. */
  readonly pod: { readonly name: string; readonly uid: string };
}

type Argv = readonly [string, ...string[]];

/** Our controller, as it is in the image. */
const OURS: Argv = [
  process.execPath,
  new URL('../../../speaker/dist/image/main.mjs', import.meta.url).pathname,
  'controller',
];

/** Resolves when it says that it is ready. */
export async function startController(
  subject: SubjectName,
  { folder, kubeconfigPath, pod }: ControllerSite,
  task: Task,
): Promise<ServerProcess> {
  const [port, metricsPort] = [await findFreePort(), await findFreePort()];
  const variables = {
    KUBECONFIG: kubeconfigPath,
    [ENV.namespace]: DEFAULT_NAMESPACE,
    [ENV.podName]: pod.name,
    [ENV.podUid]: pod.uid,
    [ENV.httpPort]: String(port),
  };
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const argv =
    subject === 'ours'
      ? OURS
      : [
          await resolveTool('metallb-controller', task),
          ...['--log-level=info', '--webhook-mode=disabled'],
          ...[`--port=${metricsPort}`, `--health-probe-port=${port}`],
        ];
  const controller = ServerProcess.start({
    name: `${subject}: controller`,
    argv: ['env', ...settings, ...argv],
    logFile: join(folder, `${subject}.log`),
    diesWithParent: true,
  });
  try {
    const probe = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
    await controller.ready(task, { probe });
    return controller;
  } catch (error) {
    await controller.kill();
    throw error;
  }
}
