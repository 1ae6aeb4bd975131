/** The doctor, and `explain` with few rights, on a real API server with what is wrong made for real. */
import { AuthenticationV1TokenRequest, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { type Finding, ServiceL2StatusClient } from '@metallb-l2/sdk';
import { type KubeObject, NODES, type Pod, PODS, type ResourceType, SERVICES } from '@metallb-l2/sdk/kube';
import { connect, type KubeConnection } from '@metallb-l2/sdk/kube/connect';
import {
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  SERVICE_L2_STATUSES,
  type ServiceL2Status,
} from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS, STATUS_LABELS } from '@metallb-l2/sdk/settings';
import { SERVICE_ACCOUNTS } from '../../lab/service-accounts.ts';
import { ourCrd, stockCrd } from '../speaker/speaker-rig.ts';
import { establish, START_TIMEOUT_MS, startTestCluster, type TestCluster } from './control-plane.ts';

const ROLES = kind('rbac.authorization.k8s.io', 'Role', 'roles');
const ROLE_BINDINGS = kind('rbac.authorization.k8s.io', 'RoleBinding', 'rolebindings');

function kind(group: string, name: string, plural: string): ResourceType {
  return { group, version: 'v1', plural, kind: name, namespaced: true };
}

let cluster: TestCluster;
let namespace: string;
let client: ServiceL2StatusClient;

beforeAll(async () => {
  cluster = await startTestCluster();
  namespace = await cluster.createNamespace();
  client = new ServiceL2StatusClient({ api: cluster.api, namespace });
  await cluster.api.create(SERVICE_ACCOUNTS, { metadata: { name: 'reader', namespace } });
  for (const node of ['node-a', 'node-b']) {
    await cluster.api.create(NODES, { metadata: { name: node } });
    await createPod('speaker', node);
  }
  await createPod('controller', 'node-a');
  await cluster.api.create(IP_ADDRESS_POOLS, {
    metadata: { name: 'main', namespace },
    spec: { addresses: ['192.0.2.0/24'] },
  });
  await cluster.api.create(L2_ADVERTISEMENTS, { metadata: { name: 'all', namespace } });
  const ports = [{ port: 80 }];
  await cluster.api.create(SERVICES, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { type: 'LoadBalancer', ports },
  });
}, START_TIMEOUT_MS);

afterAll(async () => {
  client.close();
  await cluster.stop();
});

/** A pod of MetalLB's on a node that does not run: it is made ready by hand. */
async function createPod(program: 'speaker' | 'controller', nodeName: string): Promise<void> {
  const { metadata } = await cluster.api.create(PODS, {
    metadata: { generateName: `${program}-`, namespace, labels: { ...COMPONENT_LABELS[program] } },
    spec: {
      nodeName,
      serviceAccountName: 'reader',
      containers: [{ name: program, image: 'quay.io/metallb/speaker:v0.16.1', args: ['--port=9120'] }],
    },
  });
  const status: Pod['status'] = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  const ref = { namespace, name: metadata.name ?? '' };
  await cluster.api.patch(PODS, ref, { status }, { type: 'merge', subresource: 'status' });
}

/** A status object that carries labels; its status is written when `status` says more. */
async function announce(node: string, where = namespace, service = 'web'): Promise<ServiceL2Status> {
  const labels = {
    [STATUS_LABELS.node]: node,
    [STATUS_LABELS.serviceName]: service,
    [STATUS_LABELS.serviceNamespace]: 'default',
  };
  const { metadata } = await cluster.api.create(SERVICE_L2_STATUSES, {
    metadata: { generateName: `${node}-`, namespace: where, labels },
  });
  const status = { node, serviceName: service, serviceNamespace: 'default' };
  const ref = { namespace: where, name: metadata.name ?? '' };
  return cluster.api.patch(SERVICE_L2_STATUSES, ref, { status }, { type: 'merge', subresource: 'status' });
}

