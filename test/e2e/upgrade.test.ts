/**
 * docs/upgrade.md as it stands: from upstream's plain manifest and from its Helm release to ours, with services that
 * keep their addresses and a client that connects all the time.
 */
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { ServiceL2StatusClient } from '@metallb-l2/sdk';
import { PODS, ResourceCache, type Service, SERVICES, systemClock, systemRandom } from '@metallb-l2/sdk/kube';
import { connect, type KubeConnection } from '@metallb-l2/sdk/kube/connect';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS, METALLB_API_VERSION } from '@metallb-l2/sdk/models';
import {
  DEFAULT_NAMESPACE,
  MEMBERLIST_SECRET,
  MEMBERLIST_SECRET_ENTRY,
  SERVICE_ANNOTATIONS,
} from '@metallb-l2/sdk/settings';
import { MetalLBLayer2 } from '../../component/src/index.js';
import { LanProbe } from '../bench/lan/probe.ts';
import { arpAnswers, nodesByMac } from '../demo/probe.ts';
import { labSite } from '../demo/site.ts';
import { createWorkload, WORKLOAD_NAMESPACE } from '../demo/workload.ts';
import { kubectl } from '../lab/kubectl.ts';
import { startLab, type Lab } from '../lab/lab.ts';
import { runChecked } from '../lab/run.ts';
import { installChart } from '../lab/upstream/chart.ts';
import { applyManifest, prepareManifest } from '../lab/upstream/manifest.ts';
import { eventually } from '../support/eventually.ts';
import { openForAll } from '../support/open-for-all.ts';
import { createStack, type PulumiStack } from '../support/pulumi-stack.ts';
import type { Task } from '../toolchain/progress.ts';
import { resolveTool } from '../toolchain/resolve.ts';

const MINUTE = 60_000;
const services = ['web-1', 'web-2', 'web-3'];

const WAYS = [
  {
    installation: 'plain manifest',
    section: 'From the plain manifest',
    workloads: ['deployment/controller', 'daemonset/speaker'],
    secret: 'memberlist',
    install: async (lab: Lab, task: Task) => {
      await applyManifest(lab, await prepareManifest(lab, task), task.signal);
    },
  },
  {
    installation: 'Helm release',
    section: 'From a Helm release',
    workloads: ['deployment/metallb-controller', 'daemonset/metallb-speaker'],
    secret: 'metallb-memberlist',
    install: installChart,
  },
];

const NAMESPACED = 'deployments,daemonsets,configmaps,secrets,services,serviceaccounts,roles,rolebindings';
const CLUSTER_WIDE = 'clusterroles,clusterrolebindings,validatingwebhookconfigurations';

/** Ours, what is in every namespace, and what both sides read. */
const LEFT_IN_NAMESPACE = [
  'configmap/kube-root-ca.crt',
  'configmap/metallb-excludel2',
  'daemonset.apps/speaker',
  'deployment.apps/controller',
  'role.rbac.authorization.k8s.io/controller',
  'role.rbac.authorization.k8s.io/speaker',
  'rolebinding.rbac.authorization.k8s.io/controller',
  'rolebinding.rbac.authorization.k8s.io/speaker',
  'secret/memberlist',
  'serviceaccount/controller',
  'serviceaccount/default',
  'serviceaccount/speaker',
];

