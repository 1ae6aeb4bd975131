/**
 * A real Kubernetes cluster on one machine: a control plane, nodes with kubelet, containerd and kube-proxy,
 * an image registry and clients, each on a machine of its own made of namespaces, all on one bridge.
 *
 * Shutting down is killing the machines; whatever a killed run leaves is removed by the next one.
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from '../toolchain/file-lock.ts';
import { ensurePackages } from '../toolchain/packages.ts';
import { ownIdentity } from '../toolchain/process-identity.ts';
import { type Task, withProgress } from '../toolchain/progress.ts';
import { resolveTool, resolveTools } from '../toolchain/resolve.ts';
import { CLUSTER_TOOLS } from '../toolchain/tools.ts';
import { type ApiCall, readApiCalls } from './audit.ts';
import { removeAbandonedLabs, removeLab } from './cleanup.ts';
import { LAN, startCluster } from './cluster.ts';
import { AUDIT_LOG } from './control-plane-servers.ts';
import { hostFolder, kubeconfigPath, labFolder, labsLock } from './folders.ts';
import { type Host, onHost, openHost } from './host.ts';
import { baseImageName } from './images.ts';
import { readPluggedPorts, readRoutes, setPort } from './network.ts';
import { chooseNetwork, type LabPlan, type LabShape, NETWORK_COUNT, planLab } from './plan.ts';
import { registryAddress } from './registry.ts';
import { whyNoLab } from './requirements.ts';
import { run, type RunOptions, type RunResult } from './run.ts';
import { type LabState, listLabs, readLabState, writeLabState } from './state.ts';
import { type HostStatus, type LabStatus, readProcesses } from './status.ts';

export interface LabOptions extends Task {
  /** @default a name of its own */
  readonly name?: string;
  /** How many nodes; they are called `node1`, `node2` and so on. @default 3 */
  readonly nodes?: number;
  /** The names of hosts beside the cluster. @default ['client'] */
  readonly clients?: readonly string[];
  /** Nodes are machines on the network and no more, the control plane only an API server. @default false */
  readonly bare?: boolean;
  /** Whether it goes on when this process ends; else it ends with it, or with the signal. @default false */
  readonly detached?: boolean;
}

