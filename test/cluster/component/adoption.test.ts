/** What is there already is taken over as it is: definitions of upstream's, pools and advertisements of anybody's. */
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  NAMESPACES,
  type ResourceType,
} from '@metallb-l2/sdk/kube';
import type { KubeConnection } from '@metallb-l2/sdk/kube/connect';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS, METALLB_API_VERSION } from '@metallb-l2/sdk/models';
import {
  AddressPool,
  L2Advertisement,
  MetalLBLayer2,
  type MetalLBLayer2Args,
} from '../../../component/src/index.js';
import { upstreamDefinitions } from '../../lab/upstream/definitions.ts';
import { doNotWait } from '../../support/do-not-wait.ts';
import { type StackCluster, startStackCluster } from '../../support/stack-cluster.ts';

const LIMIT_MS = 120_000;
const NAMESPACE = 'metallb-system';
const STATUSES = { name: 'servicel2statuses.metallb.io' };

let cluster: StackCluster;
let api: KubeConnection;

beforeAll(async () => {
  cluster = await startStackCluster();
  ({ api } = cluster);
  for (const definition of upstreamDefinitions()) await api.create(CUSTOM_RESOURCE_DEFINITIONS, definition);
  await api.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
}, LIMIT_MS);

afterAll(() => cluster.stop(), LIMIT_MS);

const stackOf = (projectName: string, define: () => void) =>
  cluster.createStack(projectName, () => {
    define();
    return Promise.resolve({});
  });

/** Definitions by name. */
async function definitions() {
  const { items } = await api.list(CUSTOM_RESOURCE_DEFINITIONS);
  return new Map(items.map(({ metadata, spec }) => [metadata.name ?? '', { ...metadata, spec }]));
}

async function namesOf<T extends KubeObject>(type: ResourceType<T>): Promise<string[]> {
  const { items } = await api.list(type);
  return items.map(({ metadata }) => metadata.name ?? '').sort();
}

describe('crds: "patch" on an installation of upstream', () => {
  it(
    'lets status.node change, touches nothing else, and leaves that behind',
    async () => {
      const before = await definitions();
      const stack = await stackOf('patch', () => new MetalLBLayer2('metallb', { crds: 'patch' }));
      expect((await stack.up()).changes).toEqual({ create: 3 });
      const after = await definitions();
      const written = [...after].filter(
        ([name, { generation }]) => before.get(name)?.generation !== generation,
      );
      expect(written.map(([name]) => name)).toEqual([STATUSES.name]);
      expect(after.get(STATUSES.name)?.uid).toBe(before.get(STATUSES.name)?.uid);
      expect(JSON.stringify(before.get(STATUSES.name)?.spec)).toContain('self == oldSelf');
      const [version] = after.get(STATUSES.name)?.spec.versions ?? [];
      const status = version?.schema.openAPIV3Schema.properties?.['status']?.properties;
      expect(status?.['node']?.['x-kubernetes-validations']).toBeUndefined();

      expect((await stack.up()).changes).toEqual({ same: 3 });
      await stack.destroy();
      expect([...(await definitions()).keys()]).toEqual([...after.keys()]);
    },
    LIMIT_MS,
  );
});

describe('objects that exist', () => {
  const pool = {
    apiVersion: METALLB_API_VERSION,
    kind: 'IPAddressPool',
    metadata: { name: 'production', namespace: NAMESPACE, annotations: { owner: 'network' } },
    spec: { addresses: ['192.168.10.0/24'], autoAssign: true },
  };
  const advertisement = {
    apiVersion: METALLB_API_VERSION,
    kind: 'L2Advertisement',
    metadata: { name: 'default', namespace: NAMESPACE },
    spec: { ipAddressPools: ['production'] },
  };
  const args = (adopt: boolean): MetalLBLayer2Args => ({
    createNamespace: false,
    image: { reference: 'registry.example.com/metallb-l2:1' },
    pools: [{ name: 'production', addresses: ['192.168.10.0/25'], adopt }],
    advertisements: [{ name: 'default', pools: ['production'], adopt }],
  });

  it(
    'are adopted where they are, changed in place, and stay whether "adopt" does or not',
    async () => {
      const made = [
        await api.create(IP_ADDRESS_POOLS, pool),
        await api.create(L2_ADVERTISEMENTS, advertisement),
      ];
      let adopt = true;
      const stack = await stackOf('adopt', () => {
        new MetalLBLayer2('metallb', args(adopt), { transforms: [doNotWait] });
      });
      await stack.up();
      const uids = async () => {
        const found = [
          await api.get(IP_ADDRESS_POOLS, { namespace: NAMESPACE, name: 'production' }),
          await api.get(L2_ADVERTISEMENTS, { namespace: NAMESPACE, name: 'default' }),
        ];
        return found.map(({ metadata }) => metadata.uid);
      };
      const uidsMade = made.map(({ metadata }) => metadata.uid);
      expect(await uids()).toEqual(uidsMade);
      const { spec } = await api.get(IP_ADDRESS_POOLS, { namespace: NAMESPACE, name: 'production' });
      expect(spec.addresses).toEqual(['192.168.10.0/25']);
      expect((await stack.preview()).steps).toEqual([]);

      adopt = false;
      await stack.up();
      expect(await uids()).toEqual(uidsMade);
      await stack.destroy();
      expect(await namesOf(IP_ADDRESS_POOLS)).toEqual([]);
      expect(await namesOf(NAMESPACES)).toContain(NAMESPACE);
    },
    LIMIT_MS,
  );

  it(
    'may come from other stacks, which take away only their own',
    async () => {
      await api.create(IP_ADDRESS_POOLS, pool);
      const stack = await stackOf('pools', () => {
        const office = new AddressPool('office', {
          addresses: ['192.168.20.0/24'],
          serviceAllocation: { namespaces: ['office'] },
        });
        new L2Advertisement('office', { pools: [office.name], interfaces: ['eth1'] });
      });
      expect((await stack.up()).changes).toEqual({ create: 5 });
      const { spec } = await api.get(L2_ADVERTISEMENTS, { namespace: NAMESPACE, name: 'office' });
      expect(spec).toEqual({ ipAddressPools: ['office'], interfaces: ['eth1'] });
      expect(await namesOf(IP_ADDRESS_POOLS)).toEqual(['office', 'production']);
      await stack.destroy();
      expect(await namesOf(IP_ADDRESS_POOLS)).toEqual(['production']);
      expect(await namesOf(L2_ADVERTISEMENTS)).toEqual([]);
    },
    LIMIT_MS,
  );
});
