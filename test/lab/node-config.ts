/** The configuration of the programs on a node, as text. JSON stands in for YAML, which it is. */
import { type LabPlan, type NodePlan } from './plan.ts';

/** Where the programs of a node find their things, as the node itself sees them. */
export interface NodePaths {
  readonly snapshotter: 'overlayfs' | 'native';
  readonly registryHosts: string;
  readonly proxyKubeconfig: string;
}

export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
const CNI_FOLDER = '/var/lib/cni/net.d';

/** Holds one folder for each container that runs, below the private folders of a node. */
export const TASKS_FOLDER = 'root/run/containerd/io.containerd.runtime.v2.task/k8s.io';

/** Kernel settings a kubelet wants; it writes those that differ, and they are the whole machine's. */
export const KUBELET_KERNEL_SETTINGS = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1000000,
  'kernel/keys/root_maxbytes': 25000000,
} as const;

/** containerd's own configuration (version 2, which later versions read too). */
export function renderContainerd(pauseImage: string, { snapshotter, registryHosts }: NodePaths): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
disable_apparmor = true
# Without CAP_SYS_RESOURCE runc may not lower the score and fails.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "${snapshotter}"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${CNI_FOLDER}"
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "${registryHosts}"
`;
}

/** Tells containerd that a registry speaks plain HTTP. */
export function renderRegistryHost(registry: string): string {
  return `server = "http://${registry}"\n[host."http://${registry}"]\ncapabilities = ["pull", "resolve"]\n`;
}

/** The pod network: a cable from every pod to its node, which routes; nothing is bridged or translated. */
export function renderPodNetwork({ podRange, podRange6 }: NodePlan): { path: string; text: string } {
  const text = json({
    cniVersion: '0.4.0',
    name: 'lab',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: '/var/lib/cni/networks',
          ranges: [[{ subnet: podRange }], [{ subnet: podRange6 }]],
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
        },
      },
    ],
  });
  return { path: `${CNI_FOLDER}/10-lab.conflist`, text };
}

/** A kubelet for a node that shares its kernel and disk with others. */
export function renderKubelet(): string {
  return json({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    // The disk belongs to the machine: its filling up is no reason to evict pods or remove images.
    evictionHard: { 'memory.available': '50Mi' },
    imageGCHighThresholdPercent: 100,
    // The machine's may point into a folder that nodes do not see.
    resolvConf: '',
    makeIPTablesUtilChains: false,
    oomScoreAdj: 0,
    serializeImagePulls: false,
    registryPullQPS: 0,
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    // Nobody but the lab's hosts reaches a kubelet, and the API server has no client certificate.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    // With the control plane's grace period: a dead node is noticed within about 14 s.
    nodeStatusUpdateFrequency: '2s',
    nodeLeaseDurationSeconds: 8,
    // The lease is renewed; a status that has not changed is written as rarely as in any cluster. By default this
    // follows the frequency above, and everybody who watches nodes would hear of each of them every two seconds.
    nodeStatusReportFrequency: '5m',
  });
}

/** A kube-proxy in nftables mode. */
export function renderKubeProxy(plan: LabPlan, node: NodePlan, { proxyKubeconfig }: NodePaths): string {
  return json({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig: proxyKubeconfig },
    hostnameOverride: node.name,
    clusterCIDR: plan.podRanges.join(','),
    oomScoreAdj: 0,
    // The connection table's size is the whole machine's, and not to be changed from a namespace.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
