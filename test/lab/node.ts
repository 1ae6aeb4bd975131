/** A node: containerd, a kubelet and kube-proxy on a machine of the lab. */
import { existsSync } from 'node:fs';
import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { type Task } from '../toolchain/progress.ts';
import { readApi } from './api-request.ts';
import { type ApiAccess, renderKubeconfig, type User } from './credentials.ts';
import { PRIVATE_FOLDERS } from './folders.ts';
import { type Host, onHost } from './host.ts';
import {
  CONTAINERD_SOCKET,
  KUBELET_KERNEL_SETTINGS,
  type NodePaths,
  renderContainerd,
  renderKubelet,
  renderKubeProxy,
  renderPodNetwork,
  renderRegistryHost,
} from './node-config.ts';
import { type LabPlan, type NodePlan } from './plan.ts';
import { ServerProcess } from './processes.ts';

/** statfs(2) type of overlayfs, on which an overlay cannot lie. */
const OVERLAYFS = 0x794c7630;

/**
 * The shell commands that furnish a node's machine: private folders, and kernel settings that already are
 * what the kubelet wants, so that it leaves those of this machine alone.
 */
export const NODE_FURNITURE = [
  ...Object.entries(KUBELET_KERNEL_SETTINGS).map(
    ([name, value]) =>
      `mkdir -p "$0/sysctl/${dirname(name)}"; echo ${value} > "$0/sysctl/${name}"; ` +
      `mount --bind "$0/sysctl/${name}" "/proc/sys/${name}"`,
  ),
  ...PRIVATE_FOLDERS.map((path) => `mkdir -p "$0/root${path}"; mount --bind "$0/root${path}" ${path}`),
].join('\n');

export interface NodeSite {
  readonly plan: LabPlan;
  readonly node: NodePlan;
  readonly host: Host;
  /** `ip:port` of the lab's registry. */
  readonly registry: string;
  readonly pauseImage: string;
}

/** Starts the container runtime; resolves when it takes orders. */
export async function startContainerd(site: NodeSite, task: Task): Promise<void> {
  const { host, node, registry, pauseImage } = site;
  const paths = await nodePaths(site);
  const podNetwork = renderPodNetwork(node);
  await writeFiles({
    [join(host.folder, 'containerd.toml')]: renderContainerd(pauseImage, paths),
    [join(paths.registryHosts, registry, 'hosts.toml')]: renderRegistryHost(registry),
    [join(host.folder, 'root', podNetwork.path)]: podNetwork.text,
  });
  const server = startOn(host, ['containerd', '--config', join(host.folder, 'containerd.toml')]);
  const socket = join(host.folder, 'root', CONTAINERD_SOCKET);
  await server.ready(task, { probe: () => Promise.resolve(existsSync(socket)) });
}

/** Starts the kubelet and kube-proxy; resolves when the API server says the node is ready. */
export async function startNode(
  site: NodeSite,
  tools: Readonly<Record<'kubelet' | 'kube-proxy', string>>,
  users: { readonly kubelet: User; readonly kubeProxy: User },
  api: ApiAccess,
  task: Task,
): Promise<void> {
  const { host, node, plan } = site;
  const file = (name: string) => join(host.folder, name);
  const paths = await nodePaths(site);
  await writeFiles({
    [file('kubelet.json')]: renderKubelet(),
    [file('kubelet.kubeconfig')]: renderKubeconfig({ ...api, token: users.kubelet.token }),
    [file('kube-proxy.json')]: renderKubeProxy(plan, node, paths),
    [paths.proxyKubeconfig]: renderKubeconfig({ ...api, token: users.kubeProxy.token }),
  });
  const kubelet = startOn(host, [
    tools.kubelet,
    `--config=${file('kubelet.json')}`,
    `--kubeconfig=${file('kubelet.kubeconfig')}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.ip},${node.ip6}`,
  ]);
  startOn(host, [tools['kube-proxy'], `--config=${file('kube-proxy.json')}`]);
  await kubelet.ready(task, { probe: () => isNodeReady(api, node.name) });
}

const nodeSchema = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional() }),
});

async function isNodeReady(api: ApiAccess, name: string): Promise<boolean> {
  const { status, body } = await readApi(api, `/api/v1/nodes/${name}`);
  if (status !== 200) return false;
  const { conditions = [] } = nodeSchema.parse(JSON.parse(body)).status;
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

async function nodePaths({ host }: NodeSite): Promise<NodePaths> {
  const { type } = await statfs(host.folder);
  return {
    snapshotter: type === OVERLAYFS ? 'native' : 'overlayfs',
    registryHosts: join(host.folder, 'registry-hosts'),
    proxyKubeconfig: join(host.folder, 'kube-proxy.kubeconfig'),
  };
}

function startOn(host: Host, argv: readonly [string, ...string[]]): ServerProcess {
  const program = argv[0].slice(argv[0].lastIndexOf('/') + 1);
  return ServerProcess.start({
    name: `${host.name}: ${program}`,
    argv: onHost(host, argv),
    logFile: join(host.folder, 'logs', `${program}.log`),
    diesWithParent: false,
  });
}

async function writeFiles(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o600 });
  }
}
