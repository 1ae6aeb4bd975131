/**
 * Every argument of the component, changed: what the cluster is then given, and what a preview of the change
 * must show. One table for the unit tests, which change one at a time and see the inputs, and for the real
 * engine, which sees the steps.
 */
import type { MetalLBLayer2Args } from '../../component/src/index.js';

export interface ArgumentCase {
  /** As the schema has it: `pools[].addresses`; it is the first pool that is changed. */
  path: string;
  value: unknown;
  /** The resource that shows it, `Kind name`, and what of its inputs is then so, and was not before. */
  shown: readonly [resource: string, inputs: object] | 'by what is there';
  /** Steps of a preview, `operation Kind name`. @default an update of the resource that shows it */
  steps?: readonly string[];
  /** What must change with it, since together they would be refused. */
  also?: Readonly<Record<string, unknown>>;
}

const RACK = { matchLabels: { rack: 'a' } };
const OTHER_RACK = { matchExpressions: [{ key: 'rack', operator: 'In', values: ['b', 'c'] }] };
const pods = {
  nodeSelector: { 'example.com/role': 'lan' },
  resources: { requests: { cpu: '50m', memory: '100Mi' }, limits: { memory: '1Gi' } },
  env: { NODE_OPTIONS: '--max-old-space-size=256' },
  tolerations: [
    { key: 'dedicated', operator: 'Equal', value: 'lan', effect: 'NoExecute', tolerationSeconds: 60 },
  ],
};

/** An installation for which every argument is given. */
export const EVERY_ARGUMENT: MetalLBLayer2Args = {
  namespace: 'lb',
  createNamespace: true,
  namespaceLabels: { team: 'network' },
  namespaceAnnotations: { 'example.com/owner': 'network' },
  labels: { 'example.com/part-of': 'edge' },
  crds: 'install',
  image: { reference: 'registry.example.com/metallb-l2:1' },
  imagePullSecrets: ['registry'],
  pools: [
    {
      name: 'production',
      addresses: ['192.168.10.0/24'],
      autoAssign: true,
      avoidBuggyIPs: false,
      serviceAllocation: {
        priority: 1,
        namespaces: ['shop'],
        namespaceSelectors: [RACK],
        serviceSelectors: [RACK],
      },
      adopt: false,
    },
    { name: 'lab', addresses: ['fd00::1-fd00::ff'] },
  ],
  advertisements: [
    {
      name: 'rack-a',
      pools: ['production'],
      poolSelectors: [RACK],
      interfaces: ['eth0'],
      nodeSelectors: [RACK],
      preferredNodes: [{ weight: 10, preference: RACK }],
      serviceSelectors: [RACK],
      adopt: false,
    },
  ],
  loadBalancerClass: 'example.com/l2',
  logLevel: 'info',
  admissionPolicy: true,
  speaker: {
    ...pods,
    priorityClassName: 'system-node-critical',
    excludeInterfaces: ['^wlan'],
    includeInterfaces: ['^eth'],
    gossipProfile: 'fast',
    gratuitousIntervalSeconds: 120,
    gratuitousFramesPerSecond: 4000,
  },
  controller: { ...pods, priorityClassName: 'system-cluster-critical', replicas: 2 },
  metrics: {
    podMonitor: true,
    interval: '30s',
    alerts: true,
    selectorLabels: { release: 'prometheus' },
    dashboard: true,
    dashboardLabels: { grafana_dashboard: '1' },
  },
  networkPolicy: { apiServerPorts: [443] },
};

const NAMESPACE = 'Namespace metallb-namespace';
const POOL = 'IPAddressPool metallb-pool-production';
const ADVERTISEMENT = 'L2Advertisement metallb-advertisement-rack-a';
const SPEAKER = 'DaemonSet metallb-speaker';
const CONTROLLER = 'Deployment metallb-controller';
const MONITOR = 'PodMonitor metallb-monitor';
const CRDS = ['configurationstates', 'ipaddresspools', 'l2advertisements', 'servicel2statuses'].map(
  (name) => `CustomResourceDefinitionPatch metallb-crd-${name}`,
);

const pod = (spec: object) => ({ spec: { template: { spec } } });
/** A container whose variable `name` is `value`. */
const variable = (name: string, value: string) =>
  pod({ containers: [{ env: expect.arrayContaining([{ name, value }]) as unknown }] });
const container = (fields: object) => pod({ containers: [fields] });

