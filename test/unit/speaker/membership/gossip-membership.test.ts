import { GossipMembership, JOIN_TIMEOUT_MS } from '../../../../speaker/src/membership/gossip-membership.js';
import { PROFILES } from '../../../../speaker/src/membership/profile.js';
import type { GossipEndpoint } from '../../../../speaker/src/ports.js';
import { createPacketCodec } from '../../../../speaker/src/wire/memberlist/packet.js';
import { createStreamCodec } from '../../../../speaker/src/wire/memberlist/stream.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SimulatedGossip } from '../../../support/simulated-gossip.ts';
import { addressOf, PORT } from './group.ts';

const never = new AbortController().signal;

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  return Promise.race([promise, aborted]);
}

/** Speakers on a simulated network, which `peers` are told of. */
class Site {
  readonly clock = new FakeClock();
  readonly random = seededRandom(3);
  readonly network = new SimulatedGossip({ clock: this.clock, random: this.random, delayMs: [0, 1] });
  readonly #listed = Promise.withResolvers<undefined>();
  readonly #peers: readonly GossipEndpoint[];
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(...names: string[]) {
    this.#peers = names.map((name) => ({ address: addressOf(name), port: PORT }));
  }

  /** From now on the speakers are told who their peers are. */
  list(): this {
    this.#listed.resolve(undefined);
    return this;
  }

  start(name: string) {
    const address = addressOf(name);
    const log = new RecordedLog();
    const membership = new GossipMembership(
      {
        transport: this.network.endpoint(address),
        packets: createPacketCodec(),
        streams: createStreamCodec(),
        clock: this.network.clock(address),
        random: this.random,
        meter: new RecordedMeter(),
        log,
        peers: {
          ready: (signal) => unlessAborted(this.#listed.promise, signal),
          peers: () => this.#peers,
          subscribe: () => () => undefined,
        },
      },
      { self: { name, address, port: PORT }, profile: PROFILES.fast },
    );
    const stop = new AbortController();
    const ended = membership.run(stop.signal);
    const speaker = {
      membership,
      log,
      isReady: false,
      members: () => [...membership.members()].sort(),
      stop: async () => {
        stop.abort();
        await ended;
      },
    };
    membership.ready(stop.signal).then(
      () => (speaker.isReady = true),
      () => undefined,
    );
    this.#stops.push(speaker.stop);
    return speaker;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) await stop();
    // What is under way in the network arrives, and nothing goes on for ever.
    await this.clock.advance(60_000);
    expect(this.clock.sleepers).toBe(0);
  }
}

