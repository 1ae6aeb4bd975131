/**
 * Upstream MetalLB v0.16.1 for layer 2 as Kubernetes objects: permissions, settings, timings and probes are those
 * of its plain manifest. Left out is the webhook, which only refuses bad configuration. Names differ, so that it
 * can stand beside ours in one namespace.
 */
import type { KubeObject } from '@metallb-l2/sdk/kube';
import { COMPONENT_LABELS, DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';

export const UPSTREAM_SPEAKER = 'upstream-speaker';
export const UPSTREAM_CONTROLLER = 'upstream-controller';
export const MEMBERLIST_SECRET = 'memberlist';

/** Marks the nodes upstream's speakers run on, where they do not run on all. */
export const UPSTREAM_NODE_LABEL = 'metallb-l2.test/upstream';

const LABELS = {
  speaker: { ...COMPONENT_LABELS.speaker, of: 'upstream' },
  controller: { ...COMPONENT_LABELS.controller, of: 'upstream' },
};
const RBAC_API = 'rbac.authorization.k8s.io';
const READ = ['get', 'list', 'watch'];
const HEALTH_PORT = 17472;

const EXCLUDED_INTERFACES = [
  ...['^docker.*', '^cbr.*', '^dummy.*', '^virbr.*', '^lxcbr.*', '^veth.*', '^lo$', '^cali.*'],
  ...['^tunl.*', '^flannel.*', '^kube-ipvs.*', '^cni.*', '^nodelocaldns.*', '^lxc.*'],
];

type Role = keyof typeof LABELS;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** What both programs need but themselves: accounts, permissions and settings. */
export function upstreamSettings(): KubeObject[] {
  const namespaced: readonly Rule[] = [
    rule('', ['pods'], ['get', 'list']),
    rule('', ['secrets', 'configmaps'], READ),
    rule('metallb.io', ['*'], READ),
    rule('metallb.io', ['servicebgpstatuses', 'servicebgpstatuses/status'], ['*']),
  ];
  return [
    {
      ...object('v1', 'Namespace', DEFAULT_NAMESPACE),
      metadata: {
        name: DEFAULT_NAMESPACE,
        labels: { 'pod-security.kubernetes.io/enforce': 'privileged' },
      },
    },
    {
      ...object('v1', 'ConfigMap', 'upstream-excludel2', DEFAULT_NAMESPACE),
      data: { 'excludel2.yaml': JSON.stringify({ announcedInterfacesToExclude: EXCLUDED_INTERFACES }) },
    } as KubeObject,
    ...permissions(UPSTREAM_SPEAKER, namespaced, [
      rule(
        'metallb.io',
        ['servicel2statuses', 'configurationstates'].flatMap((kind) => [kind, `${kind}/status`]),
        ['*'],
      ),
      rule('', ['services', 'endpoints', 'nodes', 'namespaces'], READ),
      rule('discovery.k8s.io', ['endpointslices'], READ),
      rule('', ['events'], ['create', 'patch']),
    ]),
    ...permissions(
      UPSTREAM_CONTROLLER,
      [
        ...namespaced,
        rule('', ['secrets'], ['*']),
        rule('apps', ['deployments'], ['get'], [UPSTREAM_CONTROLLER]),
        rule('metallb.io', ['ipaddresspools/status'], ['update']),
      ],
      [
        rule('', ['services', 'namespaces'], READ),
        rule('', ['nodes'], ['list']),
        rule('', ['services/status'], ['update']),
        rule('', ['events'], ['create', 'patch']),
        rule('metallb.io', ['configurationstates', 'configurationstates/status'], ['*']),
      ],
    ),
  ];
}

export function upstreamController(image: string): KubeObject {
  const container = containerOf('controller', image, {
    args: ['--port=9120', '--log-level=info', '--webhook-mode=disabled'],
    env: [
      fromField('METALLB_POD_NAME', 'metadata.name'),
      { name: 'METALLB_ML_SECRET_NAME', value: MEMBERLIST_SECRET },
      { name: 'METALLB_DEPLOYMENT', value: UPSTREAM_CONTROLLER },
    ],
  });
  return workload('Deployment', UPSTREAM_CONTROLLER, 'controller', {
    securityContext: { runAsNonRoot: true, runAsUser: 65534, fsGroup: 65534 },
    serviceAccountName: UPSTREAM_CONTROLLER,
    terminationGracePeriodSeconds: 0,
    containers: [container],
  });
}

/** @param onSome whether only on the nodes labelled {@link UPSTREAM_NODE_LABEL} */
export function upstreamSpeaker(image: string, onSome: boolean): KubeObject {
  const container = containerOf('speaker', image, {
    args: ['--port=9120', '--log-level=info'],
    env: [
      fromField('METALLB_NODE_NAME', 'spec.nodeName'),
      fromField('METALLB_POD_NAME', 'metadata.name'),
      fromField('METALLB_HOST', 'status.hostIP'),
      fromField('METALLB_ML_BIND_ADDR', 'status.podIP'),
      { name: 'METALLB_ML_LABELS', value: 'app=metallb,component=speaker' },
      { name: 'METALLB_ML_SECRET_KEY_PATH', value: '/etc/ml_secret_key' },
    ],
    volumeMounts: [
      { name: 'memberlist', mountPath: '/etc/ml_secret_key', readOnly: true },
      { name: 'excludel2', mountPath: '/etc/metallb', readOnly: true },
    ],
  });
  return workload('DaemonSet', UPSTREAM_SPEAKER, 'speaker', {
    hostNetwork: true,
    serviceAccountName: UPSTREAM_SPEAKER,
    terminationGracePeriodSeconds: 2,
    nodeSelector: { 'kubernetes.io/os': 'linux', ...(onSome && { [UPSTREAM_NODE_LABEL]: 'true' }) },
    containers: [container],
    volumes: [
      { name: 'memberlist', secret: { secretName: MEMBERLIST_SECRET } },
      { name: 'excludel2', configMap: { name: 'upstream-excludel2' } },
    ],
  });
}

function containerOf(role: Role, image: string, more: object): object {
  const probe = (path: string) => ({
    httpGet: { path, port: HEALTH_PORT, ...(role === 'speaker' && { host: '127.0.0.1' }) },
    ...{ initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3 },
  });
  return {
    name: role,
    image,
    livenessProbe: probe('/healthz'),
    readinessProbe: probe('/readyz'),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], ...(role === 'speaker' && { add: ['NET_RAW'] }) },
    },
    ...more,
  };
}