/** What is said of the pods of both programs alike. */
function podCases(path: 'speaker' | 'controller', resource: string): ArgumentCase[] {
  const toleration = (field: string, value: unknown, also = {}): ArgumentCase => ({
    path: `${path}.tolerations[].${field}`,
    value,
    shown: [resource, pod({ tolerations: [{ [field]: value }] })],
    also,
  });
  return [
    {
      path: `${path}.nodeSelector`,
      value: { zone: 'b' },
      shown: [resource, pod({ nodeSelector: { 'kubernetes.io/os': 'linux', zone: 'b' } })],
    },
    {
      path: `${path}.resources.requests`,
      value: { cpu: '1' },
      shown: [resource, container({ resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } } })],
    },
    {
      path: `${path}.resources.limits`,
      value: { memory: '2Gi' },
      shown: [resource, container({ resources: { limits: { memory: '2Gi' } } })],
    },
    {
      path: `${path}.env`,
      value: { TZ: 'UTC' },
      shown: [resource, variable('TZ', 'UTC')],
    },
    toleration('key', 'node-role'),
    toleration('operator', 'Exists', { [`${path}.tolerations[].value`]: undefined }),
    toleration('value', 'wan'),
    toleration('effect', 'NoSchedule', { [`${path}.tolerations[].tolerationSeconds`]: undefined }),
    toleration('tolerationSeconds', 5),
    {
      path: `${path}.priorityClassName`,
      value: 'mine',
      shown: [resource, pod({ priorityClassName: 'mine' })],
    },
  ];
}

/** A new ConfigMap first, and the old one last, so that no pod is ever without. */
const REPLACED = (configMap: string, ...others: string[]) => [
  `create-replacement ${configMap}`,
  `replace ${configMap}`,
  ...others,
  `delete-replaced ${configMap}`,
];

const ofPool = (field: string, value: unknown, spec: object): ArgumentCase => ({
  path: `pools[].${field}`,
  value,
  shown: [POOL, { spec }],
});
const ofAdvertisement = (field: string, value: unknown, spec: object): ArgumentCase => ({
  path: `advertisements[].${field}`,
  value,
  shown: [ADVERTISEMENT, { spec }],
});
const ADOPTED = { metadata: { annotations: { 'pulumi.com/patchForce': 'true' } } };

