import { electOwner } from '@metallb-l2/sdk/election';
import { ENDPOINT_SLICES, EVENTS, KubeError, NODES, PODS, SERVICES } from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS, SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { HealthBoard } from '../../../speaker/src/http/health.js';
import { LanThread } from '../../../speaker/src/lan/lan-thread.js';
import { LocalLan } from '../../../speaker/src/lan/local-lan.js';
import { runSpeaker } from '../../../speaker/src/speaker.js';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { RecordedMeter } from '../../support/recorded-meter.ts';
import { type SimulatedHost, SimulatedLan } from '../../support/simulated-lan.ts';
import { SimulatedThread } from '../../support/simulated-thread.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { advertisement, NAMESPACE, node, pool, service, slice, speakerPod } from './fixtures.ts';

const NODE_NAMES = ['iris1', 'iris2', 'iris3'];
const SERVICE_IPS = { web: '10.20.30.1', db: '10.20.30.2', mail: '10.20.30.3', dns: '10.20.30.4' };

class Speaker {
  readonly host: SimulatedHost;
  readonly meter = new RecordedMeter();
  readonly log = new RecordedLog();
  readonly ended: Promise<void>;
  readonly health: HealthBoard;
  /** The thread that answers, if it has one. */
  thread: SimulatedThread | undefined;
  readonly #stop = new AbortController();

  constructor(world: World, nodeName: string) {
    this.host = world.lan.addHost(nodeName);
    const { clock, api } = world;
    const ports = { clock, random: seededRandom(1), log: this.log, meter: this.meter };
    const health = new HealthBoard(clock);
    this.health = health;
    const lan = world.hasLanThreads
      ? new LanThread({
          ...ports,
          health,
          start: () => this.#startThread(clock),
          closeDescriptor: () => undefined,
          gossips: false,
        })
      : new LocalLan({
          ...ports,
          links: this.host,
          openSocket: this.host.openSocket,
          openGroups: this.host.openGroups,
        });
    this.ended = runSpeaker(
      { ...ports, api, lan, health },
      {
        namespace: NAMESPACE,
        nodeName,
        pod: { name: `speaker-${nodeName}`, uid: `pod-of-${nodeName}` },
      },
      this.#stop.signal,
    );
  }

  terminate(): void {
    this.#stop.abort();
  }

  #startThread(clock: FakeClock): SimulatedThread {
    this.thread = new SimulatedThread(clock, this.host);
    return this.thread;
  }
}

/** Three nodes and four services over an API server in memory, on one simulated network. */
class World {
  readonly clock = new FakeClock();
  readonly api = new InMemoryKubeApi({ clock: this.clock });
  readonly lan = new SimulatedLan();
  readonly client = this.lan.addHost('client');
  readonly speakers = new Map<string, Speaker>();
  readonly hasLanThreads: boolean;

  constructor({ hasLanThreads }: { hasLanThreads: boolean }) {
    this.hasLanThreads = hasLanThreads;
    for (const name of NODE_NAMES) this.api.seed(NODES, node(name));
    for (const [name, ip] of Object.entries(SERVICE_IPS)) {
      this.api.seed(SERVICES, service(name, [ip]));
      this.api.seed(ENDPOINT_SLICES, slice(name, NODE_NAMES));
    }
    this.api.seed(IP_ADDRESS_POOLS, pool('main', ['10.20.30.0/24']));
    this.api.seed(L2_ADVERTISEMENTS, advertisement('all'));
  }

  /** Starts a speaker; the kubelet finds it ready a moment later. */
  async start(...names: string[]): Promise<void> {
    for (const name of names) {
      this.api.seed(PODS, speakerPod(name, { ready: false }));
      this.speakers.set(name, new Speaker(this, name));
    }
    await this.clock.advance(500);
    for (const name of names) this.api.seed(PODS, speakerPod(name));
    await this.clock.advance(500);
  }

  /** What `kubectl delete pod` does. */
  async deletePod(name: string): Promise<void> {
    this.api.seed(PODS, speakerPod(name, { ending: true }));
    this.speakers.get(name)?.terminate();
    await this.clock.advance(1500);
    await this.speakers.get(name)?.ended;
    this.speakers.delete(name);
    await this.api.delete(PODS, { namespace: NAMESPACE, name: `speaker-${name}` });
  }

  /** Who answers for each service on the wire, by node name. */
  async answering(): Promise<Record<string, string[]>> {
    const owners: Record<string, string[]> = {};
    for (const [name, ip] of Object.entries(SERVICE_IPS)) {
      const macs = await this.client.ask(ip);
      owners[name] = macs.map(
        (mac) => [...this.speakers.values()].find(({ host }) => host.mac === mac)?.host.name ?? mac,
      );
    }
    return owners;
  }