async function remove(...objects: readonly ServiceL2Status[]): Promise<void> {
  for (const { metadata } of objects) {
    const ref = { namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
    await cluster.api.delete(SERVICE_L2_STATUSES, ref);
  }
}

/** What is wrong, beside what is installed. */
async function findings(by = client): Promise<Finding[]> {
  return (await by.doctor()).filter(({ code }) => code !== 'installed');
}

it('finds nothing wrong where nothing is, and names the MetalLB that is installed', async () => {
  const status = await announce('node-a');
  expect(await findings()).toEqual([]);
  expect(await client.doctor()).toMatchObject([
    { code: 'installed', severity: 'info', message: 'The speakers are those of MetalLB v0.16.1.' },
  ]);
  await remove(status);
});

it("finds upstream's definition of ServiceL2Status, and its remedy works", async () => {
  await establish(cluster.api, stockCrd());
  expect(await findings()).toMatchObject([
    { code: 'crdNodeImmutable', severity: 'error' },
    { code: 'crdStale', severity: 'info' },
  ]);
  await establish(cluster.api, ourCrd());
  expect(await findings()).toEqual([]);
});

it('finds two objects of one node for one service', async () => {
  const statuses = [await announce('node-a'), await announce('node-a')];
  const [finding, ...others] = await findings();
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ code: 'duplicateStatuses', severity: 'warning' });
  expect(finding?.objects.map(({ name }) => name).sort()).toEqual(
    statuses.map(({ metadata }) => metadata.name ?? '').sort(),
  );
  await remove(...statuses);
});

it('finds two nodes that both say they announce a service', async () => {
  const statuses = [await announce('node-a'), await announce('node-b')];
  expect(await findings()).toMatchObject([{ code: 'splitAnnouncers', severity: 'error' }]);
  await remove(...statuses);
});

it('finds statuses of a service and of a node that are gone', async () => {
  const statuses = [await announce('node-a', namespace, 'gone'), await announce('node-z')];
  expect((await findings()).map(({ code }) => code)).toEqual(['statusOfMissingNode', 'orphanedStatus']);
  await remove(...statuses);
});

it('finds statuses outside the namespace of MetalLB', async () => {
  const lost = await announce('node-a', 'default');
  expect(await findings()).toMatchObject([
    { code: 'statusElsewhere', objects: [{ namespace: 'default', name: lost.metadata.name }] },
  ]);
  await remove(lost);
});

describe('for an account that may read nothing but the statuses', () => {
  let api: KubeConnection;
  let limited: ServiceL2StatusClient;

  beforeAll(async () => {
    await cluster.api.create(ROLES, {
      metadata: { name: 'reader', namespace },
      rules: [{ apiGroups: ['metallb.io'], resources: ['servicel2statuses'], verbs: ['list'] }],
    } as KubeObject);
    await cluster.api.create(ROLE_BINDINGS, {
      metadata: { name: 'reader', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace }],
    } as KubeObject);
    api = await connectAs('reader');
    limited = new ServiceL2StatusClient({ api, namespace });
  });

  afterAll(() => {
    limited.close();
    api.close();
  });

  async function connectAs(account: string): Promise<KubeConnection> {
    const config = new KubeConfig();
    config.loadFromString(cluster.kubeconfig);
    const body = Object.assign(new AuthenticationV1TokenRequest(), { spec: { audiences: [] } });
    const { status } = await config
      .makeApiClient(CoreV1Api)
      .createNamespacedServiceAccountToken({ namespace, name: account, body });
    const kubeconfig = JSON.parse(cluster.kubeconfig) as object;
    const users = [{ name: 'lab', user: { token: status?.token } }];
    return connect({ kubeconfig: JSON.stringify({ ...kubeconfig, users }) });
  }

  it('names every permission that is missing, and still finds what it can', async () => {
    const statuses = [await announce('node-a'), await announce('node-b')];
    const found = await findings(limited);
    expect(found[0]).toMatchObject({ code: 'splitAnnouncers' });
    const missing = found.filter(({ code }) => code === 'missingPermission');
    expect(missing.map(({ remedy }) => remedy)).toEqual(
      expect.arrayContaining([
        'Grant the permission to list nodes.',
        `Grant the permission to list pods in namespace ${namespace}.`,
        'Grant the permission to list services.',
        'Grant the permission to get customresourcedefinitions.apiextensions.k8s.io.',
        'Grant the permission to list servicel2statuses.metallb.io.',
      ]),
    );
    expect(found).toHaveLength(1 + missing.length);
    await remove(...statuses);
  });

  it('explains a service by its status, and says what else it would take', async () => {
    const status = await announce('node-a');
    const { announced, node, checks } = await limited.explain({ namespace: 'default', name: 'web' });
    expect({ announced, node }).toEqual({ announced: true, node: 'node-a' });
    expect(checks).toMatchObject([
      {
        check: 'service',
        ok: 'unknown',
        remedy: 'Grant the permission to get services in namespace default.',
      },
      { check: 'status', ok: true },
    ]);
    await remove(status);
  });
});