/** {@link EVERY_ARGUMENT}, each argument changed by itself. How an image is built is not seen in resources. */
export const ARGUMENT_CASES: readonly ArgumentCase[] = [
  {
    path: 'createNamespace',
    value: false,
    shown: 'by what is there',
    steps: [`delete ${NAMESPACE}`],
    also: { namespaceLabels: undefined, namespaceAnnotations: undefined },
  },
  {
    path: 'namespaceLabels',
    value: { team: 'edge' },
    shown: [NAMESPACE, { metadata: { labels: { team: 'edge' } } }],
  },
  {
    path: 'namespaceAnnotations',
    value: { 'example.com/owner': 'edge' },
    shown: [NAMESPACE, { metadata: { annotations: { 'example.com/owner': 'edge' } } }],
  },
  { path: 'crds', value: 'skip', shown: 'by what is there', steps: CRDS.map((crd) => `delete ${crd}`) },
  {
    path: 'image.reference',
    value: 'registry.example.com/metallb-l2:2',
    shown: [SPEAKER, container({ image: 'registry.example.com/metallb-l2:2' })],
    steps: [`update ${CONTROLLER}`, `update ${SPEAKER}`],
  },
  {
    path: 'imagePullSecrets',
    value: ['registry', 'mirror'],
    shown: [CONTROLLER, pod({ imagePullSecrets: [{ name: 'registry' }, { name: 'mirror' }] })],
    steps: [`update ${CONTROLLER}`, `update ${SPEAKER}`],
  },
  {
    path: 'pools[].name',
    value: 'office',
    shown: ['IPAddressPool metallb-pool-office', { metadata: { name: 'office' } }],
    steps: ['create IPAddressPool metallb-pool-office', `update ${ADVERTISEMENT}`, `delete ${POOL}`],
    also: { 'advertisements[].pools': ['office'] },
  },
  ofPool('addresses', ['192.168.10.0/25'], { addresses: ['192.168.10.0/25'] }),
  ofPool('autoAssign', false, { autoAssign: false }),
  ofPool('avoidBuggyIPs', true, { avoidBuggyIPs: true }),
  ofPool('serviceAllocation.priority', 9, { serviceAllocation: { priority: 9 } }),
  ofPool('serviceAllocation.namespaces', ['till'], { serviceAllocation: { namespaces: ['till'] } }),
  ofPool('serviceAllocation.namespaceSelectors', [OTHER_RACK], {
    serviceAllocation: { namespaceSelectors: [OTHER_RACK] },
  }),
  ofPool('serviceAllocation.serviceSelectors', [OTHER_RACK], {
    serviceAllocation: { serviceSelectors: [OTHER_RACK] },
  }),
  { path: 'pools[].adopt', value: true, shown: [POOL, ADOPTED] },
  {
    path: 'advertisements[].name',
    value: 'rack-b',
    shown: ['L2Advertisement metallb-advertisement-rack-b', { metadata: { name: 'rack-b' } }],
    steps: ['create L2Advertisement metallb-advertisement-rack-b', `delete ${ADVERTISEMENT}`],
  },
  ofAdvertisement('pools', ['lab'], { ipAddressPools: ['lab'] }),
  ofAdvertisement('poolSelectors', [OTHER_RACK], { ipAddressPoolSelectors: [OTHER_RACK] }),
  ofAdvertisement('interfaces', ['bond0'], { interfaces: ['bond0'] }),
  ofAdvertisement('nodeSelectors', [OTHER_RACK], { nodeSelectors: [OTHER_RACK] }),
  ofAdvertisement('preferredNodes[].weight', 20, { preferredNodeSelectors: [{ weight: 20 }] }),
  ofAdvertisement('preferredNodes[].preference', OTHER_RACK, {
    preferredNodeSelectors: [{ preference: OTHER_RACK }],
  }),
  ofAdvertisement('serviceSelectors', [OTHER_RACK], { serviceSelectors: [OTHER_RACK] }),
  { path: 'advertisements[].adopt', value: true, shown: [ADVERTISEMENT, ADOPTED] },
  {
    path: 'loadBalancerClass',
    value: 'example.com/lan',
    shown: [SPEAKER, variable('METALLB_LB_CLASS', 'example.com/lan')],
    steps: [`update ${CONTROLLER}`, `update ${SPEAKER}`],
  },
  {
    path: 'logLevel',
    value: 'debug',
    shown: [SPEAKER, variable('METALLB_LOG_LEVEL', 'debug')],
    steps: [`update ${CONTROLLER}`, `update ${SPEAKER}`],
  },
  {
    path: 'admissionPolicy',
    value: false,
    shown: 'by what is there',
    steps: [
      'delete ValidatingAdmissionPolicy metallb-speaker-node',
      'delete ValidatingAdmissionPolicyBinding metallb-speaker-node',
    ],
  },
  ...podCases('speaker', SPEAKER),
  {
    path: 'speaker.excludeInterfaces',
    value: ['^wlan', '^usb'],
    shown: ['ConfigMap metallb-interfaces', interfaceFile('"^lo$"', '"^wlan"', '"^usb"')],
    steps: REPLACED('ConfigMap metallb-interfaces', `update ${SPEAKER}`),
  },
  {
    path: 'speaker.includeInterfaces',
    value: ['^bond'],
    shown: ['ConfigMap metallb-interfaces', interfaceFile('"announcedInterfacesToInclude"', '"^bond"')],
    steps: REPLACED('ConfigMap metallb-interfaces', `update ${SPEAKER}`),
  },
  { path: 'speaker.gossipProfile', value: 'wan', shown: [SPEAKER, variable('METALLB_ML_PROFILE', 'wan')] },
  {
    path: 'speaker.gratuitousIntervalSeconds',
    value: 0,
    shown: [SPEAKER, variable('METALLB_GRATUITOUS_INTERVAL_SECONDS', '0')],
  },
  {
    path: 'speaker.gratuitousFramesPerSecond',
    value: 100,
    shown: [SPEAKER, variable('METALLB_GRATUITOUS_FRAMES_PER_SECOND', '100')],
  },
  ...podCases('controller', CONTROLLER),
  { path: 'controller.replicas', value: 3, shown: [CONTROLLER, { spec: { replicas: 3 } }] },
  {
    path: 'metrics.podMonitor',
    value: false,
    shown: 'by what is there',
    steps: [`delete ${MONITOR}`],
    also: { 'metrics.interval': undefined },
  },
  {
    path: 'metrics.serviceMonitor',
    value: true,
    shown: ['ServiceMonitor metallb-speaker-monitor', { spec: { endpoints: [{ interval: '30s' }] } }],
    steps: [
      'create Service metallb-controller-monitor',
      'create Service metallb-speaker-monitor',
      'create ServiceMonitor metallb-controller-monitor',
      'create ServiceMonitor metallb-speaker-monitor',
      `delete ${MONITOR}`,
    ],
    also: { 'metrics.podMonitor': false },
  },
  {
    path: 'metrics.interval',
    value: '1m',
    shown: [MONITOR, { spec: { podMetricsEndpoints: [{ port: 'monitoring', interval: '1m' }] } }],
  },
  {
    path: 'metrics.alerts',
    value: false,
    shown: 'by what is there',
    steps: ['delete PrometheusRule metallb-alerts'],
  },
  {
    path: 'metrics.selectorLabels',
    value: { prometheus: 'main' },
    shown: [
      'PrometheusRule metallb-alerts',
      { metadata: { labels: { prometheus: 'main', 'example.com/part-of': 'edge' } } },
    ],
    steps: ['update PrometheusRule metallb-alerts', `update ${MONITOR}`],
  },
  {
    path: 'metrics.dashboard',
    value: false,
    shown: 'by what is there',
    steps: ['delete ConfigMap metallb-dashboard'],
    also: { 'metrics.dashboardLabels': undefined },
  },
  {
    path: 'metrics.dashboardLabels',
    value: { dashboards: 'yes' },
    shown: ['ConfigMap metallb-dashboard', { metadata: { labels: { dashboards: 'yes' } } }],
  },
  {
    path: 'networkPolicy.apiServerPorts',
    value: [8443],
    shown: [
      'NetworkPolicy metallb-controller',
      { spec: { egress: [{ ports: [{ port: 8443, protocol: 'TCP' }] }] } },
    ],
  },
];

