/** A second installation in a cluster: it is refused, and the first one keeps what it has. */
import type { KubeObject, ResourceType } from '@metallb-l2/sdk/kube';
import { MetalLBLayer2 } from '../../../component/src/index.js';
import { doNotWait } from '../../support/do-not-wait.ts';
import { type StackCluster, startStackCluster } from '../../support/stack-cluster.ts';

const rbac = (kind: string, plural: string): ResourceType => ({
  ...{ group: 'rbac.authorization.k8s.io', version: 'v1' },
  ...{ kind, plural, namespaced: false },
});
const CLUSTER_WIDE: readonly ResourceType[] = [
  rbac('ClusterRole', 'clusterroles'),
  rbac('ClusterRoleBinding', 'clusterrolebindings'),
  {
    ...{ group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false },
    ...{ kind: 'ValidatingAdmissionPolicy', plural: 'validatingadmissionpolicies' },
  },
];

const installation = (namespace: string) => () => {
  new MetalLBLayer2(
    'metallb',
    {
      namespace,
      loadBalancerClass: `example.com/${namespace}`,
      image: { reference: 'registry.example.com/metallb-l2:1' },
      pools: [],
    },
    { transforms: [doNotWait] },
  );
  return Promise.resolve({});
};

let cluster: StackCluster;

/** The objects of an installation that are in no namespace. */
async function clusterWide(): Promise<KubeObject[]> {
  const lists = await Promise.all(CLUSTER_WIDE.map((type) => cluster.api.list(type)));
  return lists.flatMap(({ items }) =>
    items.filter(({ metadata }) => metadata.name?.startsWith('metallb-l2') === true),
  );
}

beforeAll(async () => {
  cluster = await startStackCluster();
  await (await cluster.createStack('first', installation('lan'))).up();
}, 120_000);

afterAll(() => cluster.stop(), 60_000);

describe('a second installation', () => {
  it.each([
    ['is told what exists already', false, /"metallb-l2.*" already exists/],
    [
      'that may take over what exists is told whose it is',
      true,
      /conflict[^]*\.metadata\.annotations\.metallb-l2\/namespace/,
    ],
  ])(
    '%s, and takes nothing with it',
    async (_, upsert, message) => {
      const before = await clusterWide();
      expect(before).toHaveLength(5);
      const second = await cluster.createStack(`second-${String(upsert)}`, installation('edge'), {
        config: { 'kubernetes:upsertExistingObjects': upsert },
      });
      const refusal = await second.up().then(
        () => 'none',
        (error: unknown) => String(error),
      );
      await second.destroy();
      expect(await clusterWide()).toEqual(before);
      expect(refusal).toMatch(message);
    },
    120_000,
  );
});
