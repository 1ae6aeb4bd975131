import { randomBytes } from 'node:crypto';
import {
  type Clock,
  EVENTS,
  type KubeApi,
  NODES,
  PODS,
  SERVICES,
  type Service,
  systemClock,
  systemRandom,
} from '@metallb-l2/sdk/kube';
import {
  CONFIGURATION_STATES,
  type ConfigurationResult,
  IP_ADDRESS_POOLS,
  type IPAddressPoolSpec,
  L2_ADVERTISEMENTS,
  SERVICE_L2_STATUSES,
} from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS, DEFAULT_LEASE } from '@metallb-l2/sdk/settings';
import { runController } from '../../../speaker/src/controller/controller.js';
import { HealthBoard } from '../../../speaker/src/http/health.js';
import { PrometheusMeter } from '../../../speaker/src/metrics.js';
import { newStatusObject } from '../../../speaker/src/cluster/status-object.js';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { until } from '../../support/until.ts';
import { START_TIMEOUT_MS, type TestCluster, startTestCluster } from '../sdk/control-plane.ts';
import { createPod, type PodRef } from './controller-pod.ts';

const FROM_POOL = 'metallb.io/ip-allocated-from-pool';

let cluster: TestCluster;
let namespace: string;
let controller: RunningController;

beforeAll(async () => {
  cluster = await startTestCluster();
}, START_TIMEOUT_MS);
afterAll(() => cluster.stop());

beforeEach(async () => {
  namespace = await cluster.createNamespace();
  controller = new RunningController(await createPod(cluster.api, { namespace, name: 'controller' }));
});
afterEach(async () => {
  await controller.stop();
  for (const { metadata } of await services()) await remove(metadata.name ?? '');
});

/** A controller in this process over the real API server, and the writes it has made. */
class RunningController {
  /** Of services. */
  writes = 0;
  /** Of the status of pools. */
  poolWrites = 0;
  readonly log = new RecordedLog();
  readonly #pod: PodRef;
  #stop = new AbortController();
  #running = Promise.resolve();

  constructor(pod: PodRef) {
    this.#pod = pod;
  }