function interfaceFile(...parts: string[]): object {
  const inOrder = parts.map((part) => part.replaceAll(/[\^$]/g, '\\$&')).join('[^]*');
  return { data: { 'excludel2.yaml': expect.stringMatching(new RegExp(inOrder)) as unknown } };
}

/** What a preview of `each` must show. */
export function stepsOf({ shown, steps }: ArgumentCase): readonly string[] {
  return steps ?? (shown === 'by what is there' ? [] : [`update ${shown[0]}`]);
}

/** {@link EVERY_ARGUMENT} with the arguments of `cases`, and what must change with them. */
export function changed(...cases: readonly ArgumentCase[]): MetalLBLayer2Args {
  // structuredClone makes arrays of another realm, which Pulumi does not take for arrays.
  const args = JSON.parse(JSON.stringify(EVERY_ARGUMENT)) as MetalLBLayer2Args;
  for (const each of cases) for (const [at, what] of settingsOf(each)) setAt(args, at, what);
  return args;
}

/**
 * The cases in as few groups as there can be in which none gets in the way of another: no field is set twice,
 * no resource has two things done to it, and the arguments are not refused.
 */
export function independentGroups(isRefused: (args: MetalLBLayer2Args) => boolean): ArgumentCase[][] {
  const groups: ArgumentCase[][] = [];
  for (const each of ARGUMENT_CASES) {
    const group = groups.find(
      (others) => others.every((other) => areApart(other, each)) && !isRefused(changed(...others, each)),
    );
    if (group === undefined) groups.push([each]);
    else group.push(each);
  }
  return groups;
}

function areApart(one: ArgumentCase, other: ArgumentCase): boolean {
  const paths = new Set(settingsOf(one).map(([path]) => path));
  if (settingsOf(other).some(([path]) => paths.has(path))) return false;
  const operations = new Map(stepsOf(one).map((step) => [resourceOf(step), step]));
  return stepsOf(other).every((step) => [undefined, step].includes(operations.get(resourceOf(step))));
}

/** What `each` changes, field by field. */
function settingsOf({ path, value, also = {} }: ArgumentCase): [path: string, value: unknown][] {
  return [[path, value], ...Object.entries(also)];
}

/** `update DaemonSet metallb-speaker` is about `DaemonSet metallb-speaker`. */
function resourceOf(step: string): string {
  return step.slice(step.indexOf(' ') + 1);
}

/** `undefined` takes the field away. */
function setAt(args: object, path: string, value: unknown): void {
  const keys = path.replaceAll('[]', '.0').split('.');
  const last = keys.pop() ?? '';
  const target = keys.reduce(
    (at, key) => at[key] as Record<string, unknown>,
    args as Record<string, unknown>,
  );
  if (value === undefined) Reflect.deleteProperty(target, last);
  else target[last] = value;
}
