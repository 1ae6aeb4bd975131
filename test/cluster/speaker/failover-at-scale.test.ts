import { Listeners, NODES } from '@metallb-l2/sdk/kube';
import { electOwner } from '@metallb-l2/sdk/election';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import type { Link, LinkSource, OpenLinkGroups, OpenLinkSocket } from '../../../speaker/src/ports.js';
import { FakeClock } from '../../support/fake-clock.ts';
import type { SimulatedHost, SimulatedLan } from '../../support/simulated-lan.ts';
import { StatusObserver } from '../../support/status-observer.ts';
import { establish, START_TIMEOUT_MS, startTestCluster, type TestCluster } from '../sdk/control-plane.ts';
import { drive, ourCrd, type RunningSpeaker, SpeakerRig, stockCrd } from './speaker-rig.ts';

const LIMIT_MS = 180_000;
const COUNT = 500;
const NODE_NAMES = ['iris1', 'iris2', 'iris3'];
const VICTIM = 'iris3';

const services = servicesOfVictim();

let cluster: TestCluster;
let rig: SpeakerRig;
let observer: StatusObserver;

beforeAll(async () => {
  cluster = await startTestCluster();
  for (const name of NODE_NAMES) await cluster.api.create(NODES, { metadata: { name } });
  rig = await SpeakerRig.create(cluster);
  await rig.createServices(services);
}, START_TIMEOUT_MS);
afterAll(() => cluster.stop());

/** Services whose addresses the victim announces as long as it lives. */
function servicesOfVictim(): Record<string, string> {
  const ips: Record<string, string> = {};
  for (let i = 0; Object.keys(ips).length < COUNT; i++) {
    const ip = `10.20.${i >> 8}.${i & 255}`;
    if (electOwner(NODE_NAMES, ip) === VICTIM) ips[`web-${i}`] = ip;
  }
  return ips;
}

async function startAll(): Promise<Map<string, RunningSpeaker>> {
  const pods = await Promise.all(NODE_NAMES.map((name) => rig.createPod(name)));
  await Promise.all(pods.map((pod) => rig.setReady(pod, true)));
  return new Map(pods.map((pod) => [pod.spec?.nodeName ?? '', rig.run(pod)]));
}

/** Whether each service has one object, which names the node elected among `nodes`. */
function isPublished(nodes: readonly string[]): () => boolean {
  const elected = Object.entries(services).map(([name, ip]) => [name, electOwner(nodes, ip)] as const);
  return () => {
    const published = observer.published();
    return elected.every(([name, node]) => published[name] === node);
  };
}

function ownerUids(): Set<string | undefined> {
  const owners = [...observer.objects.values()].flatMap(({ metadata }) => metadata.ownerReferences ?? []);
  return new Set(owners.map(({ uid }) => uid));
}

const uidsOf = (speakers: Iterable<RunningSpeaker>) =>
  new Set([...speakers].map(({ pod }) => pod.metadata.uid));

/** Waits until `isTrue`, and until every answer is there: an event may be seen before the answer to its write. */
async function untilSettled(
  what: string,
  speakers: Iterable<RunningSpeaker>,
  isTrue: () => boolean,
): Promise<void> {
  const apis = [...speakers].map(({ api }) => api);
  await observer.until(what, () => isTrue() && apis.every(({ underWay }) => underWay === 0));
}

/** What was asked and answered about status objects. */
function measure(speakers: Iterable<RunningSpeaker>) {
  const apis = [...speakers].map(({ api }) => api);
  const calls = apis.flatMap((api) => api.callsOf(SERVICE_L2_STATUSES.plural));
  return {
    writes: apis.flatMap((api) => api.writesOf(SERVICE_L2_STATUSES.plural)).length,
    lists: calls.filter(({ verb }) => verb === 'list').length,
    refused: calls
      .filter(({ error }) => error !== undefined && error !== 'aborted')
      .map(({ error }) => error),
  };
}

/** A machine with two interfaces, which the kernel may name in any order. */
class TwoInterfaces implements LinkSource {
  #hosts: readonly SimulatedHost[];
  readonly #listeners = new Listeners();

  constructor(lan: SimulatedLan, name: string) {
    const second = lan.addHost(name);
    second.changeLink({ index: 3, name: 'lan1' });
    this.#hosts = [lan.addHost(name), second];
  }

