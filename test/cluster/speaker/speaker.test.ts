import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { electOwner } from '@metallb-l2/sdk/election';
import {
  ENDPOINT_SLICES,
  EVENTS,
  isKubeError,
  type KubeObject,
  NODES,
  type Pod,
  PODS,
  type ResourceType,
  SERVICES,
  systemClock,
  systemRandom,
} from '@metallb-l2/sdk/kube';
import {
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  SERVICE_L2_STATUSES,
  type ServiceL2Status,
} from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS } from '@metallb-l2/sdk/settings';
import { HealthBoard } from '../../../speaker/src/http/health.js';
import { LocalLan } from '../../../speaker/src/lan/local-lan.js';
import { runSpeaker } from '../../../speaker/src/speaker.js';
import { SERVICE_ACCOUNTS } from '../../lab/service-accounts.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { RecordedMeter } from '../../support/recorded-meter.ts';
import { SimulatedLan } from '../../support/simulated-lan.ts';
import { until } from '../../support/until.ts';
import { establish, START_TIMEOUT_MS, startTestCluster, type TestCluster } from '../sdk/control-plane.ts';

/** Longest time for one test on a busy machine. */
const LIMIT_MS = 120_000;

const NODE_NAMES = ['iris1', 'iris2'];
const SERVICE_IPS: Record<string, string> = { web: '10.20.30.1', db: '10.20.30.2', mail: '10.20.30.3' };

let cluster: TestCluster;
let namespace: string;
let lan: SimulatedLan;
let speakers: Map<string, RunningSpeaker>;

beforeAll(async () => {
  cluster = await startTestCluster();
  for (const name of NODE_NAMES) await cluster.api.create(NODES, { metadata: { name } });
}, START_TIMEOUT_MS);
afterAll(() => cluster.stop());

beforeEach(async () => {
  namespace = await cluster.createNamespace();
  lan = new SimulatedLan();
  speakers = new Map();
  await ensure(SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace } });
  await ensure(IP_ADDRESS_POOLS, {
    metadata: { name: 'main', namespace },
    spec: { addresses: ['10.20.30.0/24'] },
  });
  await ensure(L2_ADVERTISEMENTS, { metadata: { name: 'all', namespace }, spec: {} });
  for (const [name, ip] of Object.entries(SERVICE_IPS)) await createService(name, ip);
});
afterEach(async () => {
  for (const speaker of speakers.values()) await speaker.stop();
  for (const name of Object.keys(SERVICE_IPS)) {
    await cluster.api.delete(SERVICES, { namespace, name }).catch(() => undefined);
  }
});

