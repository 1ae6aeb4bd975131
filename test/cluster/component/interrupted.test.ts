/** An `up` that dies midway: the next one ends where the first would have, whatever moment that was. */
import { CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES } from '@metallb-l2/sdk/kube';
import { type KubeConnection, connect } from '@metallb-l2/sdk/kube/connect';
import { MetalLBLayer2 } from '../../../component/src/index.js';
import { startControlPlane } from '../../lab/control-plane.ts';
import { doNotWait } from '../../support/do-not-wait.ts';
import { type PulumiStack, createStack } from '../../support/pulumi-stack.ts';

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
  let stack: PulumiStack;
  let api: KubeConnection;
  let onLine: (line: string) => void = () => undefined;
  /** Undone in reverse, as far as the start came. */
  const releases: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    const log = () => undefined;
    const cluster = await startControlPlane({ log, signal: new AbortController().signal });
    const { kubeconfig } = cluster;
    releases.push(() => cluster.stop());
    api = connect({ kubeconfig });
    releases.push(() => api.close());
    stack = await createStack({
      name: 'test',
      projectName: 'interrupted',
      program: () => program(),
      kubeconfig,
      config: { 'kubernetes:upsertExistingObjects': true },
      log: (line) => onLine(line),
    });
    releases.push(() => stack.dispose());
  }, 120_000);

  afterAll(async () => {
    for (const release of releases.reverse()) await release();
  }, 60_000);

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
      const { items } = await api.list(NAMESPACES);
      expect(items.map(({ metadata }) => metadata.name)).not.toContain('metallb-system');
      expect((await api.list(CUSTOM_RESOURCE_DEFINITIONS)).items).toHaveLength(4);
    },
    120_000,
  );
});
