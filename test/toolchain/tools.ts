/**
 * The programs the tests and the lab run, as data: where each is pinned, how it is built and how to bring
 * one's own. The versions here name the cache entries; the `go.mod` beside each decides what is built.
 */

export interface Tool {
  readonly version: string;
  /** The folder beside this file whose `go.mod` pins the tool. */
  readonly module: string;
  /** What `go build` builds. */
  readonly package: string;
  /** The module whose version counts, for a program whose source stands beside its `go.mod`. */
  readonly library?: string;
  readonly ldflags: string;
  /** Names an executable to use in place of the built one. */
  readonly env: string;
  /** How long a first build takes on two cores, in order of this list: later ones reuse earlier packages. */
  readonly buildSeconds: number;
}

const KUBERNETES = {
  version: 'v1.35.4',
  module: 'kubernetes',
  // A program built without these presents itself as v0.0.0, which clients refuse.
  ldflags: [
    '-s -w',
    '-X k8s.io/component-base/version.gitVersion=v1.35.4',
    '-X k8s.io/component-base/version.gitMajor=1',
    '-X k8s.io/component-base/version.gitMinor=35',
  ].join(' '),
} as const;

const METALLB = { version: 'v0.16.1', module: 'metallb', ldflags: '-s -w' } as const;

/** Every tool by the name of its executable. */
export const TOOLS = {
  etcd: {
    version: 'v3.6.6',
    module: 'etcd',
    package: 'go.etcd.io/etcd/server/v3',
    ldflags: '-s -w',
    env: 'METALLB_L2_ETCD',
    buildSeconds: 25,
  },
  'kube-apiserver': {
    ...KUBERNETES,
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    env: 'METALLB_L2_KUBE_APISERVER',
    buildSeconds: 190,
  },
  'kube-controller-manager': {
    ...KUBERNETES,
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    env: 'METALLB_L2_KUBE_CONTROLLER_MANAGER',
    buildSeconds: 50,
  },
  'kube-scheduler': {
    ...KUBERNETES,
    package: 'k8s.io/kubernetes/cmd/kube-scheduler',
    env: 'METALLB_L2_KUBE_SCHEDULER',
    buildSeconds: 10,
  },
  kubelet: {
    ...KUBERNETES,
    package: 'k8s.io/kubernetes/cmd/kubelet',
    env: 'METALLB_L2_KUBELET',
    buildSeconds: 40,
  },
  'kube-proxy': {
    ...KUBERNETES,
    package: 'k8s.io/kubernetes/cmd/kube-proxy',
    env: 'METALLB_L2_KUBE_PROXY',
    buildSeconds: 10,
  },
  kubectl: {
    ...KUBERNETES,
    package: 'k8s.io/kubernetes/cmd/kubectl',
    env: 'METALLB_L2_KUBECTL',
    buildSeconds: 15,
  },
  helm: {
    version: 'v4.1.4',
    module: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    ldflags: '-s -w -X helm.sh/helm/v4/internal/version.version=v4.1.4',
    env: 'METALLB_L2_HELM',
    buildSeconds: 20,
  },
  pulumi: {
    version: 'v3.259.0',
    module: 'pulumi',
    package: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
    // The Automation API refuses an engine without a version.
    ldflags: '-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.259.0',
    env: 'METALLB_L2_PULUMI',
    buildSeconds: 175,
  },
  'pulumi-language-yaml': {
    version: 'v1.25.0',
    module: 'pulumi-yaml',
    package: 'github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml',
    ldflags: '-s -w -X github.com/pulumi/pulumi-yaml/pkg/version.Version=v1.25.0',
    env: 'METALLB_L2_PULUMI_LANGUAGE_YAML',
    buildSeconds: 70,
  },
  'pulumi-languages': {
    version: 'v3.259.0',
    module: 'pulumi-languages',
    package: 'github.com/metallb-l2/toolchain/pulumi-languages',
    library: 'github.com/pulumi/pulumi/pkg/v3',
    ldflags: '-s -w',
    env: 'METALLB_L2_PULUMI_LANGUAGES',
    buildSeconds: 20,
  },
  'memberlist-peer': {
    version: 'v0.5.1',
    module: 'memberlist',
    package: 'github.com/metallb-l2/toolchain/memberlist',
    library: 'github.com/hashicorp/memberlist',
    ldflags: '-s -w',
    env: 'METALLB_L2_MEMBERLIST_PEER',
    buildSeconds: 15,
  },
  'lan-probe': {
    version: 'v1',
    module: 'lan-probe',
    package: 'github.com/metallb-l2/toolchain/lan-probe',
    ldflags: '-s -w',
    env: 'METALLB_L2_LAN_PROBE',
    buildSeconds: 5,
  },
  'metallb-controller': {
    ...METALLB,
    package: 'go.universe.tf/metallb/controller',
    env: 'METALLB_L2_METALLB_CONTROLLER',
    buildSeconds: 60,
  },
  'metallb-speaker': {
    ...METALLB,
    package: 'go.universe.tf/metallb/speaker',
    env: 'METALLB_L2_METALLB_SPEAKER',
    buildSeconds: 5,
  },
  'metallb-config': {
    version: METALLB.version,
    module: 'metallb-config',
    package: 'go.universe.tf/metallb/l2config',
    library: 'go.universe.tf/metallb',
    ldflags: '-s -w',
    env: 'METALLB_L2_METALLB_CONFIG',
    buildSeconds: 20,
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;

/** What a cluster is made of. */
export const CLUSTER_TOOLS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
] as const satisfies readonly ToolName[];
export type ClusterTool = (typeof CLUSTER_TOOLS)[number];
