/** Brings up what a lab's plan says: machines, network, control plane, registry and nodes, side by side. */
import { writeFile } from 'node:fs/promises';
import { type Task } from '../toolchain/progress.ts';
import type { ClusterTool } from '../toolchain/tools.ts';
import { startControlPlaneServers } from './control-plane-servers.ts';
import { type ApiAccess, createNodeUser, createUser, renderKubeconfig, type User } from './credentials.ts';
import { hostFolder, kubeconfigPath } from './folders.ts';
import { type Host, onHost, startHost } from './host.ts';
import { ensureBaseImage, ensurePauseImage, PAUSE_IMAGE } from './images.ts';
import { connectHosts } from './network.ts';
import { NODE_FURNITURE, startContainerd, startNode } from './node.ts';
import { type LabPlan } from './plan.ts';
import { ServerProcess } from './processes.ts';
import { pushImage, registryAddress, startRegistry } from './registry.ts';

/** The machine that holds the bridge. */
export const LAN = 'lan';

const API_PORT = 6443;

export interface ClusterOptions {
  /** Paths of the executables. */
  readonly tools: Readonly<Record<ClusterTool, string>>;
  /** Whether to leave out all but the API server and the machines. */
  readonly bare: boolean;
  /** Whether it goes on when this process ends. */
  readonly detached: boolean;
}

/**
 * Resolves when every node is ready and the registry has the lab's images.
 *
 * @throws the first failure, after everything else that was under way has ended
 */
export async function startCluster(plan: LabPlan, options: ClusterOptions, task: Task): Promise<void> {
  const failed = new AbortController();
  const inner: Task = { log: task.log, signal: AbortSignal.any([task.signal, failed.signal]) };
  const hosts = await startHosts(plan, options, inner);
  const kubeProxy = createUser('system:kube-proxy');
  const kubelets = new Map(plan.nodes.map(({ name }) => [name, createNodeUser(name)]));
  const api = startApi(plan, hosts, options, [kubeProxy, ...kubelets.values()], inner);
  const nodes = (options.bare ? [] : plan.nodes).map(async (node) => {
    const registry = registryAddress(plan.controlPlane.ip);
    const site = {
      plan,
      node,
      host: pick(hosts, node.name),
      registry,
      pauseImage: `${registry}/${PAUSE_IMAGE}`,
    };
    await startContainerd(site, inner);
    const users = { kubelet: pick(kubelets, node.name), kubeProxy };
    await startNode(site, options.tools, users, await api, inner);
  });
  const parts = [api, ...(options.bare ? [] : [fillRegistry(plan, hosts, inner)]), ...nodes];
  try {
    await Promise.all(parts);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(parts);
    throw error;
  }
}

async function startHosts(
  plan: LabPlan,
  { detached }: ClusterOptions,
  task: Task,
): Promise<ReadonlyMap<string, Host>> {
  const start = (name: string, furnish = '') =>
    startHost({ name, folder: hostFolder(plan.name, name), furnish, diesWithParent: !detached }, task);
  const plans = [plan.controlPlane, ...plan.nodes, ...plan.clients];
  const [lan, ...hosts] = await Promise.all([
    start(LAN),
    ...plans.map(({ name, role }) => start(name, role === 'node' ? NODE_FURNITURE : '')),
  ]);
  const byName = new Map(hosts.map((host) => [host.name, host]));
  await connectHosts(plan, lan, byName);
  return byName;
}

async function startApi(
  plan: LabPlan,
  hosts: ReadonlyMap<string, Host>,
  { tools, bare }: ClusterOptions,
  users: readonly User[],
  task: Task,
): Promise<ApiAccess> {
  const host = pick(hosts, plan.controlPlane.name);
  const access = await startControlPlaneServers(
    {
      folder: host.folder,
      tools,
      address: plan.controlPlane.ip,
      port: API_PORT,
      serviceRanges: plan.serviceRanges,
      published: true,
      users,
      manager: !bare,
      scheduler: !bare,
      start: ({ argv, ...command }) =>
        ServerProcess.start({
          ...command,
          argv: onHost(host, ['env', `--chdir=${host.folder}`, ...argv]),
          diesWithParent: false,
        }),
    },
    task,
  );
  await writeFile(kubeconfigPath(plan.name), renderKubeconfig(access), { mode: 0o600 });
  return access;
}

async function fillRegistry(plan: LabPlan, hosts: ReadonlyMap<string, Host>, task: Task): Promise<void> {
  const { name: host, ip } = plan.controlPlane;
  const [base, pause] = await Promise.all([
    ensureBaseImage(task),
    ensurePauseImage(task),
    startRegistry(pick(hosts, host), ip, task),
  ]);
  // The pause image first: it is tiny, and every pod waits for it.
  for (const { name, layout } of [pause, base])
    await pushImage(layout, `${registryAddress(ip)}/${name}`, task);
}

function pick<T>(among: ReadonlyMap<string, T>, name: string): T {
  const found = among.get(name);
  if (found === undefined) throw new Error(`${name} is not part of the lab`);
  return found;
}
