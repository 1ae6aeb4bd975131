import { Listeners } from '@metallb-l2/sdk/kube';
import { HealthBoard } from '../../../../speaker/src/http/health.js';
import type { GivenPeers, GossipMember } from '../../../../speaker/src/lan/gossip.js';
import { LanThread } from '../../../../speaker/src/lan/lan-thread.js';
import { LocalLan } from '../../../../speaker/src/lan/local-lan.js';
import { PeeredMembership, type PeerWatch } from '../../../../speaker/src/lan/peered-membership.js';
import type { GossipEndpoint } from '../../../../speaker/src/ports.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SimulatedLan } from '../../../support/simulated-lan.ts';
import { DeafThread, type FakeThread, SimulatedThread } from '../../../support/simulated-thread.ts';

/** Takes part in no gossip: its members are what a test says. */
class PlayedMember implements GossipMember {
  readonly peers: GivenPeers;
  readonly told: string[] = [];
  #members: ReadonlySet<string> | undefined;
  readonly #listeners = new Listeners();
  readonly #ready = Promise.withResolvers<undefined>();

  constructor(peers: GivenPeers) {
    this.peers = peers;
    peers.subscribe(() =>
      this.told.push(
        `peers ${peers
          .peers()
          .map(({ address }) => address)
          .join(' ')}`,
      ),
    );
  }

  set(...names: string[]): void {
    this.#members = new Set(names);
    this.#ready.resolve(undefined);
    this.#listeners.call();
  }

