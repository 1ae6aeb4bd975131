/** Our members and those of the Go library in one group, over real sockets on loopback. */
import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import { systemClock, systemRandom } from '@metallb-l2/sdk/kube';
import { createGossipSockets } from '../../../speaker/src/linux/gossip-sockets.js';
import { Memberlist } from '../../../speaker/src/membership/memberlist.js';
import { PROFILES } from '../../../speaker/src/membership/profile.js';
import type { GossipEndpoint } from '../../../speaker/src/ports.js';
import { metallbKey } from '../../../speaker/src/wire/memberlist/keyring.js';
import { createPacketCodec } from '../../../speaker/src/wire/memberlist/packet.js';
import { createStreamCodec } from '../../../speaker/src/wire/memberlist/stream.js';
import { freePort } from '../../support/free-port.ts';
import { GoPeer, type GoPeerOptions } from '../../support/go-peer.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { RecordedMeter } from '../../support/recorded-meter.ts';
import { until, untilHolds } from '../../support/until.ts';

jest.setTimeout(120_000);

const SECRET = 'AbCdEfGhIjKlMnOpQrStUv';
const NOBODY: readonly GossipEndpoint[] = [];

/** A member of ours, as a process of its own would be one. */
class OurMember {
  readonly at: GossipEndpoint;
  readonly memberlist: Memberlist;
  readonly meter = new RecordedMeter();
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  private constructor(name: string, at: GossipEndpoint, peers: readonly GossipEndpoint[], secret?: string) {
    const encryption =
      secret === undefined
        ? undefined
        : { key: metallbKey(Buffer.from(secret)), nonce: () => randomBytes(12) };
    this.at = at;
    this.memberlist = new Memberlist(
      {
        transport: createGossipSockets(at),
        packets: createPacketCodec(encryption),
        streams: createStreamCodec(encryption),
        clock: systemClock,
        random: systemRandom,
        meter: this.meter,
        log: new RecordedLog(),
        peers: { peers: () => peers, subscribe: () => () => undefined },
      },
      { self: { name, ...at }, profile: PROFILES.fast },
    );
    this.#ended = this.memberlist.run(this.#stop.signal);
  }

  static async start(
    name: string,
    peers: readonly GossipEndpoint[],
    { secret, port }: { secret?: string | undefined; port?: number } = {},
  ): Promise<OurMember> {
    const address = '127.0.0.1';
    const at = { address, port: port ?? (await freePort(address)) };
    const member = new OurMember(name, at, peers, secret);
    await until(`${name} listens`, () => isListening(at));
    return member;
  }

  names(): string {
    return this.memberlist
      .members()
      .map(({ name }) => name)
      .sort()
      .join();
  }

  stateOf(name: string): string | undefined {
    return this.memberlist.members().find((member) => member.name === name)?.state;
  }

