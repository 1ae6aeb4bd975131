import { MetalLBLayer2, type MetalLBLayer2Args } from '../../../component/src/index.js';
import * as pulumi from '@pulumi/pulumi';
import {
  type PulumiMocks,
  type RecordedResource,
  mockPulumi,
  settled,
  valueOf,
} from '../../support/pulumi-mocks.ts';

const IMAGE = 'registry.example.com/metallb-l2@sha256:' + 'ab'.repeat(32);
const ARGS: MetalLBLayer2Args = {
  image: { reference: IMAGE },
  pools: [{ name: 'production', addresses: ['192.168.10.0/24'] }],
};

const TYPES = {
  component: 'metallb-l2:index:MetalLBLayer2',
  namespace: 'kubernetes:core/v1:Namespace',
  crd: 'kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinitionPatch',
  account: 'kubernetes:core/v1:ServiceAccount',
  clusterRole: 'kubernetes:rbac.authorization.k8s.io/v1:ClusterRole',
  clusterBinding: 'kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding',
  role: 'kubernetes:rbac.authorization.k8s.io/v1:Role',
  binding: 'kubernetes:rbac.authorization.k8s.io/v1:RoleBinding',
  policy: 'kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy',
  policyBinding: 'kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding',
  deployment: 'kubernetes:apps/v1:Deployment',
  budget: 'kubernetes:policy/v1:PodDisruptionBudget',
  daemonSet: 'kubernetes:apps/v1:DaemonSet',
  pool: 'kubernetes:metallb.io/v1beta1:IPAddressPool',
  advertisement: 'kubernetes:metallb.io/v1beta1:L2Advertisement',
};

async function install(args: MetalLBLayer2Args = ARGS, options: Parameters<typeof mockPulumi>[0] = {}) {
  const mocks = await mockPulumi(options);
  const component = new MetalLBLayer2('metallb', args);
  await settled();
  return { mocks, component };
}

/** Everything `resource` waits for, directly or not. */
function waitsFor(mocks: PulumiMocks, resource: RecordedResource): Set<string> {
  const seen = new Set<string>();
  const visit = (urn: string) => {
    if (seen.has(urn)) return;
    seen.add(urn);
    mocks.resources.find((each) => each.urn === urn)?.dependencies.forEach(visit);
  };
  resource.dependencies.forEach(visit);
  return seen;
}