describe('GossipMembership', () => {
  it('is not ready before it knows whom to join', async () => {
    const site = new Site('m1');
    const one = site.start('m1');
    await site.clock.advance(60_000);
    expect({ ready: one.isReady, members: one.members() }).toEqual({ ready: false, members: [] });
    await site.stop();
  });

  it('is ready at once, and alone, when there is nobody to join', async () => {
    const site = new Site('m1').list();
    const one = site.start('m1');
    await site.clock.advance(0);
    expect({ ready: one.isReady, members: one.members() }).toEqual({ ready: true, members: ['m1'] });
    await site.stop();
  });

  it('is ready a moment after the first answer of a peer, and then knows all', async () => {
    const site = new Site('m1', 'm2', 'm3').list();
    const [one, two] = [site.start('m1'), site.start('m2')];
    await site.clock.advance(150);
    expect([one.isReady, two.isReady]).toEqual([true, true]);
    const three = site.start('m3');
    await site.clock.advance(50);
    expect([one, two, three].map((each) => each.members().join())).toEqual(Array(3).fill('m1,m2,m3'));
    await site.stop();
  });

  it('is not ready with what another one knows that has just started too', async () => {
    const site = new Site('m1', 'm2', 'm3').list();
    site.start('m1');
    await site.clock.advance(5_000);
    site.network.pause(addressOf('m1'));
    const started = [site.start('m2'), site.start('m3')];
    await site.clock.advance(50);
    expect(started.map(({ isReady }) => isReady)).toEqual([false, false]);
    site.network.resume(addressOf('m1'));
    await site.clock.advance(10);
    expect(started.map((each) => each.isReady && each.members().join())).toEqual(Array(2).fill('m1,m2,m3'));
    await site.stop();
  });

  it('goes on without its peers when none answers in time, and says so', async () => {
    const site = new Site('m1', 'm2').list();
    const one = site.start('m1');
    await site.clock.advance(JOIN_TIMEOUT_MS - 1);
    expect(one.isReady).toBe(false);
    await site.clock.advance(1);
    expect({ ready: one.isReady, members: one.members() }).toEqual({ ready: true, members: ['m1'] });
    expect(one.log.lines).toContainEqual({
      level: 'warn',
      fields: { peers: 1 },
      message: 'no other speaker has answered in time; this one goes on without them',
    });
    await site.stop();
  });

  it('tells of each change of its members, and of nothing else', async () => {
    const site = new Site('m1', 'm2').list();
    const one = site.start('m1');
    const seen: string[] = [];
    one.membership.subscribe(() => seen.push(one.members().join()));
    const two = site.start('m2');
    await site.clock.advance(10_000);
    await two.stop();
    await site.clock.advance(10_000);
    expect(seen.filter((each, i) => each !== seen[i - 1])).toEqual(['m2', 'm1,m2', 'm1']);
    expect(seen.length).toBeLessThanOrEqual(4);
    await site.stop();
  });

  it('keeps its place when it is cut off from every peer, since it cannot tell that from their death', async () => {
    const site = new Site('m1', 'm2', 'm3').list();
    const [one] = [site.start('m1'), site.start('m2'), site.start('m3')];
    await site.clock.advance(1_000);
    site.network.cut(addressOf('m1'));
    await site.clock.advance(60_000);
    expect(one.members()).toEqual(['m1']);
    await site.stop();
  });

  it('asks for its peers at once when a link has changed', async () => {
    const site = new Site('m1', 'm2').list();
    const [one, two] = [site.start('m1'), site.start('m2')];
    await site.clock.advance(1_000);
    site.network.cut(addressOf('m1'));
    await site.clock.advance(60_000);
    site.network.restore(addressOf('m1'));
    one.membership.linksChanged(true);
    await site.clock.advance(20);
    expect([one, two].map((each) => each.members().join())).toEqual(Array(2).fill('m1,m2'));
    await site.stop();
  });

  it('gives up its place when none of its links is usable, and has it again once a peer has answered', async () => {
    const site = new Site('m1', 'm2', 'm3').list();
    const [one, two] = [site.start('m1'), site.start('m2'), site.start('m3')];
    await site.clock.advance(1_000);
    site.network.cut(addressOf('m1'));
    one.membership.linksChanged(false);
    expect(one.members()).toEqual(['m2', 'm3']);
    await site.clock.advance(20_000);
    expect(one.members()).toEqual(['m2', 'm3']);
    expect(two.members()).toEqual(['m2', 'm3']);
    site.network.restore(addressOf('m1'));
    one.membership.linksChanged(true);
    expect(one.members()).toEqual(['m2', 'm3']);
    await site.clock.advance(50);
    expect([one, two].map((each) => each.members().join())).toEqual(Array(2).fill('m1,m2,m3'));
    await site.stop();
  });

  it('has its place again without an answer when its links are back and its peers are not', async () => {
    const site = new Site('m1', 'm2').list();
    const [one, two] = [site.start('m1'), site.start('m2')];
    await site.clock.advance(1_000);
    one.membership.linksChanged(false);
    await two.stop();
    await site.clock.advance(1_000);
    one.membership.linksChanged(true);
    await site.clock.advance(JOIN_TIMEOUT_MS - 1);
    expect(one.members()).not.toContain('m1');
    await site.clock.advance(2_000);
    expect(one.members()).toEqual(['m1']);
    await site.stop();
  });

  it('gives up its place when its address is taken from the machine, and has it again when that is back', async () => {
    const site = new Site('m1', 'm2', 'm3').list();
    const [one, two] = [site.start('m1'), site.start('m2'), site.start('m3')];
    await site.clock.advance(1_000);
    site.network.takeAddress(addressOf('m1'));
    await site.clock.advance(30_000);
    one.membership.linksChanged(true);
    await site.clock.advance(30_000);
    expect([one, two].map((each) => each.members().join())).toEqual(Array(2).fill('m2,m3'));
    site.network.giveAddressBack(addressOf('m1'));
    await site.clock.advance(15_000);
    expect([one, two].map((each) => each.members().join())).toEqual(Array(2).fill('m1,m2,m3'));
    await site.stop();
  });

  it('waits for its peers after its sockets have died, as it does when it starts', async () => {
    const site = new Site('m1', 'm2').list();
    const one = site.start('m1');
    await site.clock.advance(10_000);
    site.network.takeAddress(addressOf('m1'));
    await site.clock.advance(100);
    site.network.giveAddressBack(addressOf('m1'));
    await site.clock.advance(2_000);
    expect(one.members()).toEqual([]);
    await site.clock.advance(2_000);
    expect(one.members()).toEqual(['m1']);
    await site.stop();
  });

  it('leaves its members to the others when it leaves', async () => {
    const site = new Site('m1', 'm2').list();
    const [one, two] = [site.start('m1'), site.start('m2')];
    await site.clock.advance(1_000);
    const left = one.membership.leave(never);
    await site.clock.advance(2);
    expect([one, two].map((each) => each.members())).toEqual([['m2'], ['m2']]);
    await site.clock.advance(1_000);
    await left;
    await site.stop();
  });

  it('stays away after it has left, whatever its links do', async () => {
    const site = new Site('m1', 'm2').list();
    const [one, two] = [site.start('m1'), site.start('m2')];
    await site.clock.advance(1_000);
    void one.membership.leave(never);
    await site.clock.advance(100);
    one.membership.linksChanged(false);
    one.membership.linksChanged(true);
    await site.clock.advance(500);
    expect([one, two].map((each) => each.members())).toEqual([['m2'], ['m2']]);
    await site.stop();
  });

  it('opens its sockets again when they die, later each time', async () => {
    const site = new Site('m1').list();
    const first = site.start('m1');
    await site.clock.advance(0);
    // The port is taken: the first one has it.
    const second = site.start('m1');
    await site.clock.advance(5_000);
    const retries = second.log.lines.filter(({ level }) => level === 'warn').length;
    expect(retries).toBeGreaterThanOrEqual(3);
    expect(retries).toBeLessThanOrEqual(5);
    await first.stop();
    await site.clock.advance(10_000);
    expect(second.log.lines.filter(({ level }) => level === 'warn').length).toBeLessThanOrEqual(retries + 1);
    expect(second.members()).toEqual(['m1']);
    await site.stop();
  });
});
