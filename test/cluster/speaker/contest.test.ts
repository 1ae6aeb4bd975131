import { electOwner } from '@metallb-l2/sdk/election';
import {
  EVENTS,
  type KubeApi,
  KubeError,
  type KubeObject,
  NODES,
  type Pod,
  PODS,
} from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { FakeClock } from '../../support/fake-clock.ts';
import { SimulatedLan } from '../../support/simulated-lan.ts';
import { StatusObserver } from '../../support/status-observer.ts';
import { until } from '../../support/until.ts';
import { START_TIMEOUT_MS, startTestCluster, type TestCluster } from '../sdk/control-plane.ts';
import { drive, SpeakerRig } from './speaker-rig.ts';

const LIMIT_MS = 180_000;
const NODE_NAMES = ['iris1', 'iris2'] as const;
const COUNT = 20;
const services = Object.fromEntries(
  Array.from({ length: COUNT }, (_, i) => [`web-${i}`, `10.20.0.${i}`] as const),
);

const clock = new FakeClock();
let cluster: TestCluster;
let rig: SpeakerRig;
let observer: StatusObserver;

beforeAll(async () => {
  cluster = await startTestCluster();
  for (const name of NODE_NAMES) await cluster.api.create(NODES, { metadata: { name } });
  rig = await SpeakerRig.create(cluster);
  await rig.createServices(services);
  observer = new StatusObserver(cluster.api, rig.namespace);
  await observer.ready();
}, START_TIMEOUT_MS);
afterAll(async () => {
  await rig.stopOn(clock);
  await observer.stop();
  await cluster.stop();
}, LIMIT_MS);

/** The API server as a speaker has it that does not see the others, until `healed` is aborted. */
function splitView(api: KubeApi, nodeName: string, healed: AbortSignal): KubeApi {
  const isHidden = (plural: string, object: KubeObject) =>
    plural === PODS.plural && !healed.aborted && (object as Pod).spec?.nodeName !== nodeName;
  return {
    get: (...call) => api.get(...call),
    create: (...call) => api.create(...call),
    patch: (...call) => api.patch(...call),
    replace: (...call) => api.replace(...call),
    delete: (...call) => api.delete(...call),
    list: async (type, options) => {
      const list = await api.list(type, options);
      return { ...list, items: list.items.filter((object) => !isHidden(type.plural, object)) };
    },
    async *watch(type, options) {
      // Healing ends the watches, and what has been hidden is listed.
      const signals = [options.signal, healed.aborted ? undefined : healed].filter(
        (each) => each !== undefined,
      );
      for await (const line of api.watch(type, { ...options, signal: AbortSignal.any(signals) })) {
        if (line.type === 'BOOKMARK' || !isHidden(type.plural, line.object)) yield line;
      }
    },
  };
}

async function contestedBy(): Promise<Record<string, string[]>> {
  const { items } = await cluster.api.list(EVENTS, { namespace: rig.namespace });
  const warnings = items.filter(({ reason }) => reason === 'announcementContested');
  const byService = Object.groupBy(warnings, ({ involvedObject }) => involvedObject.name ?? '');
  return Object.fromEntries(
    Object.entries(byService).map(([name, events]) => [
      name,
      (events ?? []).map(({ source }) => source?.host ?? '').sort(),
    ]),
  );
}

it(
  'costs two speakers that both believe they lead for a minute under 10 writes a service, is told by both, and heals',
  async () => {
    const heal = new AbortController();
    const start = (name: string) =>
      rig.start(name, {
        api: splitView(cluster.api, name, heal.signal),
        clock,
        network: new SimulatedLan().addHost(name),
      });
    const isPublishedBy = (nodeOf: (ip: string) => string | undefined) => () => {
      const published = observer.published();
      return Object.entries(services).every(([name, ip]) => published[name] === nodeOf(ip));
    };
    const first = await start('iris1');
    await drive(clock, [first], { untilTrue: isPublishedBy(() => 'iris1') });
    first.api.calls = [];
    observer.begin();

    const second = await start('iris2');
    const both = [first, second];
    await drive(clock, both, { ms: 60_000 });
    const writes = both.flatMap(({ api }) => api.writesOf(SERVICE_L2_STATUSES.plural));
    expect(writes.length / COUNT).toBeGreaterThan(2);
    expect(writes.length / COUNT).toBeLessThan(10);
    expect(observer.summary()).toEqual({ services: COUNT, fewest: 1, most: 1, mostEver: 1 });
    await until('both have said so of every service', async () => {
      const told = await contestedBy();
      return Object.keys(services).every((name) => told[name]?.join() === 'iris1,iris2');
    });

    heal.abort(new KubeError('Gone', 'the split is over', { operation: 'watch' }));
    await drive(clock, both, {
      ms: 180_000,
      untilTrue: isPublishedBy((ip) => electOwner(NODE_NAMES, ip)),
    });
    expect(observer.published()).toEqual(
      Object.fromEntries(Object.entries(services).map(([name, ip]) => [name, electOwner(NODE_NAMES, ip)])),
    );
    expect(observer.summary()).toMatchObject({ fewest: 1, most: 1 });
  },
  LIMIT_MS,
);
