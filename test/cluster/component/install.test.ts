import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  NAMESPACES,
  type ResourceType,
} from '@metallb-l2/sdk/kube';
import { type KubeConnection, connect } from '@metallb-l2/sdk/kube/connect';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS } from '@metallb-l2/sdk/models';
import { MetalLBLayer2 } from '../../../component/src/index.js';
import { startControlPlane } from '../../lab/control-plane.ts';
import { doNotWait } from '../../support/do-not-wait.ts';
import { type PulumiStack, createStack } from '../../support/pulumi-stack.ts';

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

let stack: PulumiStack;
let api: KubeConnection;
/** Undone in reverse, as far as the start came. */
const releases: (() => Promise<void> | void)[] = [];

async function namesOf<T extends KubeObject>(type: ResourceType<T>): Promise<string[]> {
  const { items } = await api.list(type);
  return items.map(({ metadata }) => metadata.name ?? '').sort();
}

beforeAll(async () => {
  const log = () => undefined;
  const cluster = await startControlPlane({ log, signal: new AbortController().signal });
  const { kubeconfig } = cluster;
  releases.push(() => cluster.stop());
  api = connect({ kubeconfig });
  releases.push(() => api.close());
  stack = await createStack({ name: 'test', projectName: 'install', program, kubeconfig, log });
  releases.push(() => stack.dispose());
}, 120_000);

afterAll(async () => {
  for (const release of releases.reverse()) await release();
}, 60_000);

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
