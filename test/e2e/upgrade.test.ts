/**
 * docs/upgrade.md as it stands: from upstream's plain manifest to ours, with services that keep their addresses and
 * a client that connects all the time.
 */
import { readFile } from 'node:fs/promises';
import { ServiceL2StatusClient } from '@metallb-l2/sdk';
import { PODS, ResourceCache, type Service, SERVICES, systemClock, systemRandom } from '@metallb-l2/sdk/kube';
import { connect, type KubeConnection } from '@metallb-l2/sdk/kube/connect';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS, METALLB_API_VERSION } from '@metallb-l2/sdk/models';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import { MetalLBLayer2 } from '../../component/src/index.js';
import { LanProbe } from '../bench/lan/probe.ts';
import { arpAnswers, nodesByMac } from '../demo/probe.ts';
import { labSite } from '../demo/site.ts';
import { createWorkload, WORKLOAD_NAMESPACE } from '../demo/workload.ts';
import { kubectl } from '../lab/kubectl.ts';
import { startLab, type Lab } from '../lab/lab.ts';
import { applyManifest, prepareManifest } from '../lab/upstream/manifest.ts';
import { eventually } from '../support/eventually.ts';
import { createStack, type PulumiStack } from '../support/pulumi-stack.ts';

const MINUTE = 60_000;
const stop = new AbortController();
const task = { log: () => undefined, signal: stop.signal };
const services = ['web-1', 'web-2', 'web-3'];

/** The lines of the document's shell blocks, in order. */
async function documentedCommands(): Promise<string[]> {
  const text = await readFile(new URL('../../docs/upgrade.md', import.meta.url), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => block.trim().split('\n'));
}

const addressesOf = ({ status }: Service) => (status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip);

describe('an installation of upstream’s plain manifest', () => {
  let lab: Lab;
  let api: KubeConnection;
  let client: ServiceL2StatusClient;
  let stack: PulumiStack;
  let probe: LanProbe;
  let held: Map<string, string[]>;
  /** Undone in reverse, as far as the start came. */
  const releases: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    lab = await startLab({ ...task, nodes: 3 });
    releases.push(() => lab.down());
    const { kubeconfig, config, sampleImage } = await labSite(lab);
    api = connect({ kubeconfig });
    releases.push(() => api.close());
    client = new ServiceL2StatusClient({ api });

    await applyManifest(lab, await prepareManifest(lab, task), task.signal);
    for (const workload of ['deployment/controller', 'daemonset/speaker']) {
      await kubectl(lab, ['rollout', 'status', workload, '-n', DEFAULT_NAMESPACE, '--timeout=120s']);
    }
    const metadata = { name: 'production', namespace: DEFAULT_NAMESPACE };
    // What the webhook answers before it is there is upstream's own affair.
    await eventually(async () => {
      await api.create(IP_ADDRESS_POOLS, {
        ...{ apiVersion: METALLB_API_VERSION, kind: IP_ADDRESS_POOLS.kind, metadata },
        spec: { addresses: [lab.addressPool] },
      });
    });
    await api.create(L2_ADVERTISEMENTS, {
      ...{ apiVersion: METALLB_API_VERSION, kind: L2_ADVERTISEMENTS.kind, metadata },
      spec: { ipAddressPools: [metadata.name] },
    });
    await createWorkload(api, { image: sampleImage, replicas: 3, services, signal: task.signal });
    await eventually(async () => {
      const { items } = await api.list(SERVICES, { namespace: WORKLOAD_NAMESPACE });
      held = new Map(items.map((service) => [service.metadata.name ?? '', addressesOf(service)]));
      expect([...held.values()].flat()).toHaveLength(services.length);
      const { statuses } = await client.list();
      expect(statuses).toHaveLength(services.length);
    }, MINUTE);

    stack = await createStack({
      name: 'test',
      projectName: 'upgrade',
      kubeconfig,
      config: { 'kubernetes:upsertExistingObjects': true },
      program: () => {
        new MetalLBLayer2('metallb', {
          image: { build: config['build'] as { repository: string } },
          createNamespace: false,
          pools: [{ name: 'production', addresses: [lab.addressPool] }],
          advertisements: [{ name: 'production', pools: ['production'] }],
        });
        return Promise.resolve();
      },
      ...task,
    });
    releases.push(() => stack.dispose());
  }, 6 * MINUTE);

  afterAll(async () => {
    for (const release of releases.reverse()) await release();
    stop.abort();
  }, MINUTE);

  it(
    'becomes ours without a service losing its address',
    async () => {
      const [address = ''] = held.get('web-1') ?? [];
      probe = await LanProbe.start(lab, 'client', { address, port: 80 }, task);
      releases.push(() => probe.stop());
      const watched = new ResourceCache({ api, clock: systemClock, random: systemRandom }, SERVICES, {
        namespace: WORKLOAD_NAMESPACE,
      });
      const changes: string[] = [];
      watched.subscribe(() => {
        for (const service of watched.list()) {
          const { name = '' } = service.metadata;
          const now = addressesOf(service);
          if (now.join() !== held.get(name)?.join()) changes.push(`${name}: ${now.join()}`);
        }
      });
      const ended = watched.run(stop.signal);
      releases.push(() => {
        stop.abort();
        return ended;
      });
      await watched.ready();
      await probe.until('a connect', () => probe.connects.some(({ ok }) => ok), 30_000);

      for (const command of await documentedCommands()) {
        const [program, ...args] = command.split(' ');
        if (program === 'kubectl') await kubectl(lab, args);
        else if (command === 'pulumi up') await stack.up();
        else expect(command).toBe('pulumi config set kubernetes:upsertExistingObjects true');
      }

      const macs = await nodesByMac(lab);
      await eventually(async () => {
        const { statuses } = await client.list();
        expect(statuses.map(({ service }) => service.name).sort()).toEqual(services);
        for (const { node, addresses, service } of statuses) {
          // Upstream's statuses have no addresses.
          expect(addresses).toEqual(held.get(service.name));
          const answering = await arpAnswers(lab, 'client', addresses[0] ?? '');
          expect(answering.map((mac) => macs.get(mac))).toEqual([node]);
        }
      }, MINUTE);
      expect(changes).toEqual([]);
      const lost = probe.connects.filter(({ ok }) => !ok).length;
      process.stdout.write(`upgrade: ${lost} of ${probe.connects.length} connects lost\n`);
    },
    5 * MINUTE,
  );

  it(
    'has no pod of upstream’s left, and nothing to change',
    async () => {
      const { items } = await api.list(PODS, { namespace: DEFAULT_NAMESPACE });
      const images = new Set(items.flatMap(({ spec }) => spec?.containers?.map(({ image }) => image) ?? []));
      expect([...images]).toEqual([expect.stringContaining('/metallb-l2')]);
      expect(Object.keys((await stack.up()).changes)).toEqual(['same']);
    },
    2 * MINUTE,
  );
});