export interface Lab {
  readonly name: string;
  /** Access as a member of `system:masters`. */
  readonly kubeconfigPath: string;
  /** `host` is `ip:port`, plain HTTP, reachable from this machine and every host. */
  readonly registry: { readonly host: string; readonly baseImage: string };
  readonly nodes: readonly { readonly name: string; readonly ip: string; readonly ip6: string }[];
  readonly clients: readonly string[];
  /** A CIDR of the hosts' network in which no host has an address. */
  readonly addressPool: string;
  readonly addressPool6: string;
  /** Pulls the cable of a node: to all others it looks like one without power. */
  cutPower(node: string): Promise<void>;
  /** Puts the cable back. */
  restore(node: string): Promise<void>;
  /** Runs a command on a node or client. It is killed with this process, at the time limit and on abort. */
  exec(host: string, argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** The command that runs `argv` on a node or client, to be started by the caller; it ends when that does. */
  commandOn(host: string, argv: readonly string[]): [string, ...string[]];
  kubectl(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** What the programs in MetalLB's namespace have asked of the API server so far. */
  apiCalls(): Promise<ApiCall[]>;
  status(): Promise<LabStatus>;
  /** Removes the lab and everything it has. */
  down(): Promise<void>;
}

/**
 * Starts a lab; resolves when every node is ready. Aborting the signal removes it, later too unless it is
 * detached.
 *
 * @throws when the machine cannot run one, with the remedy; when the name is taken; when a server does not
 *   start, with the end of its log
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { log, signal, bare = false, detached = false } = options;
  const task = { log, signal };
  const obstacle = whyNoLab();
  if (obstacle !== undefined) throw new Error(obstacle);
  const shape = shapeOf(options);
  planLab({ ...shape, network: 0 });
  await ensurePackages(task);
  const tools = await resolveTools(CLUSTER_TOOLS, task);
  const state = await withFileLock(labsLock(), { signal }, () => claim(shape, task));
  const plan = planLab(state);
  try {
    await withProgress(log, `lab ${plan.name}: starting`, () =>
      startCluster(plan, { tools, bare, detached }, task),
    );
    if (detached) await writeLabState({ ...state, owner: null });
    const lab = await attach(plan, task);
    if (!detached) {
      const onAbort = () =>
        void lab.down().catch((error: unknown) => log(`lab ${plan.name}: ${String(error)}`));
      signal.addEventListener('abort', onAbort, { once: true });
      signal.throwIfAborted();
    }
    return lab;
  } catch (error) {
    await removeLab(plan.name, task);
    throw error;
  }
}

/** The lab of this name, which another process started. @throws naming those that run when there is none */
export async function openLab(name: string, task: Task): Promise<Lab> {
  const state = await readLabState(name);
  if (state === undefined) {
    const others = await listLabs();
    const known = others.length === 0 ? 'none runs' : `there is: ${others.join(', ')}`;
    throw new Error(`no lab is called "${name}"; ${known}`);
  }
  return attach(planLab(state), task);
}

function shapeOf({ name, nodes = 3, clients = ['client'] }: LabOptions): Omit<LabShape, 'network'> {
  return { name: name ?? `lab-${randomBytes(3).toString('hex')}`, nodes, clients };
}

/** Chooses a network and writes the lab down, so that others choose differently. Call under the labs' lock. */
async function claim({ name, nodes, clients }: Omit<LabShape, 'network'>, task: Task): Promise<LabState> {
  await removeAbandonedLabs(task);
  const others = await listLabs();
  if (others.includes(name)) {
    throw new Error(
      `a lab called "${name}" runs already: remove it with \`npm run lab -- down --name ${name}\``,
    );
  }
  const states = await Promise.all(others.map(readLabState));
  const taken = new Set(states.flatMap((state) => state?.network ?? []));
  const network = chooseNetwork(process.pid % NETWORK_COUNT, taken, await readRoutes());
  const state: LabState = { version: 1, name, network, nodes, clients: [...clients], owner: ownIdentity() };
  await mkdir(labFolder(name), { recursive: true });
  await writeLabState(state);
  return state;
}

async function attach(plan: LabPlan, task: Task): Promise<Lab> {
  const { name } = plan;
  const plans = [plan.controlPlane, ...plan.nodes, ...plan.clients];
  const open = (host: string) => openHost(host, hostFolder(name, host));
  const lan = await open(LAN);
  const hosts = new Map<string, Host>();
  for (const host of plans) hosts.set(host.name, await open(host.name));
  const requireHost = (host: string, among: readonly { readonly name: string }[]): Host => {
    const found = among.some((candidate) => candidate.name === host) ? hosts.get(host) : undefined;
    if (found !== undefined) return found;
    throw new Error(`"${host}" is none of ${among.map((candidate) => candidate.name).join(', ')}`);
  };
  const kubeconfig = kubeconfigPath(name);
  const registry = registryAddress(plan.controlPlane.ip);
  let removed: Promise<void> | undefined;

  return {
    name,
    kubeconfigPath: kubeconfig,
    registry: { host: registry, baseImage: `${registry}/${await baseImageName()}` },
    nodes: plan.nodes.map(({ name: node, ip, ip6 }) => ({ name: node, ip, ip6 })),
    clients: plan.clients.map((client) => client.name),
    addressPool: plan.addressPool,
    addressPool6: plan.addressPool6,
    cutPower: async (node) => setPort(lan, requireHost(node, plan.nodes).name, 'down'),
    restore: async (node) => setPort(lan, requireHost(node, plan.nodes).name, 'up'),
    exec: async (host, argv, options) => run(onHost(requireHost(host, plans), argv), options),
    commandOn: (host, argv) => onHost(requireHost(host, plans), argv),
    kubectl: async (args, options) =>
      run([await resolveTool('kubectl', task), `--kubeconfig=${kubeconfig}`, ...args], options),
    apiCalls: () => readApiCalls(join(hostFolder(name, plan.controlPlane.name), AUDIT_LOG)),
    status: async () => {
      const plugged = await readPluggedPorts(lan);
      const processes = readProcesses([...hosts.values()]);
      return {
        name,
        registry,
        addressPool: plan.addressPool,
        kubeconfigPath: kubeconfig,
        hosts: plans.map((host): HostStatus => ({
          ...{ name: host.name, role: host.role, ip: host.ip, ip6: host.ip6 },
          plugged: plugged.has(host.name),
          processes: processes.get(host.name) ?? [],
        })),
      };
    },
    down: () => (removed ??= removeLab(name, task)),
  };
}