  start(clock: Clock = systemClock): void {
    this.#stop = new AbortController();
    const { api } = cluster;
    const counting: KubeApi = {
      list: (...call) => api.list(...call),
      get: (...call) => api.get(...call),
      create: (...call) => api.create(...call),
      patch: (...call) => api.patch(...call),
      delete: (...call) => api.delete(...call),
      watch: (...call) => api.watch(...call),
      replace: (type, ...call) => {
        if (type.plural === SERVICES.plural) this.writes += 1;
        else this.poolWrites += 1;
        return api.replace(type, ...call);
      },
    };
    const deps = {
      api: counting,
      clock,
      random: systemRandom,
      randomBytes,
      log: this.log,
      meter: new PrometheusMeter(),
      health: new HealthBoard(clock),
    };
    const pod = this.#pod;
    const settings = { namespace, logLevel: 'info', httpPort: 7472, pod, lease: DEFAULT_LEASE } as const;
    this.#running = runController(deps, settings, this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

async function services(): Promise<Service[]> {
  return (await cluster.api.list(SERVICES, { namespace })).items;
}

async function addresses(): Promise<string[]> {
  const all = await services();
  return all.flatMap(({ status }) => status?.loadBalancer?.ingress?.map(({ ip }) => ip ?? '') ?? []);
}

async function events(name: string): Promise<string[]> {
  const { items } = await cluster.api.list(EVENTS, { namespace });
  const about = items.filter(({ involvedObject }) => involvedObject.name === name);
  return about.map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`);
}

const create = (name: string, spec: Service['spec'] = {}) =>
  cluster.api.create(SERVICES, {
    metadata: { name, namespace, annotations: { 'example.com/kept': 'yes' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
  });
const remove = (name: string) => cluster.api.delete(SERVICES, { namespace, name });
const createPool = (name: string, ...texts: string[]) =>
  cluster.api.create(IP_ADDRESS_POOLS, {
    metadata: { name, namespace },
    spec: { addresses: texts } satisfies IPAddressPoolSpec,
  });
const poolStatus = async (name: string) =>
  (await cluster.api.get(IP_ADDRESS_POOLS, { namespace, name })).status;
/** What the ConfigurationState says once it says `result`. */
async function configuration(result: ConfigurationResult) {
  const states = async () => (await cluster.api.list(CONFIGURATION_STATES, { namespace })).items;
  await until(
    `the configuration is called ${result}`,
    async () => (await states())[0]?.status?.result === result,
  );
  return states();
}
const haveAddresses = (count: number) =>
  until(`${count} services have addresses`, async () => (await addresses()).length === count);

it('gives 50 services 50 addresses with one write and one event each, and writes nothing after a restart', async () => {
  const names = Array.from({ length: 50 }, (_, index) => `service-${index}`);
  await createPool('production', '10.20.0.0/24');
  controller.start();
  await Promise.all(names.map((name) => create(name)));
  await haveAddresses(50);
  expect(new Set(await addresses()).size).toBe(50);
  expect(controller.writes).toBe(50);
  const eventOf = expect.stringMatching(/^IPAllocated: Assigned IP \["10\.20\.0\.\d+"\]$/) as string;
  const told = async () => Promise.all(names.map(events));
  await until('every service has its event', async () => (await told()).every(({ length }) => length > 0));
  expect(await told()).toEqual(names.map(() => [eventOf]));
  const usage = { assignedIPv4: 50, assignedIPv6: 0, availableIPv4: 206, availableIPv6: 0 };
  await until('the pool says how full it is', async () => {
    return JSON.stringify(await poolStatus('production')) === JSON.stringify(usage);
  });
  expect(controller.poolWrites).toBeLessThan(50);

  const before = await services();
  expect(before[0]?.metadata.annotations).toEqual({ 'example.com/kept': 'yes', [FROM_POOL]: 'production' });
  await controller.stop();
  controller.start();
  await create('one-more');
  await haveAddresses(51);
  expect(controller.writes).toBe(51);
  const after = (await services()).filter(({ metadata }) => metadata.name !== 'one-more');
  expect(after.map(({ status }) => status)).toEqual(before.map(({ status }) => status));
}, 60_000);

it('gives a freed address to the one that waits, whether by deletion or by a change of type', async () => {
  await createPool('small', '10.21.0.1/32');
  controller.start();
  await create('first');
  await haveAddresses(1);
  await create('second');
  await until('the wait is said', async () => (await events('second')).length > 0);
  expect(await events('second')).toEqual([
    `AllocationFailed: Failed to allocate IP for "${namespace}/second": no available IPs`,
  ]);
  await remove('first');
  await haveAddresses(1);

  await create('third');
  await until('the wait is said', async () => (await events('third')).length > 0);
  const ref = { namespace, name: 'second' };
  await cluster.api.patch(SERVICES, ref, { spec: { type: 'ClusterIP' } }, { type: 'merge' });
  await until('the address has moved on', async () => {
    const third = await cluster.api.get(SERVICES, { namespace, name: 'third' });
    return third.status?.loadBalancer?.ingress?.[0]?.ip === '10.21.0.1';
  });
  await until('the mark is gone', async () => {
    const { metadata, status } = await cluster.api.get(SERVICES, ref);
    return metadata.annotations?.[FROM_POOL] === undefined && status?.loadBalancer?.ingress === undefined;
  });
}, 60_000);

it('refuses a pool that overlaps an older one, says so on the pool, and goes on with the older one', async () => {
  await createPool('older', '10.22.0.0/28');
  controller.start();
  await create('before');
  await haveAddresses(1);
  await createPool('younger', '10.22.0.8/29');
  await until('the refusal is said', async () => (await events('younger')).length > 0);
  expect(await events('younger')).toEqual([
    'ConfigurationError: CIDR "10.22.0.8/29" in pool "younger" overlaps with already defined CIDR "10.22.0.0-10.22.0.15"',
  ]);
  await create('after');
  await haveAddresses(2);
  expect((await addresses()).sort()).toEqual(['10.22.0.0', '10.22.0.1']);
  const [state] = await configuration('Invalid');
  expect(state).toMatchObject({
    metadata: { name: 'controller', ownerReferences: [{ kind: 'Pod', name: 'controller' }] },
    status: { errorSummary: expect.stringContaining('in pool "younger" overlaps') as string },
  });
  await until('the refused pool has nothing to give', async () => {
    return (await poolStatus('younger'))?.availableIPv4 === 0;
  });

  const ref = { namespace, name: 'younger' };
  const spec = { addresses: ['10.22.1.0/29'] };
  await cluster.api.patch(IP_ADDRESS_POOLS, ref, { spec }, { type: 'merge' });
  await configuration('Valid');
  await until('the pool has something to give', async () => {
    return (await poolStatus('younger'))?.availableIPv4 === 8;
  });
}, 60_000);

it('says which pool of an advertisement there is not, until there is one', async () => {
  await createPool('production', '10.24.0.0/28');
  await cluster.api.create(L2_ADVERTISEMENTS, {
    metadata: { name: 'edge', namespace },
    spec: { ipAddressPools: ['production', 'lab'] },
  });
  controller.start();
  const said =
    'advertisement "edge": spec.ipAddressPools[1]: there is no IPAddressPool "lab"; only its other pools are announced';
  const states = await configuration('Invalid');
  expect(states.map(({ status }) => status?.errorSummary)).toEqual([said]);
  await until('it is said of the advertisement', async () => (await events('edge')).length > 0);
  expect(await events('edge')).toEqual([`ConfigurationError: ${said}`]);
  await createPool('lab', '10.24.1.0/28');
  await configuration('Valid');
}, 60_000);

it('moves a service to the address it asks for, in one write', async () => {
  await createPool('production', '10.23.0.0/28');
  controller.start();
  await create('web');
  await haveAddresses(1);
  controller.writes = 0;
  const annotations = { 'metallb.io/loadBalancerIPs': '10.23.0.9' };
  await cluster.api.patch(
    SERVICES,
    { namespace, name: 'web' },
    { metadata: { annotations } },
    { type: 'merge' },
  );
  await until('the service has moved', async () => (await addresses())[0] === '10.23.0.9');
  expect(controller.writes).toBe(1);
  expect(controller.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
}, 60_000);

it('removes the statuses of a service that is gone and of a node without a live speaker, after a while', async () => {
  const owners = new Map<string, { name: string; uid: string }>();
  for (const [nodeName, ready] of [
    ['fern1', 'True'],
    ['fern2', 'False'],
  ] as const) {
    await cluster.api.create(NODES, { metadata: { name: nodeName } });
    const { metadata } = await cluster.api.create(PODS, {
      metadata: { generateName: 'speaker-', namespace, labels: { ...COMPONENT_LABELS.speaker } },
      spec: { nodeName, containers: [{ name: 'speaker', image: 'none' }] },
    });
    const pod = { name: metadata.name ?? '', uid: metadata.uid ?? '' };
    const patch = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready }] } };
    await cluster.api.patch(PODS, { namespace, name: pod.name }, patch, {
      type: 'merge',
      subresource: 'status',
    });
    owners.set(nodeName, pod);
  }
  await create('here');
  await create('there');
  for (const [nodeName, name] of [
    ['fern1', 'here'],
    ['fern1', 'gone'],
    ['fern2', 'there'],
  ] as const) {
    const pod = owners.get(nodeName) ?? { name: '', uid: '' };
    await cluster.api.create(
      SERVICE_L2_STATUSES,
      newStatusObject({ nodeName, namespace, pod }, { namespace, name }),
    );
  }
  const left = async () => {
    const { items } = await cluster.api.list(SERVICE_L2_STATUSES, { namespace });
    return items.map(({ metadata }) => metadata.labels?.['metallb.io/service-name']).sort();
  };
  const clock = new FakeClock();
  controller.start(clock);
  await until('the orphans are removed', async () => {
    await clock.advance(1000);
    return (await left()).length < 3;
  });
  expect(clock.now() - new FakeClock().now()).toBeGreaterThanOrEqual(30_000);
  await until('both of them', async () => (await left()).join() === 'here');
  await clock.advance(120_000);
  expect(await left()).toEqual(['here']);
}, 60_000);