  /** What the status objects say, by service; fails when a service has two. */
  async published(): Promise<Record<string, string[]>> {
    const { items } = await this.api.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE });
    const owners: Record<string, string[]> = {};
    for (const { status } of items) (owners[status?.serviceName ?? '?'] ??= []).push(status?.node ?? '?');
    return owners;
  }

  async end(): Promise<void> {
    for (const speaker of this.speakers.values()) speaker.terminate();
    await this.clock.advance(2000);
    for (const speaker of this.speakers.values()) await speaker.ended;
    await settle();
    expect(this.clock.sleepers).toBe(0);
  }
}

const electedOf = (names: string[]) =>
  Object.fromEntries(Object.entries(SERVICE_IPS).map(([name, ip]) => [name, [electOwner(names, ip)]]));

describe.each([
  { name: 'three speakers that answer in their only thread', hasLanThreads: false },
  { name: 'three speakers that answer in a thread of its own', hasLanThreads: true },
])('$name', (kind) => {
  let world: World;
  beforeEach(() => {
    world = new World(kind);
  });
  afterEach(() => world.end());

  it('answer for each service on the elected node alone, and publish that', async () => {
    await world.start(...NODE_NAMES);
    expect(await world.answering()).toEqual(electedOf(NODE_NAMES));
    expect(await world.published()).toEqual(electedOf(NODE_NAMES));
  });

  it('do nothing before they know the cluster and each other', async () => {
    world.api.fault = ({ verb, type }) =>
      verb === 'list' && type.plural === 'pods'
        ? { refuse: new KubeError('Unavailable', 'not yet', { operation: 'test' }) }
        : undefined;
    await world.start(...NODE_NAMES);
    const readiness = () => world.speakers.get('iris1')?.health.readiness();
    expect(await world.answering()).toEqual({ web: [], db: [], mail: [], dns: [] });
    expect(readiness()).toEqual(['members: it is not known yet which speakers are alive']);
    world.api.fault = () => undefined;
    await world.clock.advance(60_000);
    expect(await world.answering()).toEqual(electedOf(NODE_NAMES));
    expect(readiness()).toEqual([]);
  });

  it('touch no status before they know each other', async () => {
    await world.start('iris1');
    const list = () => world.api.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE });
    const uids = (await list()).items.map(({ metadata }) => metadata.uid).sort();
    world.speakers.get('iris1')?.terminate();
    await world.clock.advance(1500);
    world.api.fault = ({ verb, type }) =>
      verb === 'list' && type.plural === 'pods'
        ? { refuse: new KubeError('Unavailable', 'not yet', { operation: 'test' }) }
        : undefined;
    world.api.forgetCalls();
    await world.start('iris1');
    await world.clock.advance(20_000);
    expect(world.api.writes).toEqual([]);
    world.api.fault = () => undefined;
    await world.clock.advance(60_000);
    expect((await list()).items.map(({ metadata }) => metadata.uid).sort()).toEqual(uids);
  });

  it('move the services of a speaker that is stopped, without a question left unanswered', async () => {
    await world.start(...NODE_NAMES);
    await world.clock.advance(10_000);
    const gaps: string[] = [];
    world.api.seed(PODS, speakerPod('iris3', { ending: true }));
    world.speakers.get('iris3')?.terminate();
    for (let ms = 0; ms < 2000; ms += 10) {
      await world.clock.advance(10);
      for (const [name, owners] of Object.entries(await world.answering())) {
        if (owners.length === 0) gaps.push(`${name} after ${ms} ms`);
      }
    }
    expect(gaps).toEqual([]);
    await world.speakers.get('iris3')?.ended;
    world.speakers.delete('iris3');
    await world.api.delete(PODS, { namespace: NAMESPACE, name: 'speaker-iris3' });
    expect(await world.answering()).toEqual(electedOf(['iris1', 'iris2']));
    expect(await world.published()).toEqual(electedOf(['iris1', 'iris2']));
  });

  it('answer a little longer for what moves to a speaker that is not at work yet', async () => {
    await world.start('iris1', 'iris2');
    world.api.seed(PODS, speakerPod('iris3'));
    const before = electedOf(['iris1', 'iris2']);
    const moving = Object.keys(SERVICE_IPS).filter((name) => electedOf(NODE_NAMES)[name]?.[0] === 'iris3');
    expect(moving).not.toEqual([]);
    await world.clock.advance(500);
    expect(await world.answering()).toEqual(before);
    await world.clock.advance(1000);
    const after = await world.answering();
    for (const name of moving) expect(after[name]).toEqual([]);
  });

  it('keep the status objects of moving services, and never have two', async () => {
    await world.start(...NODE_NAMES);
    const list = () => world.api.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE });
    const uids = (await list()).items.map(({ metadata }) => metadata.uid).sort();
    await world.deletePod('iris1');
    await world.deletePod('iris3');
    await world.start('iris3');
    await world.clock.advance(10_000);
    expect((await list()).items.map(({ metadata }) => metadata.uid).sort()).toEqual(uids);
    expect(await world.published()).toEqual(electedOf(['iris2', 'iris3']));
    expect(await world.answering()).toEqual(electedOf(['iris2', 'iris3']));
  });

  it('go on answering while the API server is away', async () => {
    await world.start(...NODE_NAMES);
    const away = new KubeError('Unavailable', 'away', { operation: 'test' });
    world.api.fault = () => ({ refuse: away });
    world.api.endWatches(away);
    await world.clock.advance(300_000);
    expect(await world.answering()).toEqual(electedOf(NODE_NAMES));
    world.api.fault = () => undefined;
    await world.clock.advance(60_000);
    expect(await world.published()).toEqual(electedOf(NODE_NAMES));
  });

  it('write nothing while nothing changes', async () => {
    await world.start(...NODE_NAMES);
    await world.clock.advance(10_000);
    world.api.forgetCalls();
    await world.clock.advance(3_600_000);
    expect(world.api.writes).toEqual([]);
  });

  it('say in an event, once, which node announces a service', async () => {
    await world.start(...NODE_NAMES);
    await world.clock.advance(60_000);
    const { items } = await world.api.list(EVENTS, { namespace: 'default' });
    const said = items.map(({ reason, message, involvedObject }) => [involvedObject.name, reason, message]);
    expect(said.sort()).toEqual(
      Object.entries(electedOf(NODE_NAMES))
        .map(([name, [owner]]) => [
          name,
          'nodeAssigned',
          `announcing from node "${owner}" with protocol "layer2"`,
        ])
        .sort(),
    );
  });

  it('withdraw the status of an address that no interface answers for, and say so', async () => {
    await world.start(...NODE_NAMES);
    const owner = electOwner(NODE_NAMES, SERVICE_IPS.web) ?? '';
    const readiness = () => world.speakers.get(owner)?.health.readiness();
    expect(readiness()).toEqual([]);
    world.speakers.get(owner)?.host.changeLink({ carrier: false });
    await world.clock.advance(1000);
    expect(readiness()).toEqual(['interfaces: no network interface answers']);
    expect((await world.published()).web).toBeUndefined();
    const { items } = await world.api.list(EVENTS, { namespace: 'default' });
    expect(items.filter(({ reason }) => reason === 'announceFailed').map(({ type }) => type)).toContain(
      'Warning',
    );
    world.speakers.get(owner)?.host.changeLink({ carrier: true });
    await world.clock.advance(1000);
    expect((await world.published()).web).toEqual([owner]);
    expect(readiness()).toEqual([]);
  });

  it('say in an event, once, that another station uses an address', async () => {
    await world.start(...NODE_NAMES);
    const owner = electOwner(NODE_NAMES, SERVICE_IPS.web) ?? '';
    for (let minute = 0; minute < 4; minute++) {
      world.client.send({ senderIp: SERVICE_IPS.web, targetIp: SERVICE_IPS.web });
      await world.clock.advance(60_000);
    }
    const { items } = await world.api.list(EVENTS, { namespace: 'default' });
    const said = items.filter(({ reason }) => reason === 'addressConflict');
    expect(said.map(({ type, involvedObject, message }) => [type, involvedObject.name, message])).toEqual([
      [
        'Warning',
        'web',
        `another station, ${world.client.mac}, uses "${SERVICE_IPS.web}", which node "${owner}" announces`,
      ],
    ]);
    world.clock.setBack(3_600_000);
    await world.clock.advance(300_000);
    world.client.send({ senderIp: SERVICE_IPS.web, targetIp: SERVICE_IPS.web });
    await world.clock.advance(2000);
    const again = await world.api.list(EVENTS, { namespace: 'default' });
    expect(again.items.filter(({ reason }) => reason === 'addressConflict')).toHaveLength(2);
  });

  it('say in an event why a service is announced no more', async () => {
    await world.start(...NODE_NAMES);
    world.api.seed(ENDPOINT_SLICES, slice('web', []));
    await world.clock.advance(1000);
    const { items } = await world.api.list(EVENTS, { namespace: 'default' });
    const said = items.filter(({ reason }) => reason === 'nodeWithdrawn');
    expect(said.map(({ involvedObject, message }) => [involvedObject.name, message])).toEqual([
      ['web', expect.stringContaining('noServingEndpoints')],
    ]);
  });

  it('stop answering and delete the status when a service is deleted or loses its address', async () => {
    await world.start(...NODE_NAMES);
    await world.api.delete(SERVICES, { namespace: 'default', name: 'web' });
    world.api.seed(SERVICES, service('db', []));
    await world.clock.advance(1000);
    expect(await world.answering()).toMatchObject({ web: [], db: [] });
    expect(Object.keys(await world.published()).sort()).toEqual(['dns', 'mail']);
  });

  it('count what elections bring and take, and the time until they answer for it', async () => {
    const count = (name: string, metric: string, labels = {}) =>
      world.speakers.get(name)?.meter.value(`metallb_speaker_${metric}`, labels);
    const all = Object.keys(SERVICE_IPS).length;
    const ofIris3 = Object.values(electedOf(NODE_NAMES)).filter(([owner]) => owner === 'iris3').length;
    await world.start('iris1');
    expect(count('iris1', 'elections', { result: 'won' })).toBe(all);
    expect(count('iris1', 'takeover_seconds_count')).toBe(all);
    await world.start('iris2', 'iris3');
    expect(count('iris3', 'elections', { result: 'won' })).toBe(ofIris3);
    const kept = Object.values(electedOf(NODE_NAMES)).filter(([owner]) => owner === 'iris1').length;
    expect(count('iris1', 'elections', { result: 'lost' })).toBe(all - kept);
    const before =
      (count('iris1', 'takeover_seconds_sum') ?? 0) + (count('iris2', 'takeover_seconds_sum') ?? 0);
    await world.deletePod('iris3');
    const after =
      (count('iris1', 'takeover_seconds_sum') ?? 0) + (count('iris2', 'takeover_seconds_sum') ?? 0);
    // Changes are waited for in crowds, 20 ms.
    expect(after - before).toBeCloseTo(ofIris3 * 0.02, 2);
    await world.api.delete(SERVICES, { namespace: 'default', name: 'web' });
    await world.clock.advance(1000);
    expect(count('iris1', 'elections', { result: 'lost' })).toBe(all - kept);
  });

  it('show in a metric what they do not announce, and why', async () => {
    await world.start(...NODE_NAMES);
    const owner = electOwner(NODE_NAMES, SERVICE_IPS.web) ?? '';
    const silent = (reason: string) =>
      world.speakers.get(owner)?.meter.value('metallb_speaker_services_not_announced', { reason });
    const others = Object.values(electedOf(NODE_NAMES)).filter(([name]) => name !== owner).length;
    expect([silent('notOwner'), silent('noServingEndpoints')]).toEqual([others, 0]);
    world.api.seed(ENDPOINT_SLICES, slice('web', []));
    await world.clock.advance(1000);
    expect([silent('notOwner'), silent('noServingEndpoints')]).toEqual([others, 1]);
    world.api.seed(ENDPOINT_SLICES, slice('web', NODE_NAMES));
    await world.clock.advance(1000);
    expect([silent('notOwner'), silent('noServingEndpoints')]).toEqual([others, 0]);
  });

  it('show what they announce in a metric', async () => {
    await world.start(...NODE_NAMES);
    const owner = electOwner(NODE_NAMES, SERVICE_IPS.web) ?? '';
    const labels = { service: 'default/web', protocol: 'layer2', node: owner, ip: SERVICE_IPS.web };
    const { meter } = world.speakers.get(owner) as Speaker;
    expect(meter.value('metallb_speaker_announced', labels)).toBe(1);
    await world.api.delete(SERVICES, { namespace: 'default', name: 'web' });
    await world.clock.advance(1000);
    expect(meter.value('metallb_speaker_announced', labels)).toBe(0);
  });
});

describe('a speaker whose LAN thread dies', () => {
  it('answers again in a moment, and touches no status for that', async () => {
    const world = new World({ hasLanThreads: true });
    await world.start(...NODE_NAMES);
    await world.clock.advance(10_000);
    world.api.forgetCalls();
    const owner = electOwner(NODE_NAMES, SERVICE_IPS.web) ?? '';
    world.speakers.get(owner)?.thread?.die(new Error('out of memory'));
    await settle();
    expect((await world.answering()).web).toEqual([]);
    await world.clock.advance(250);
    expect(await world.answering()).toEqual(electedOf(NODE_NAMES));
    await world.clock.advance(60_000);
    expect(world.api.writes).toEqual([]);
    await world.end();
  });
});
