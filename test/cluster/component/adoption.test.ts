/** What is there already is taken over as it is: definitions of upstream's, pools and advertisements of anybody's. */
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  type KubeObject,
  NAMESPACES,
  type ResourceType,
} from '@metallb-l2/sdk/kube';
import type { KubeConnection } from '@metallb-l2/sdk/kube/connect';
import {
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  METALLB_API_VERSION,
  SERVICE_L2_STATUSES,
} from '@metallb-l2/sdk/models';
import {
  AddressPool,
  L2Advertisement,
  MetalLBLayer2,
  type MetalLBLayer2Args,
} from '../../../component/src/index.js';
import { runChecked } from '../../lab/run.ts';
import { readDefinitions } from '../../lab/upstream/manifest.ts';
import { doNotWait } from '../../support/do-not-wait.ts';
import { eventually } from '../../support/eventually.ts';
import type { PulumiStack } from '../../support/pulumi-stack.ts';
import { type StackCluster, startStackCluster } from '../../support/stack-cluster.ts';
import { resolveTool } from '../../toolchain/resolve.ts';

const LIMIT_MS = 120_000;
const NAMESPACE = 'metallb-system';
const STATUSES = { name: 'servicel2statuses.metallb.io' };
const task = { log: () => undefined, signal: new AbortController().signal };

let cluster: StackCluster;
let api: KubeConnection;

beforeAll(async () => {
  cluster = await startStackCluster();
  ({ api } = cluster);
  await applyUpstream();
  await api.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
}, LIMIT_MS);

afterAll(() => cluster.stop(), LIMIT_MS);

const stackOf = (projectName: string, define: () => void) =>
  cluster.createStack(projectName, () => {
    define();
    return Promise.resolve({});
  });

/** `kubectl apply` of the definitions in upstream's manifest. */
async function applyUpstream(): Promise<void> {
  const kubectl = [await resolveTool('kubectl', task), `--kubeconfig=${cluster.kubeconfigPath}`];
  const { signal } = task;
  await runChecked([...kubectl, 'apply', '-f', '-'], { input: await readDefinitions(signal), signal });
  const established = ['wait', 'crd', '--all', '--for=condition=Established', '--timeout=30s'];
  await runChecked([...kubectl, ...established], { signal });
}

async function namesOf<T extends KubeObject>(type: ResourceType<T>): Promise<string[]> {
  const { items } = await api.list(type);
  return items.map(({ metadata }) => metadata.name ?? '').sort();
}

describe('crds: "patch" on the definitions of upstream\'s manifest', () => {
  const READ = 'read CustomResourceDefinition metallb-found-servicel2statuses';
  const IMMUTABLE = /status\.node[^]*Value is immutable/;
  let stack: PulumiStack;
  /** Has the status name a node, as a speaker that announces the service does. */
  let move: (node: string) => Promise<void>;

  beforeAll(async () => {
    stack = await stackOf('patch', () => new MetalLBLayer2('metallb', { crds: 'patch' }));
    const { metadata } = await api.create(SERVICE_L2_STATUSES, {
      metadata: { generateName: 'l2-', namespace: NAMESPACE },
    });
    const ref = { namespace: NAMESPACE, name: metadata.name ?? '' };
    move = async (node) => {
      const status = { node, serviceName: 'web', serviceNamespace: 'default' };
      await api.patch(SERVICE_L2_STATUSES, ref, { status }, { type: 'merge', subresource: 'status' });
    };
    await move('node-a');
  }, LIMIT_MS);

  /** What a definition is, without the tracks every writer leaves. */
  const contentOf = ({ metadata, ...rest }: CustomResourceDefinition) => {
    const tracks = ['generation', 'resourceVersion', 'managedFields', 'annotations'];
    const identity = Object.entries(metadata).filter(([key]) => !tracks.includes(key));
    const annotations = Object.entries(metadata.annotations ?? {}).filter(
      ([key]) => !/^(pulumi\.com\/patch|metallb-l2\/mended$)/.test(key),
    );
    return { ...rest, metadata: Object.fromEntries([...identity, ['annotations', annotations]]) };
  };

  it(
    'lets status.node change, and nothing else of any of them',
    async () => {
      await expect(move('node-b')).rejects.toThrow(IMMUTABLE);
      const before = (await api.list(CUSTOM_RESOURCE_DEFINITIONS)).items;
      expect((await stack.up()).changes).toEqual({ create: 3 });
      await move('node-b');

      const after = (await api.list(CUSTOM_RESOURCE_DEFINITIONS)).items;
      expect(before.map(({ metadata }) => metadata.name)).toHaveLength(9);
      const others = (items: typeof after) => items.filter(({ metadata }) => metadata.name !== STATUSES.name);
      expect(others(after)).toEqual(others(before));
      const [theirs] = before.filter(({ metadata }) => metadata.name === STATUSES.name).map(contentOf);
      const [mended] = after.filter(({ metadata }) => metadata.name === STATUSES.name).map(contentOf);
      const { properties } = theirs?.spec.versions[0]?.schema.openAPIV3Schema.properties?.['status'] ?? {};
      delete properties?.['node']?.['x-kubernetes-validations'];
      expect(mended).toEqual(theirs);
    },
    LIMIT_MS,
  );

  it(
    'changes nothing by the next `up`, nor by a refresh',
    async () => {
      const { metadata } = await api.get(CUSTOM_RESOURCE_DEFINITIONS, STATUSES);
      expect((await stack.up()).changes).toEqual({ same: 3, read: 1 });
      await stack.refresh();
      expect((await stack.preview()).steps).toEqual([READ]);
      expect((await api.get(CUSTOM_RESOURCE_DEFINITIONS, STATUSES)).metadata).toEqual(metadata);
    },
    LIMIT_MS,
  );

  it.each([
    ['up', (): Promise<unknown> => Promise.resolve()],
    ['refresh, then up', () => stack.refresh()],
  ])(
    "is undone when upstream's manifest is applied again, and done again by %s",
    async (_, prepare) => {
      await applyUpstream();
      await expect(move('node-c')).rejects.toThrow(IMMUTABLE);
      await prepare();
      expect((await stack.preview()).steps).toEqual([
        READ,
        'update CustomResourceDefinitionPatch metallb-crd-servicel2statuses',
      ]);
      await stack.up();
      await move('node-c');
      await move('node-b');
    },
    LIMIT_MS,
  );

  it(
    'stays when the stack goes',
    async () => {
      const { metadata } = await api.get(CUSTOM_RESOURCE_DEFINITIONS, STATUSES);
      await stack.destroy();
      await move('node-d');
      expect((await api.get(CUSTOM_RESOURCE_DEFINITIONS, STATUSES)).metadata.uid).toBe(metadata.uid);
    },
    LIMIT_MS,
  );

  it(
    'needs something to mend, and says so',
    async () => {
      await api.delete(CUSTOM_RESOURCE_DEFINITIONS, STATUSES);
      // Its objects go first.
      await eventually(async () => {
        const gone = api.get(CUSTOM_RESOURCE_DEFINITIONS, STATUSES);
        await expect(gone).rejects.toMatchObject({ code: 'NotFound' });
      });
      await expect(stack.preview()).rejects.toThrow("'servicel2statuses.metallb.io' does not exist");
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