  members(): ReadonlySet<string> {
    return this.#members ?? new Set();
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  async ready(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    );
    await Promise.race([this.#ready.promise, aborted]);
  }

  async run(signal: AbortSignal): Promise<void> {
    this.told.push('runs');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    this.told.push('ends');
  }

  leave(): Promise<void> {
    this.told.push('leaves');
    return Promise.resolve();
  }

  linksChanged(anyUsable: boolean): void {
    this.told.push(anyUsable ? 'links' : 'no links');
  }
}

const PEERS: readonly GossipEndpoint[] = [
  { address: '192.0.2.1', port: 7946 },
  { address: '192.0.2.2', port: 7946 },
];

describe.each(['in this thread', 'in a thread of its own'])('the gossip %s', (where) => {
  const clock = new FakeClock();
  const host = new SimulatedLan().addHost('node');
  let played: PlayedMember[];
  let threads: FakeThread[];
  let threadsLive: boolean;
  let lan: LocalLan | LanThread;
  let stop: AbortController;
  let ended: Promise<void>;

  const joinGossip = (peers: GivenPeers) => {
    const member = new PlayedMember(peers);
    played.push(member);
    return member;
  };
  const member = () => played.at(-1)!;
  const gossip = () => lan.gossip!;

  beforeEach(() => {
    played = [];
    threads = [];
    threadsLive = true;
    stop = new AbortController();
    const ports = { clock, random: seededRandom(1), log: new RecordedLog(), meter: new RecordedMeter() };
    lan =
      where === 'in this thread'
        ? new LocalLan(
            { ...ports, links: host, openSocket: host.openSocket, openGroups: host.openGroups },
            { joinGossip },
          )
        : new LanThread({
            ...ports,
            health: new HealthBoard(clock),
            start: () => {
              const thread = threadsLive
                ? new SimulatedThread(clock, host, { joinGossip })
                : new DeafThread();
              threads.push(thread);
              return thread;
            },
            closeDescriptor: () => undefined,
            gossips: true,
          });
    ended = lan.run(stop.signal);
  });
  afterEach(async () => {
    stop.abort();
    await clock.advance(5000);
    await ended;
    expect(clock.sleepers).toBe(0);
    expect(member().told.at(-1)).toBe('ends');
  });

  it('knows no member before the first is known, then follows', async () => {
    const changes: string[][] = [];
    gossip().subscribe(() => changes.push([...gossip().members()]));
    let ready = false;
    void gossip()
      .ready(stop.signal)
      .then(() => (ready = true));
    await settle();
    expect([ready, [...gossip().members()]]).toEqual([false, []]);
    member().set('iris1');
    await settle();
    expect([ready, [...gossip().members()]]).toEqual([true, ['iris1']]);
    member().set('iris1', 'iris2');
    await settle();
    expect(changes.at(-1)).toEqual(['iris1', 'iris2']);
  });

  it('waits for members no longer than it is told to', async () => {
    const waiting = new AbortController();
    const ready = gossip().ready(waiting.signal);
    waiting.abort(new Error('enough'));
    await expect(ready).rejects.toThrow('enough');
  });

  it('is told of peers, of links and to leave', async () => {
    gossip().setPeers(PEERS);
    await settle();
    host.changeLink({ carrier: false });
    await settle();
    host.changeLink({ carrier: true });
    await gossip().leave(stop.signal);
    expect(member().told).toEqual(['runs', 'peers 192.0.2.1 192.0.2.2', 'no links', 'links', 'leaves']);
  });

  if (where === 'in this thread') return;

  it('goes on with the next thread, and keeps its members until that knows them', async () => {
    gossip().setPeers(PEERS);
    member().set('iris1', 'iris2');
    await settle();
    threads[0]?.die();
    await clock.advance(500);
    expect(played).toHaveLength(2);
    expect(member().told).toEqual(['runs', 'peers 192.0.2.1 192.0.2.2']);
    expect([...gossip().members()]).toEqual(['iris1', 'iris2']);
    member().set('iris1');
    await settle();
    expect([...gossip().members()]).toEqual(['iris1']);
  });

  it('knows no member any more when no thread has followed for two seconds', async () => {
    member().set('iris1', 'iris2');
    await settle();
    threadsLive = false;
    threads[0]?.die();
    await clock.advance(1900);
    expect([...gossip().members()]).toEqual(['iris1', 'iris2']);
    await clock.advance(200);
    expect([...gossip().members()]).toEqual([]);
  });

  it('joins nobody again once it has left', async () => {
    gossip().setPeers(PEERS);
    await gossip().leave(stop.signal);
    threads[0]?.die();
    await clock.advance(500);
    gossip().setPeers(PEERS);
    await settle();
    expect(member().told).toEqual(['runs']);
  });
});

describe('the gossip of a node without a usable link', () => {
  it.each([
    { what: 'is down', link: { up: false } },
    { what: 'is of the containers', link: { name: 'cali12ab' } },
  ])('begins with that when its only one $what', async ({ link }) => {
    const host = new SimulatedLan().addHost('node');
    host.changeLink(link);
    const clock = new FakeClock();
    const ports = { clock, random: seededRandom(1), log: new RecordedLog(), meter: new RecordedMeter() };
    let told: readonly string[] = [];
    const lan = new LocalLan(
      { ...ports, links: host, openSocket: host.openSocket, openGroups: host.openGroups },
      {
        joinGossip: (peers) => {
          const member = new PlayedMember(peers);
          ({ told } = member);
          return member;
        },
      },
    );
    const stop = new AbortController();
    const ended = lan.run(stop.signal);
    await settle();
    host.changeLink({ name: 'lan0', up: true });
    stop.abort();
    await ended;
    expect(told).toEqual(['no links', 'runs', 'links', 'ends']);
  });
});

describe('PeeredMembership', () => {
  it('tells the gossip where the speakers are once that is known, and when it changes', async () => {
    const told: string[] = [];
    const gossip = {
      members: () => new Set(['iris1']),
      subscribe: () => () => undefined,
      ready: () => Promise.resolve(),
      setPeers: (peers: readonly GossipEndpoint[]) => {
        told.push(peers.map(({ address }) => address).join(' '));
      },
      leave: () => Promise.resolve(),
    };
    const known = Promise.withResolvers<undefined>();
    let peers = PEERS;
    let tell: () => void = () => undefined;
    const watch: PeerWatch = {
      peers: () => peers,
      subscribe: (listener) => {
        tell = listener;
        return () => (tell = () => undefined);
      },
      ready: async () => {
        await known.promise;
      },
      run: (signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    };
    const membership = new PeeredMembership(gossip, watch);
    const stop = new AbortController();
    const ended = membership.run(stop.signal);
    await settle();
    expect(told).toEqual([]);
    known.resolve(undefined);
    await settle();
    tell(); // the same again
    await settle();
    peers = PEERS.slice(1);
    tell();
    await settle();
    expect(told).toEqual(['192.0.2.1 192.0.2.2', '192.0.2.2']);
    expect([...membership.members()]).toEqual(['iris1']);
    stop.abort();
    await ended;
  });
});
