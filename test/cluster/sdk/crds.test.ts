import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { CUSTOM_RESOURCE_DEFINITIONS } from '@metallb-l2/sdk/kube';
import {
  IP_ADDRESS_POOLS,
  type IPAddressPoolSpec,
  L2_ADVERTISEMENTS,
  SERVICE_L2_STATUSES,
  type ServiceL2StatusStatus,
} from '@metallb-l2/sdk/models';
import { START_TIMEOUT_MS, type TestCluster, establish, startTestCluster } from './control-plane.ts';

let cluster: TestCluster;
let namespace: string;

beforeAll(async () => {
  cluster = await startTestCluster();
  namespace = await cluster.createNamespace();
}, START_TIMEOUT_MS);

afterAll(() => cluster.stop());

const createPool = (spec: unknown) =>
  cluster.api.create(IP_ADDRESS_POOLS, {
    metadata: { generateName: 'pool-', namespace },
    spec: spec as IPAddressPoolSpec,
  });

describe.each(customResourceDefinitions())('the CRD $metadata.name', (crd) => {
  it('is served as it stands', async () => {
    const { status } = await establish(cluster.api, crd);
    const problems = status?.conditions?.filter(({ type }) => type === 'NonStructuralSchema');
    expect(problems).toEqual([]);
  });

  it('does not change when it is applied again', async () => {
    const ref = { name: crd.metadata.name ?? '' };
    const before = await cluster.api.get(CUSTOM_RESOURCE_DEFINITIONS, ref);
    await establish(cluster.api, crd);
    const after = await cluster.api.get(CUSTOM_RESOURCE_DEFINITIONS, ref);
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(after.metadata.generation).toBe(before.metadata.generation);
  });
});

describe('a ServiceL2Status', () => {
  const create = async () => {
    const { metadata } = await cluster.api.create(SERVICE_L2_STATUSES, {
      metadata: { generateName: 'node-a-', namespace },
    });
    const ref = { namespace, name: metadata.name ?? '' };
    const write = (status: ServiceL2StatusStatus) =>
      cluster.api.patch(SERVICE_L2_STATUSES, ref, { status }, { type: 'merge', subresource: 'status' });
    await write({ node: 'node-a', serviceName: 'web', serviceNamespace: 'default' });
    return write;
  };

  it('may move to another node', async () => {
    const write = await create();
    const moved = { node: 'node-b', addresses: ['192.0.2.1'], announcedSince: '2026-01-01T00:00:00Z' };
    expect((await write(moved)).status).toEqual({
      ...moved,
      serviceName: 'web',
      serviceNamespace: 'default',
    });
  });

  it.each([{ serviceName: 'other' }, { serviceNamespace: 'other' }])(
    'keeps its service: %j',
    async (status) => {
      const write = await create();
      await expect(write(status)).rejects.toMatchObject({
        code: 'Invalid',
        message: expect.stringContaining('Value is immutable') as string,
      });
    },
  );

  it('refuses a time that is none', async () => {
    const write = await create();
    await expect(write({ announcedSince: 'yesterday' })).rejects.toMatchObject({ code: 'Invalid' });
  });
});

describe('an IPAddressPool', () => {
  it('gets the defaults of upstream', async () => {
    const { spec } = await createPool({ addresses: ['192.168.10.0/24'] });
    expect(spec).toEqual({ addresses: ['192.168.10.0/24'], autoAssign: true, avoidBuggyIPs: false });
  });

  it('keeps every field of upstream', async () => {
    const selector = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['front'] }],
    };
    const spec: IPAddressPoolSpec = {
      addresses: ['192.168.10.0/24', 'fd00::1-fd00::ff'],
      autoAssign: false,
      avoidBuggyIPs: true,
      serviceAllocation: {
        priority: 10,
        namespaces: ['default'],
        namespaceSelectors: [selector],
        serviceSelectors: [selector],
      },
    };
    expect((await createPool(spec)).spec).toEqual(spec);
  });

  it.each([
    ['no spec', undefined],
    ['no addresses', {}],
    ['an empty list of addresses', { addresses: [] }],
    ['addresses that are no list', { addresses: '192.168.10.0/24' }],
    ['a word for autoAssign', { addresses: ['192.168.10.0/24'], autoAssign: 'yes' }],
    [
      'a selector without operator',
      {
        addresses: ['192.168.10.0/24'],
        serviceAllocation: { serviceSelectors: [{ matchExpressions: [{ key: 'a' }] }] },
      },
    ],
  ])('is refused with %s', async (_what, spec) => {
    await expect(createPool(spec)).rejects.toMatchObject({ code: 'Invalid' });
  });
});

describe('an L2Advertisement', () => {
  it('may be empty, and keeps every field of upstream', async () => {
    const create = (spec?: object) =>
      cluster.api.create(L2_ADVERTISEMENTS, {
        metadata: { generateName: 'l2-', namespace },
        ...(spec && { spec }),
      });
    expect((await create()).spec).toBeUndefined();
    const spec = {
      ipAddressPools: ['production'],
      ipAddressPoolSelectors: [{ matchLabels: { zone: 'a' } }],
      nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'node-a' } }],
      interfaces: ['eth0'],
      serviceSelectors: [{}],
    };
    expect((await create(spec)).spec).toEqual(spec);
  });
});