  links(): readonly Link[] {
    return this.#hosts.flatMap((host) => host.links());
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  run(signal: AbortSignal): Promise<void> {
    return Promise.all(this.#hosts.map((host) => host.run(signal))).then(() => undefined);
  }

  /** Names the interfaces in the opposite order. */
  shuffle(): void {
    this.#hosts = [...this.#hosts].reverse();
    this.#listeners.call();
  }

  readonly openSocket: OpenLinkSocket = (link, protocol, handler) =>
    this.#hostOf(link.index).openSocket(link, protocol, handler);

  readonly openGroups: OpenLinkGroups = (link) => this.#hostOf(link.index).openGroups(link);

  #hostOf(index: number): SimulatedHost {
    const host = this.#hosts.find((candidate) => candidate.links()[0]?.index === index);
    if (host === undefined) throw new Error(`bind to link ${index}: ENODEV`);
    return host;
  }
}

describe('500 services that nothing happens to', () => {
  const clock = new FakeClock();

  beforeAll(async () => {
    await establish(cluster.api, ourCrd());
    observer = new StatusObserver(cluster.api, rig.namespace);
    await observer.ready();
  }, LIMIT_MS);

  afterAll(async () => {
    await rig.stopOn(clock);
    await observer.until('the statuses are gone', () => observer.objects.size === 0);
    await observer.stop();
  }, LIMIT_MS);

  it(
    'cost no request in a minute, nor when interfaces are named in another order',
    async () => {
      const speakers: RunningSpeaker[] = [];
      const networks: TwoInterfaces[] = [];
      for (const name of NODE_NAMES) {
        const network = new TwoInterfaces(rig.lan, name);
        networks.push(network);
        speakers.push(await rig.start(name, { clock, network }));
      }
      await drive(clock, speakers, { untilTrue: isPublished(NODE_NAMES) });
      // What is said of it, as events, takes a moment more.
      await drive(clock, speakers, { ms: 5000 });
      const interfaces = [...observer.objects.values()].map(({ status }) => status?.interfaces);
      expect(new Set(interfaces.map((names) => JSON.stringify(names)))).toEqual(
        new Set(['[{"name":"lan0"},{"name":"lan1"}]']),
      );

      for (const { api } of speakers) api.calls = [];
      await drive(clock, speakers, { ms: 60_000 });
      expect(speakers.flatMap(({ api }) => api.calls)).toEqual([]);

      for (const network of networks) network.shuffle();
      await drive(clock, speakers, { ms: 5000 });
      expect(speakers.flatMap(({ api }) => api.calls)).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe.each([
  { definition: 'our CRD', crd: ourCrd(), writesEach: 2, refusals: 0 },
  // Each of the two survivors has 16 writes under way when it learns that the node is immutable.
  { definition: 'the stock CRD of v0.16.1', crd: stockCrd(), writesEach: 3, refusals: 2 * 16 },
])('500 services of one node, with $definition,', ({ crd, writesEach, refusals }) => {
  let speakers: Map<string, RunningSpeaker>;

  beforeAll(async () => {
    await establish(cluster.api, crd);
  });

  beforeEach(async () => {
    observer = new StatusObserver(cluster.api, rig.namespace);
    await observer.ready();
    speakers = await startAll();
    await observer.until('the victim announces all', isPublished(NODE_NAMES));
    observer.begin();
  }, LIMIT_MS);

  afterEach(async () => {
    await rig.stop();
    await observer.until('the statuses are gone', () => observer.objects.size === 0);
    await observer.stop();
  }, LIMIT_MS);

  it(
    'fail over when it dies without notice: one object each at every event, and no error loop',
    async () => {
      const victim = speakers.get(VICTIM) as RunningSpeaker;
      speakers.delete(VICTIM);
      for (const { api } of speakers.values()) api.calls = [];
      victim.api.cutOff();
      await rig.setReady(victim.pod, false);
      const survivors = [...speakers.values()];
      await untilSettled('the survivors announce all', survivors, isPublished([...speakers.keys()]));

      expect(observer.summary()).toEqual({ services: COUNT, fewest: 1, most: 1, mostEver: 1 });
      expect(observer.gaps).toEqual([]);
      const { writes, lists, refused } = measure(survivors);
      expect(writes).toBe(writesEach * COUNT);
      expect(observer.events).toBe(writes);
      // They come in one crowd, so one or a few lists answer for all.
      expect(lists).toBeLessThanOrEqual(10);
      expect(refused.length).toBeLessThanOrEqual(refusals);
      expect(refused.filter((code) => code !== 'Invalid')).toEqual([]);
      expect(ownerUids()).toEqual(uidsOf(survivors));
    },
    LIMIT_MS,
  );

  it(
    'keep their objects, or get one new one each, when all speakers restart at once',
    async () => {
      const old = [...speakers.values()];
      await Promise.all(old.map((speaker) => speaker.stop()));
      await Promise.all(old.map(({ pod }) => rig.deletePod(pod)));
      const restarted = [...(await startAll()).values()];
      const owners = uidsOf(restarted.filter(({ nodeName }) => nodeName === VICTIM));
      const isTrue = isPublished(NODE_NAMES);
      await untilSettled(
        'all belong to the new pod',
        restarted,
        () => isTrue() && sameSet(ownerUids(), owners),
      );

      const { most, mostEver } = observer.summary();
      expect(most).toBe(1);
      expect(mostEver).toBeLessThanOrEqual(2);
      const { writes, refused } = measure(restarted);
      expect(writes).toBeLessThanOrEqual(3 * COUNT);
      expect(refused.filter((code) => code !== 'NotFound' && code !== 'Conflict')).toEqual([]);
    },
    LIMIT_MS,
  );
});

function sameSet<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  return a.size === b.size && [...a].every((member) => b.has(member));
}