  get refutations(): number {
    return this.meter.value('metallb_speaker_memberlist_refutations');
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

/** Whether somebody takes a connection; one without a message is nothing but closed. */
async function isListening(at: GossipEndpoint): Promise<boolean> {
  const { signal } = new AbortController();
  try {
    (
      await createGossipSockets({ address: at.address, port: 0 }).connect(at, { timeoutMs: 1_000, signal })
    ).close();
    return true;
  } catch {
    return false;
  }
}

const goNames = async (peer: GoPeer) => (await peer.members()).map(({ name }) => name).join();

describe.each([
  { mode: 'in plain text', secret: undefined },
  { mode: 'encrypted with a secret of MetalLB', secret: SECRET },
])('a group of Go members and ours, $mode', ({ secret }) => {
  const goPeers: GoPeer[] = [];
  const ours: OurMember[] = [];

  async function startGo(name: string, options: Partial<GoPeerOptions> = {}): Promise<GoPeer> {
    const timers = { probeIntervalMs: 200, probeTimeoutMs: 100, gossipIntervalMs: 20 };
    const peer = await GoPeer.start({ name, ...timers, ...(secret !== undefined && { secret }), ...options });
    goPeers.push(peer);
    return peer;
  }

  async function startOurs(
    name: string,
    peers: readonly GossipEndpoint[],
    port?: number,
  ): Promise<OurMember> {
    const member = await OurMember.start(name, peers, { secret, ...(port !== undefined && { port }) });
    ours.push(member);
    return member;
  }

  /** Waits until all that run count in the same members. */
  async function untilAllKnow(...names: string[]): Promise<void> {
    const expected = [...names].sort().join();
    await until(`all know ${expected}`, async () => {
      const known = await Promise.all(goPeers.map(goNames));
      return [...known, ...ours.map((member) => member.names())].every((each) => each === expected);
    });
  }

  afterEach(async () => {
    await Promise.all([
      ...goPeers.splice(0).map((peer) => peer.stop()),
      ...ours.splice(0).map((o) => o.stop()),
    ]);
  });

  it('is joined by ours through one of Go, and by Go through one of ours', async () => {
    const go = await startGo('go-1');
    const one = await startOurs('our-1', [go.at]);
    await untilAllKnow('go-1', 'our-1');
    await startGo('go-2', { join: [one.at] });
    await untilAllKnow('go-1', 'go-2', 'our-1');
  });

  it('of 2 to 20 grows one by one, and each knows all', async () => {
    const first = await startGo('go-01');
    const names = ['go-01'];
    for (let i = 2; i <= 20; i++) {
      const name = `${i % 4 === 0 ? 'go' : 'our'}-${String(i).padStart(2, '0')}`;
      names.push(name);
      if (i % 4 === 0) await startGo(name, { join: [ours.at(-1)!.at] });
      else await startOurs(name, [first.at]);
      if ([2, 3, 5, 10, 20].includes(i)) await untilAllKnow(...names);
    }
  });

  it('holds a Go member that stands still for dead, and takes it back when it goes on', async () => {
    const go = await startGo('go-1');
    const one = await startOurs('our-1', [go.at]);
    const two = await startOurs('our-2', [go.at]);
    await untilAllKnow('go-1', 'our-1', 'our-2');
    go.signal('SIGSTOP');
    await untilHolds(() => one.names() === 'our-1,our-2' && two.names() === 'our-1,our-2');
    go.signal('SIGCONT');
    await untilAllKnow('go-1', 'our-1', 'our-2');
  });

  it('lets a Go member refute our suspicion', async () => {
    const go = await startGo('go-1');
    const two = await startGo('go-2', { join: [go.at] });
    const one = await startOurs('our-1', [go.at]);
    await untilAllKnow('go-1', 'go-2', 'our-1');
    two.signal('SIGSTOP');
    await untilHolds(() => one.stateOf('go-2') === 'suspect');
    two.signal('SIGCONT');
    await untilHolds(() => one.stateOf('go-2') === 'alive');
    await untilAllKnow('go-1', 'go-2', 'our-1');
  });

  it('hears our refutation, and counts a restarted member of ours in although it was dead', async () => {
    const go = await startGo('go-1', { suspicionMult: 2 });
    const one = await startOurs('our-1', [go.at]);
    await untilAllKnow('go-1', 'our-1');
    await one.stop();
    ours.splice(0);
    await untilAllKnow('go-1');
    const again = await startOurs('our-1', [go.at], one.at.port);
    await untilAllKnow('go-1', 'our-1');
    expect(again.refutations).toBeGreaterThan(0);
  });

  it('sees a member of ours leave at once, and one of Go too', async () => {
    const go = await startGo('go-1');
    const leaver = await startGo('go-2', { join: [go.at] });
    const one = await startOurs('our-1', [go.at]);
    const two = await startOurs('our-2', [go.at]);
    await untilAllKnow('go-1', 'go-2', 'our-1', 'our-2');
    // Before this, on a busy machine, anybody may have been suspected for a moment.
    const linesBefore = go.log.length;
    await one.memberlist.leave(new AbortController().signal);
    await until('go-1 sees our-1 go', async () => (await goNames(go)) === 'go-1,go-2,our-2');
    expect(go.log.slice(linesBefore).filter((line) => /Suspect our-1/i.test(line))).toEqual([]);
    const suspicions = () => two.meter.value('metallb_speaker_memberlist_suspicions');
    const suspicionsBefore = suspicions();
    await leaver.leave();
    await untilHolds(() => two.names() === 'go-1,our-2');
    expect(suspicions()).toBe(suspicionsBefore);
  });

  it('says nothing the other side cannot read, while all are healthy', async () => {
    const go = await startGo('go-1');
    const one = await startOurs('our-1', [go.at]);
    const two = await startOurs('our-2', NOBODY);
    await go.join(two.at);
    await untilAllKnow('go-1', 'our-1', 'our-2');
    await one.stop();
    ours.splice(0, 1);
    await untilAllKnow('go-1', 'our-2');
    // What only a busy machine has it say: an answer that came late, and what follows from that.
    const late = /timeout|refused|UDP probes failed|Refuting/;
    expect(
      go.log.filter((line) => /\[(ERR|WARN)\]/.test(line) && !/our-1/.test(line) && !late.test(line)),
    ).toEqual([]);
    const unreadable = ['malformed', 'decryption', 'checksum', 'unknown-type', 'truncated', 'compression'];
    for (const reason of unreadable) {
      expect(two.meter.value('metallb_speaker_memberlist_packets_dropped', { reason })).toBe(0);
    }
  });
});

describe('a member of ours', () => {
  it('with another secret is in no group with a Go member', async () => {
    const go = await GoPeer.start({ name: 'go-1', secret: SECRET });
    const one = await OurMember.start('our-1', [go.at], { secret: 'another secret' });
    await until('the Go member has refused it', async () => go.log.some((line) => /decrypt/i.test(line)));
    expect([one.names(), await goNames(go)]).toEqual(['our-1', 'go-1']);
    await Promise.all([one.stop(), go.stop()]);
  });
});