describe('the component', () => {
  it('creates exactly these resources, every one a child of the component', async () => {
    const { mocks } = await install();
    const [component, ...children] = [...mocks.resources].sort(
      (a, b) => Number(a.parent !== '') - Number(b.parent !== ''),
    );
    expect(component).toMatchObject({ type: TYPES.component, name: 'metallb' });
    expect(new Set(children.map(({ parent }) => parent))).toEqual(new Set([component?.urn]));
    expect(children.map(({ type, name }) => `${type} ${name}`).sort()).toEqual(
      [
        `${TYPES.namespace} metallb-namespace`,
        `${TYPES.crd} metallb-crd-ipaddresspools`,
        `${TYPES.crd} metallb-crd-l2advertisements`,
        `${TYPES.crd} metallb-crd-servicel2statuses`,
        `${TYPES.crd} metallb-crd-configurationstates`,
        ...['controller', 'speaker'].flatMap((role) =>
          [TYPES.account, TYPES.clusterRole, TYPES.clusterBinding, TYPES.role, TYPES.binding].map(
            (type) => `${type} metallb-${role}`,
          ),
        ),
        `${TYPES.policy} metallb-speaker-node`,
        `${TYPES.policyBinding} metallb-speaker-node`,
        `${TYPES.deployment} metallb-controller`,
        `${TYPES.budget} metallb-controller`,
        `${TYPES.pool} metallb-pool-production`,
        `${TYPES.advertisement} metallb-advertisement-default`,
        `${TYPES.daemonSet} metallb-speaker`,
      ].sort(),
    );
  });

  it('builds each step on the one before', async () => {
    const { mocks } = await install();
    const order = [
      mocks.find(TYPES.namespace),
      mocks.find(TYPES.crd, 'metallb-crd-ipaddresspools'),
      mocks.find(TYPES.clusterBinding, 'metallb-controller'),
      mocks.find(TYPES.deployment),
      mocks.find(TYPES.pool),
      mocks.find(TYPES.advertisement),
      mocks.find(TYPES.daemonSet),
    ];
    order.forEach((resource, step) => {
      const waits = waitsFor(mocks, resource);
      for (const earlier of order.slice(0, step)) expect(waits).toContain(earlier.urn);
    });
    expect(waitsFor(mocks, mocks.find(TYPES.daemonSet))).toContain(
      mocks.find(TYPES.binding, 'metallb-speaker').urn,
    );
  });

  it('adopts resource definitions and leaves them on destroy', async () => {
    const { mocks } = await install();
    const crds = mocks.resources.filter(({ type }) => type === TYPES.crd);
    for (const crd of crds) {
      expect(crd.retainOnDelete).toBe(true);
      expect(crd.inputs).toMatchObject({
        metadata: {
          annotations: { 'pulumi.com/patchForce': 'true', 'pulumi.com/patchFieldManager': 'metallb-l2' },
        },
      });
    }
    const others = mocks.resources.filter(({ type }) => type !== TYPES.crd);
    expect(others.some(({ retainOnDelete }) => retainOnDelete)).toBe(false);
  });

  it('opens its namespace to pods that use the network of the host', async () => {
    const { mocks } = await install({ ...ARGS, namespace: 'lb' });
    expect(mocks.find(TYPES.namespace).inputs).toMatchObject({
      metadata: { name: 'lb', labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    });
    for (const type of [TYPES.deployment, TYPES.daemonSet, TYPES.pool, TYPES.advertisement]) {
      expect(mocks.find(type).inputs).toMatchObject({ metadata: { namespace: 'lb' } });
    }
    expect(mocks.find(TYPES.clusterBinding, 'metallb-speaker').inputs).toMatchObject({
      subjects: [{ kind: 'ServiceAccount', name: 'speaker', namespace: 'lb' }],
    });
  });

  it('holds the speakers of its namespace, and only them, to their nodes before they start', async () => {
    const { mocks } = await install({ ...ARGS, namespace: 'lb' });
    const policy = mocks.find(TYPES.policy);
    const binding = mocks.find(TYPES.policyBinding);
    expect(policy.inputs).toMatchObject({
      spec: {
        failurePolicy: 'Fail',
        matchConditions: [{ expression: `request.userInfo.username == 'system:serviceaccount:lb:speaker'` }],
        matchConstraints: {
          resourceRules: [{ resources: ['servicel2statuses', 'servicel2statuses/status'] }],
        },
      },
    });
    expect(binding.inputs).toMatchObject({
      spec: { policyName: 'metallb-l2-speaker-node', validationActions: ['Deny'] },
    });
    expect(waitsFor(mocks, mocks.find(TYPES.daemonSet))).toContain(binding.urn);
  });

  it('installs no admission policy when told not to', async () => {
    const { mocks } = await install({ ...ARGS, admissionPolicy: false });
    const types = mocks.resources.map(({ type }) => type);
    expect(types).not.toContain(TYPES.policy);
    expect(types).not.toContain(TYPES.policyBinding);
  });

  it('mends the definition of the statuses that it finds, and does nothing else, when it is told to patch', async () => {
    const node = { type: 'string', x_kubernetes_validations: [{ rule: 'self == oldSelf' }] };
    const versions = (status: object) => [
      { name: 'v1beta1', schema: { openAPIV3Schema: { type: 'object', properties: { status } } } },
    ];
    const about = { group: 'metallb.io', scope: 'Namespaced', names: { kind: 'ServiceL2Status' } };
    const mocks = await mockPulumi({
      state: ({ name }) =>
        name !== 'metallb-found-servicel2statuses'
          ? {}
          : {
              metadata: { uid: 'a', generation: 3 },
              spec: { ...about, conversion: {}, versions: versions({ properties: { node } }) },
            },
    });
    const component = new MetalLBLayer2('metallb', { crds: 'patch', namespace: 'upstream' });
    await settled();
    const written = mocks.resources.filter(({ name }) => name !== 'metallb');
    expect(written.map(({ name, retainOnDelete }) => [name, retainOnDelete])).toEqual([
      ['metallb-crd-servicel2statuses', true],
    ]);
    expect(written[0]?.inputs).toEqual({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name: 'servicel2statuses.metallb.io',
        annotations: {
          'metallb-l2/mended': 'a/3',
          'pulumi.com/patchFieldManager': 'metallb-l2',
          'pulumi.com/patchForce': 'true',
        },
      },
      spec: { ...about, versions: versions({ properties: { node: { type: 'string' } } }) },
    });
    await expect(valueOf(component.crdNames)).resolves.toEqual(['servicel2statuses.metallb.io']);
    await expect(valueOf(component.namespace)).resolves.toBe('upstream');
    await expect(valueOf(component.image)).resolves.toBe('');
    await expect(valueOf(component.ready)).resolves.toBe(true);
  });

  it('lets one controller go at a time', async () => {
    const { mocks } = await install();
    expect(mocks.find(TYPES.budget).inputs).toMatchObject({
      spec: {
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: { app: 'metallb', component: 'controller' } },
      },
    });
  });

  it('takes values that other resources compute, however deep they are', async () => {
    const { mocks } = await install({
      ...ARGS,
      labels: { 'example.com/part-of': pulumi.output('edge') },
      logLevel: pulumi.output('debug'),
      loadBalancerClass: pulumi.output('example.com/l2'),
      imagePullSecrets: [pulumi.output('registry')],
      speaker: {
        env: { TZ: pulumi.output('UTC') },
        excludeInterfaces: pulumi.output(['^wlan']),
        tolerations: [pulumi.output({ operator: 'Exists' })],
      },
      controller: { replicas: pulumi.output(3) },
    });
    const env = ['METALLB_LOG_LEVEL=debug', 'METALLB_LB_CLASS=example.com/l2', 'TZ=UTC'].map((variable) => {
      const [name, value] = variable.split('=');
      return { name, value };
    });
    expect(mocks.find(TYPES.daemonSet).inputs).toMatchObject({
      metadata: { labels: { 'example.com/part-of': 'edge', app: 'metallb' } },
      spec: {
        template: {
          spec: {
            imagePullSecrets: [{ name: 'registry' }],
            tolerations: [{ operator: 'Exists' }],
            containers: [{ env: expect.arrayContaining(env) as unknown }],
          },
        },
      },
    });
    expect(mocks.find(TYPES.deployment).inputs).toMatchObject({ spec: { replicas: 3 } });
    const { data } = mocks.find('kubernetes:core/v1:ConfigMap').inputs as { data: Record<string, string> };
    expect(data['excludel2.yaml']).toContain('^wlan');
  });

  it('names no class of priority when told to leave it to the cluster', async () => {
    const { mocks } = await install({ ...ARGS, speaker: { priorityClassName: '' } });
    const { spec } = mocks.find(TYPES.daemonSet).inputs as { spec: { template: { spec: object } } };
    expect(spec.template.spec).not.toHaveProperty('priorityClassName');
  });

  it('makes no namespace when told not to', async () => {
    const { mocks, component } = await install({ ...ARGS, createNamespace: false });
    expect(mocks.resources.filter(({ type }) => type === TYPES.namespace)).toEqual([]);
    await expect(valueOf(component.namespace)).resolves.toBe('metallb-system');
  });

  it('announces every pool from every node unless told otherwise', async () => {
    const { mocks } = await install();
    expect(mocks.find(TYPES.advertisement).inputs).toMatchObject({ metadata: { name: 'default' }, spec: {} });
    expect(mocks.find(TYPES.advertisement).inputs['spec']).toEqual({});
  });

  it('writes pools and advertisements as given', async () => {
    const nodeSelectors = [{ matchLabels: { rack: 'a' } }];
    const { mocks } = await install({
      ...ARGS,
      pools: [{ name: 'vip', addresses: pulumi.output(['10.0.0.1-10.0.0.9']), autoAssign: false }],
      advertisements: [{ name: 'rack-a', pools: ['vip'], interfaces: ['eth1'], nodeSelectors }],
    });
    const background = { annotations: { 'pulumi.com/deletionPropagationPolicy': 'background' } };
    expect(mocks.find(TYPES.pool).inputs).toMatchObject({
      metadata: { name: 'vip', namespace: 'metallb-system', ...background },
      spec: { addresses: ['10.0.0.1-10.0.0.9'], autoAssign: false, avoidBuggyIPs: false },
    });
    expect(mocks.find(TYPES.advertisement).inputs).toMatchObject({
      metadata: { name: 'rack-a', ...background },
      spec: { ipAddressPools: ['vip'], interfaces: ['eth1'], nodeSelectors },
    });
  });

  it('registers nothing when its arguments are bad', async () => {
    const mocks = await mockPulumi();
    const bad = { ...ARGS, pools: [{ name: 'production', addresses: ['10.0.0.300/24'] }] };
    expect(() => new MetalLBLayer2('metallb', bad)).toThrow('pools[0].addresses[0]');
    await settled();
    expect(mocks.resources).toEqual([]);
  });
});