/** A speaker in this process: the real API server, the simulated network. */
class RunningSpeaker {
  readonly host = lan.addHost('node');
  readonly meter = new RecordedMeter();
  readonly log = new RecordedLog();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(nodeName: string, pod: Pod) {
    const ports = { clock: systemClock, random: systemRandom, log: this.log, meter: this.meter };
    const localLan = new LocalLan({
      ...ports,
      links: this.host,
      openSocket: this.host.openSocket,
      openGroups: this.host.openGroups,
    });
    this.#running = runSpeaker(
      { ...ports, api: cluster.api, lan: localLan, health: new HealthBoard(systemClock) },
      {
        namespace,
        nodeName,
        pod: { name: pod.metadata.name ?? '', uid: pod.metadata.uid ?? '' },
      },
      this.#stop.signal,
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

async function startSpeaker(nodeName: string): Promise<Pod> {
  const created = await cluster.api.create(PODS, {
    metadata: { generateName: 'speaker-', namespace, labels: { ...COMPONENT_LABELS.speaker } },
    spec: { nodeName, containers: [{ name: 'speaker', image: 'none' }] },
  });
  speakers.set(nodeName, new RunningSpeaker(nodeName, created));
  await setReady(created, true);
  return created;
}

async function setReady(pod: Pod, ready: boolean): Promise<void> {
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const ref = { namespace, name: pod.metadata.name ?? '' };
  const patch = { status: { phase: 'Running', conditions } };
  await cluster.api.patch(PODS, ref, patch, { type: 'merge', subresource: 'status' });
}

async function createService(name: string, ip: string): Promise<void> {
  await ensure(SERVICES, {
    metadata: { name, namespace },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  });
  const patch = { status: { loadBalancer: { ingress: [{ ip }] } } };
  await cluster.api.patch(SERVICES, { namespace, name }, patch, { type: 'merge', subresource: 'status' });
  await ensure(ENDPOINT_SLICES, {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.0.1'], conditions: { ready: true } }],
    ports: [],
  });
}

async function ensure<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<void> {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  try {
    await cluster.api.create(type, { apiVersion, kind: type.kind, ...object });
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error;
  }
}

async function statuses(): Promise<ServiceL2Status[]> {
  try {
    return (await cluster.api.list(SERVICE_L2_STATUSES, { namespace })).items;
  } catch (error) {
    // For a moment after a CRD was changed the server has "storage is (re)initializing" to say.
    if (!isKubeError(error, 'TooManyRequests')) throw error;
    await systemClock.sleep(error.retryAfterMs ?? 1000);
    return statuses();
  }
}

/** What is published, by service; a service with two objects shows both. */
async function published(): Promise<Record<string, string>> {
  const owners: Record<string, string> = {};
  for (const { status } of await statuses()) {
    const name = status?.serviceName ?? 'nothing yet';
    owners[name] = [owners[name], status?.node].filter((part) => part !== undefined).join(' and ');
  }
  return owners;
}

const elected = (nodes: string[]) =>
  Object.fromEntries(Object.entries(SERVICE_IPS).map(([name, ip]) => [name, electOwner(nodes, ip) ?? '']));

const says = (nodes: string[]) => async () => {
  const owners = await published();
  return (
    JSON.stringify(Object.entries(owners).sort()) === JSON.stringify(Object.entries(elected(nodes)).sort())
  );
};

describe('speakers over a real API server', () => {
  it(
    'publish each service once, owned by their pods, and move the objects in place',
    async () => {
      const pods = new Map<string, Pod>();
      for (const name of NODE_NAMES) pods.set(name, await startSpeaker(name));
      await until('each service is published by its elected node', says(NODE_NAMES));
      const before = await statuses();
      for (const { metadata, status } of before) {
        expect(metadata.name).toMatch(/^iris[12]-/);
        expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([
          pods.get(status?.node ?? '')?.metadata.uid,
        ]);
        expect(status).toMatchObject({
          interfaces: [{ name: 'lan0' }],
          addresses: [SERVICE_IPS[status?.serviceName ?? '']],
        });
      }

      await setReady(pods.get('iris2') as Pod, false);
      await until('iris1 has everything', says(['iris1']));
      const after = await statuses();
      expect(after.map(({ metadata }) => metadata.uid).sort()).toEqual(
        before.map(({ metadata }) => metadata.uid).sort(),
      );
      expect(
        new Set(after.flatMap(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid))),
      ).toEqual(new Set([pods.get('iris1')?.metadata.uid]));

      await cluster.api.delete(SERVICES, { namespace, name: 'web' });
      await until('the status of the deleted service is gone', async () => (await statuses()).length === 2);
    },
    LIMIT_MS,
  );

  it(
    'say with an event which node announces a service',
    async () => {
      await startSpeaker('iris1');
      await until('an event for each service', async () => {
        const { items } = await cluster.api.list(EVENTS, { namespace });
        return items.filter(({ reason }) => reason === 'nodeAssigned').length === 3;
      });
      const { items } = await cluster.api.list(EVENTS, { namespace });
      expect(items[0]).toMatchObject({
        message: 'announcing from node "iris1" with protocol "layer2"',
        reportingComponent: 'metallb-speaker',
        involvedObject: { kind: 'Service', namespace },
      });
    },
    LIMIT_MS,
  );

  it(
    'move the status past the stock CRD, where status.node is immutable',
    async () => {
      const ours = customResourceDefinitions().find(({ spec }) => spec.names.kind === 'ServiceL2Status');
      if (ours === undefined) throw new Error('there is no CRD for ServiceL2Status');
      const stock = structuredClone(ours);
      const fields = stock.spec.versions[0]?.schema.openAPIV3Schema.properties?.['status']?.properties ?? {};
      fields['node'] = { ...fields['serviceName'] };
      delete fields['addresses'];
      delete fields['announcedSince'];
      await establish(cluster.api, stock);
      try {
        const pods = new Map<string, Pod>();
        for (const name of NODE_NAMES) pods.set(name, await startSpeaker(name));
        await until('each service is published by its elected node', says(NODE_NAMES));
        await setReady(pods.get('iris2') as Pod, false);
        await until('iris1 has everything', says(['iris1']));
        expect(speakers.get('iris1')?.meter.value('metallb_status_immutable_node')).toBeGreaterThan(0);
        expect((await statuses())[0]?.status).not.toHaveProperty('addresses');
      } finally {
        await establish(cluster.api, ours);
      }
    },
    LIMIT_MS,
  );
});
