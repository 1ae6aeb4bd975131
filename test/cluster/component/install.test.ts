import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  NAMESPACES,
  type ResourceType,
} from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS } from '@metallb-l2/sdk/models';
import { MetalLBLayer2 } from '../../../component/src/index.js';
import { doNotWait } from '../../support/do-not-wait.ts';
import type { PulumiStack } from '../../support/pulumi-stack.ts';
import { type StackCluster, startStackCluster } from '../../support/stack-cluster.ts';

function program() {
  const { namespace, image, crdNames, ready } = new MetalLBLayer2(
    'metallb',
    {
      image: { reference: 'registry.example.com/metallb-l2:1' },
      pools: [
        { name: 'production', addresses: ['192.168.10.0/24'] },
        { name: 'lab', addresses: ['fd00::1-fd00::ff'], autoAssign: false },
      ],
    },
    { transforms: [doNotWait] },
  );
  return Promise.resolve({ namespace, image, crdNames, ready });
}

let cluster: StackCluster;
let stack: PulumiStack;

async function namesOf<T extends KubeObject>(type: ResourceType<T>): Promise<string[]> {
  const { items } = await cluster.api.list(type);
  return items.map(({ metadata }) => metadata.name ?? '').sort();
}

beforeAll(async () => {
  cluster = await startStackCluster();
  stack = await cluster.createStack('install', program);
}, 120_000);

afterAll(() => cluster.stop(), 60_000);

describe('the component on a real API server', () => {
  it('installs in one pass, changes nothing on the next, and comes back after its removal', async () => {
    const first = await stack.up();
    expect(first.changes).toEqual({ create: 25 });
    expect(first.outputs).toMatchObject({
      namespace: 'metallb-system',
      image: 'registry.example.com/metallb-l2:1',
      // No node runs the controller.
      ready: false,
    });
    expect(await namesOf(IP_ADDRESS_POOLS)).toEqual(['lab', 'production']);
    expect(await namesOf(L2_ADVERTISEMENTS)).toEqual(['default']);

    await stack.refresh();
    const second = await stack.up();
    expect(second.changes).toEqual({ same: 25 });

    await stack.destroy();
    expect(await namesOf(NAMESPACES)).not.toContain('metallb-system');
    expect(await namesOf(CUSTOM_RESOURCE_DEFINITIONS)).toEqual(
      (first.outputs['crdNames'] as string[]).toSorted(),
    );

    const again = await stack.up();
    expect(again.changes).toEqual({ create: 25 });
    expect(await namesOf(IP_ADDRESS_POOLS)).toEqual(['lab', 'production']);
  }, 240_000);
});