function workload(kind: 'Deployment' | 'DaemonSet', name: string, role: Role, pod: object): KubeObject {
  const labels = LABELS[role];
  return {
    ...object('apps/v1', kind, name, DEFAULT_NAMESPACE),
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
  } as KubeObject;
}

/** An account with a role in the namespace and one in the cluster, all of one name. */
function permissions(name: string, namespaced: readonly Rule[], clusterWide: readonly Rule[]): KubeObject[] {
  const subjects = [{ kind: 'ServiceAccount', name, namespace: DEFAULT_NAMESPACE }];
  const roleRef = (kind: string) => ({ roleRef: { apiGroup: RBAC_API, kind, name }, subjects });
  const rbac = (kind: string, more: object, namespace?: string) => ({
    ...object(`${RBAC_API}/v1`, kind, name, namespace),
    ...more,
  });
  return [
    object('v1', 'ServiceAccount', name, DEFAULT_NAMESPACE),
    rbac('Role', { rules: namespaced }, DEFAULT_NAMESPACE),
    rbac('RoleBinding', roleRef('Role'), DEFAULT_NAMESPACE),
    rbac('ClusterRole', { rules: clusterWide }),
    rbac('ClusterRoleBinding', roleRef('ClusterRole')),
  ];
}

function rule(
  group: string,
  resources: readonly string[],
  verbs: readonly string[],
  names?: readonly string[],
): Rule {
  return { apiGroups: [group], resources, verbs, ...(names !== undefined && { resourceNames: names }) };
}

function object(apiVersion: string, kind: string, name: string, namespace?: string): KubeObject {
  return { apiVersion, kind, metadata: { name, ...(namespace !== undefined && { namespace }) } };
}

function fromField(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
