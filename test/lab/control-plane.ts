/**
 * A real API server for tests that need no nodes: etcd, kube-apiserver and kube-controller-manager (for the
 * garbage collector) on the loopback interface. Needs no root; dies with the process that started it.
 */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cacheFolder } from '../toolchain/cache.ts';
import { type Task } from '../toolchain/progress.ts';
import { resolveTools } from '../toolchain/resolve.ts';
import { readApi } from './api-request.ts';
import { type ApiCall, readApiCalls } from './audit.ts';
import { AUDIT_LOG, startControlPlaneServers } from './control-plane-servers.ts';
import { renderKubeconfig, type User } from './credentials.ts';
import { createOwnedFolder } from '../toolchain/owned-folder.ts';
import { type ServerCommand, ServerProcess } from './processes.ts';

export interface ControlPlaneOptions {
  /** The ranges of cluster IPs, one for each family. @default one of IPv4 */
  readonly serviceRanges?: readonly string[];
  /** Whether kube-controller-manager runs. @default true */
  readonly manager?: boolean;
  /** Users beside the administrator. */
  readonly users?: readonly User[];
}

export interface ControlPlane {
  /** The content of a kubeconfig file for a member of `system:masters`. */
  readonly kubeconfig: string;
  readonly kubeconfigPath: string;
  /** Kills the API server and starts it again, on the same data; resolves when it is ready. */
  restartApiServer(): Promise<void>;
  /** Writes a kubeconfig file for one of its users and gives the path. */
  kubeconfigFor(user: User): Promise<string>;
  /** What the programs in MetalLB's namespace have asked of the API server so far. */
  apiCalls(): Promise<ApiCall[]>;
  /** Ends the servers and removes what they wrote. */
  stop(): Promise<void>;
}

/**
 * Starts a control plane of its own; takes about three seconds once the tools are built.
 *
 * @throws with the end of the log when a server does not start
 */
export async function startControlPlane(
  task: Task,
  { serviceRanges = ['10.96.0.0/16'], manager = true, users = [] }: ControlPlaneOptions = {},
): Promise<ControlPlane> {
  const tools = await resolveTools(['etcd', 'kube-apiserver', 'kube-controller-manager'], task);
  const folder = await createOwnedFolder(join(cacheFolder(process.env), 'control-planes'));
  const processes = new Map<string, { process: ServerProcess; restart: () => ServerProcess }>();
  const start = (command: ServerCommand): ServerProcess => {
    const process = ServerProcess.start(command);
    processes.set(command.name, { process, restart: () => start(command) });
    return process;
  };
  const stop = async () => {
    await Promise.all([...processes.values()].map(({ process }) => process.kill()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const access = await startControlPlaneServers(
      {
        folder,
        tools,
        address: '127.0.0.1',
        port: await findFreePort(),
        serviceRanges,
        published: false,
        users,
        manager,
        scheduler: false,
        start: (command) => start({ ...command, diesWithParent: true }),
      },
      task,
    );
    const write = async (name: string, token: string) => {
      const path = join(folder, name);
      await writeFile(path, renderKubeconfig({ ...access, token }), { mode: 0o600 });
      return path;
    };
    return {
      kubeconfig: renderKubeconfig(access),
      kubeconfigPath: await write('kubeconfig', access.token),
      kubeconfigFor: ({ name, token }) => write(`${name.replaceAll(':', '-')}.kubeconfig`, token),
      // There from the first call on that it tells of.
      apiCalls: async () =>
        existsSync(join(folder, AUDIT_LOG)) ? readApiCalls(join(folder, AUDIT_LOG)) : [],
      restartApiServer: async () => {
        const server = processes.get('kube-apiserver');
        if (server === undefined) throw new Error('there is no API server');
        await server.process.kill();
        const probe = async () => (await readApi(access, '/readyz')).status === 200;
        await server.restart().ready(task, { probe });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A TCP port of the loopback interface that nobody listens on at this moment. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : undefined,
      );
    });
  });
}