/** The shell blocks of a section of the document, in order. */
async function documentedBlocks(title: string): Promise<string[]> {
  const text = await readFile(new URL('../../docs/upgrade.md', import.meta.url), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

const BLOCK_OF_PULUMI = 'pulumi config set kubernetes:upsertExistingObjects true\npulumi up\n';

/** Runs a block as a user's shell does, but to its first failure. */
async function runBlock({ kubeconfigPath }: Lab, block: string, task: Task): Promise<void> {
  const env = { ...process.env, KUBECONFIG: kubeconfigPath, KUBECTL: await resolveTool('kubectl', task) };
  const script = `kubectl() { "$KUBECTL" "$@"; }\n${block}`;
  await runChecked(['bash', '-euo', 'pipefail', '-c', script], { env, signal: task.signal });
}

interface Holding {
  readonly addresses: readonly string[];
  readonly pool: string | undefined;
}

function holdingOf({ metadata, status }: Service): Holding {
  return {
    addresses: (status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip),
    pool: metadata.annotations?.[SERVICE_ANNOTATIONS.allocatedFromPool],
  };
}

describe.each(WAYS)('an installation of upstream’s $installation', (way) => {
  const { signal, open, defer } = openForAll();
  const task = { log: () => undefined, signal };
  let lab: Lab;
  let api: KubeConnection;
  let client: ServiceL2StatusClient;
  let stack: PulumiStack;
  let probe: LanProbe;
  let held: Map<string, Holding>;

  beforeAll(async () => {
    lab = await open(startLab({ ...task, nodes: 3 }), (opened) => opened.down());
    const { kubeconfig, config, sampleImage } = await labSite(lab);
    api = connect({ kubeconfig });
    defer(() => api.close());
    client = new ServiceL2StatusClient({ api });

    await way.install(lab, task);
    for (const workload of way.workloads) {
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
      held = new Map(items.map((service) => [service.metadata.name ?? '', holdingOf(service)]));
      const pools = [...held.values()].flatMap(({ addresses, pool }) => addresses.map(() => pool));
      expect(pools).toEqual(services.map(() => metadata.name));
      const { statuses } = await client.list();
      expect(statuses).toHaveLength(services.length);
    }, MINUTE);

    const creating = createStack({
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
    stack = await open(creating, (opened) => opened.dispose());
  }, 6 * MINUTE);

  /** The key in a secret; speakers with another one do not hear each other. */
  function gossipKey(secret: string): Promise<string> {
    const field = `jsonpath={.data.${MEMBERLIST_SECRET_ENTRY}}`;
    return kubectl(lab, ['get', 'secret', secret, '-n', DEFAULT_NAMESPACE, '-o', field]);
  }

  it(
    'becomes ours without a service losing its address',
    async () => {
      const [address = ''] = held.get('web-1')?.addresses ?? [];
      probe = await open(LanProbe.start(lab, 'client', { address, port: 80 }, task), (opened) =>
        opened.stop(),
      );
      const watched = new ResourceCache({ api, clock: systemClock, random: systemRandom }, SERVICES, {
        namespace: WORKLOAD_NAMESPACE,
      });
      const changes: object[] = [];
      watched.subscribe(() => {
        for (const service of watched.list()) {
          const { name = '' } = service.metadata;
          const now = holdingOf(service);
          if (!isDeepStrictEqual(now, held.get(name))) changes.push({ name, ...now });
        }
      });
      const stop = new AbortController();
      const ended = watched.run(stop.signal);
      defer(() => {
        stop.abort();
        return ended;
      });
      await watched.ready();
      await probe.until('a connect', () => probe.connects.some(({ ok }) => ok), 30_000);

      const key = await gossipKey(way.secret);
      for (const block of await documentedBlocks(way.section)) {
        if (block === BLOCK_OF_PULUMI) await stack.up();
        else await runBlock(lab, block, task);
      }

      expect(await gossipKey(MEMBERLIST_SECRET)).toBe(key);
      const macs = await nodesByMac(lab);
      await eventually(async () => {
        const { statuses } = await client.list();
        expect(statuses.map(({ service }) => service.name).sort()).toEqual(services);
        for (const { node, addresses, service } of statuses) {
          // Upstream's statuses have no addresses.
          expect(addresses).toEqual(held.get(service.name)?.addresses);
          const answering = await arpAnswers(lab, 'client', addresses[0] ?? '');
          expect(answering.map((mac) => macs.get(mac))).toEqual([node]);
        }
      }, MINUTE);
      expect(changes).toEqual([]);
      const lost = probe.connects.filter(({ ok }) => !ok).length;
      process.stdout.write(
        `upgrade from a ${way.installation}: ${lost} of ${probe.connects.length} connects lost\n`,
      );
    },
    5 * MINUTE,
  );

  it(
    'has nothing of upstream’s left, and nothing to change',
    async () => {
      const { items } = await api.list(PODS, { namespace: DEFAULT_NAMESPACE });
      const images = new Set(items.flatMap(({ spec }) => spec?.containers?.map(({ image }) => image) ?? []));
      expect([...images]).toEqual([expect.stringContaining('/metallb-l2')]);
      const inNamespace = await kubectl(lab, ['get', NAMESPACED, '-n', DEFAULT_NAMESPACE, '-o', 'name']);
      expect(inNamespace.trim().split('\n').sort()).toEqual(LEFT_IN_NAMESPACE);
      const clusterWide = await kubectl(lab, ['get', CLUSTER_WIDE, '-o', 'name']);
      const itsOwn = clusterWide.split('\n').filter((name) => /metallb|frr-k8s/.test(name));
      expect(itsOwn.filter((name) => !name.includes('/metallb-l2'))).toEqual([]);
      expect(Object.keys((await stack.up()).changes)).toEqual(['same']);
    },
    2 * MINUTE,
  );
});