describe('the outputs of the component', () => {
  const rolledOut = { observedGeneration: 2, replicas: 2 };
  const state =
    (ready: number) =>
    ({ type }: { type: string }) => ({
      ...(type === TYPES.deployment
        ? { status: { ...rolledOut, updatedReplicas: 2, readyReplicas: 2 } }
        : type === TYPES.daemonSet
          ? {
              status: {
                ...rolledOut,
                desiredNumberScheduled: 3,
                updatedNumberScheduled: 3,
                numberReady: ready,
              },
            }
          : {}),
    });

  it('name the namespace, the image and the resource definitions', async () => {
    const { component } = await install();
    await expect(valueOf(component.namespace)).resolves.toBe('metallb-system');
    await expect(valueOf(component.image)).resolves.toBe(IMAGE);
    const names = await valueOf(component.crdNames);
    expect([...(names ?? [])].sort()).toEqual([
      'configurationstates.metallb.io',
      'ipaddresspools.metallb.io',
      'l2advertisements.metallb.io',
      'servicel2statuses.metallb.io',
    ]);
  });

  it('say ready when the controller and every speaker are', async () => {
    const { component } = await install(ARGS, { state: state(3) });
    await expect(valueOf(component.ready)).resolves.toBe(true);
  });

  it('say not ready while a speaker is not', async () => {
    const { component } = await install(ARGS, { state: state(2) });
    await expect(valueOf(component.ready)).resolves.toBe(false);
  });

  it('say not ready when the provider did not wait', async () => {
    const { component } = await install();
    await expect(valueOf(component.ready)).resolves.toBe(false);
  });
});
