/** An `up` that dies midway: the next one ends where the first would have, whatever moment that was. */
import { CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES } from '@metallb-l2/sdk/kube';
import { MetalLBLayer2 } from '../../../component/src/index.js';
import { doNotWait } from '../../support/do-not-wait.ts';
import { FaultyProxy } from '../../support/faulty-proxy.ts';
import type { PulumiStack } from '../../support/pulumi-stack.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { type StackCluster, startStackCluster } from '../../support/stack-cluster.ts';

/** The engine is killed when it tells that one of these is being created: early, midway, late. */
const MOMENTS = ['CustomResourceDefinitionPatch', 'Deployment', 'DaemonSet'];

const program = (logLevel = 'info') => {
  new MetalLBLayer2(
    'metallb',
    {
      logLevel,
      image: { reference: 'registry.example.com/metallb-l2:1' },
      pools: [{ name: 'production', addresses: ['192.168.10.0/24'] }],
    },
    { transforms: [doNotWait] },
  );
  return Promise.resolve();
};

describe('an interrupted `pulumi up`', () => {
  let cluster: StackCluster;
  let stack: PulumiStack;
  let onLine: (line: string) => void = () => undefined;

  const newStack = () =>
    cluster.createStack('interrupted', () => program(), {
      config: { 'kubernetes:upsertExistingObjects': true },
      log: (line) => onLine(line),
    });

  beforeAll(async () => {
    cluster = await startStackCluster();
    stack = await newStack();
  }, 120_000);

  afterAll(() => cluster.stop(), 60_000);

  it.each(MOMENTS)(
    'killed while it creates a %s',
    async (kind) => {
      onLine = (line) => {
        if (line.includes(`:${kind} `) && line.includes(' creating (')) stack.killEngine();
      };
      await expect(stack.up()).rejects.toThrow('SIGKILL');
      onLine = () => undefined;

      await stack.cancel();
      await stack.up();
      expect(Object.keys((await stack.up()).changes)).toEqual(['same']);
      // What was adopted is the stack's own: it can be changed like anything else.
      expect((await stack.up(() => program('debug'))).changes).toMatchObject({ update: 2 });
      await stack.destroy();
      const { items } = await cluster.api.list(NAMESPACES);
      expect(items.map(({ metadata }) => metadata.name)).not.toContain('metallb-system');
      expect((await cluster.api.list(CUSTOM_RESOURCE_DEFINITIONS)).items).toHaveLength(4);
    },
    120_000,
  );

  it('killed while it waits for pods it has not noted yet leaves workloads that can be changed', async () => {
    await stack.up();
    // With a state of its own, which knows of nothing: what exists is all as if it had not been noted.
    const next = await newStack();
    await next.up();
    expect((await next.up(() => program('debug'))).changes).toMatchObject({ update: 2 });
    await next.destroy();
  }, 120_000);

  it('killed when the Deployment is there, and before it knows', async () => {
    const proxy = await FaultyProxy.start(cluster.kubeconfig, seededRandom(1));
    try {
      const proxied = await cluster.createStack('unaware', () => program(), {
        config: { 'kubernetes:upsertExistingObjects': true },
        kubeconfig: proxy.kubeconfig,
      });
      const created = proxy.loseAnswer(
        ({ method, path, dryRun }) => method !== 'GET' && !dryRun && path.includes('/deployments'),
      );
      const killed = expect(proxied.up()).rejects.toThrow('SIGKILL');
      await Promise.race([created, killed]);
      proxied.killEngine();
      await killed;

      await proxied.cancel();
      await proxied.up();
      expect(Object.keys((await proxied.up()).changes)).toEqual(['same']);
      expect((await proxied.up(() => program('debug'))).changes).toMatchObject({ update: 2 });
      await proxied.destroy();
    } finally {
      await proxy.stop();
    }
  }, 120_000);
});
