/** Our bytes against the Go library, over real sockets: it reads what we write, and we read all it writes. */
import { randomBytes } from 'node:crypto';
import { createGossipSockets } from '../../../speaker/src/linux/gossip-sockets.js';
import type { GossipEndpoint, GossipStream, GossipTransport } from '../../../speaker/src/ports.js';
import { metallbKey } from '../../../speaker/src/wire/memberlist/keyring.js';
import type {
  GossipMessage,
  PushedMember,
  PushPull,
  StreamMessage,
} from '../../../speaker/src/wire/memberlist/messages.js';
import { createPacketCodec, type PacketCodec } from '../../../speaker/src/wire/memberlist/packet.js';
import { createStreamCodec, type StreamCodec } from '../../../speaker/src/wire/memberlist/stream.js';
import { freePort } from '../../support/free-port.ts';
import { GoPeer } from '../../support/go-peer.ts';
import { until, untilHolds } from '../../support/until.ts';

const SECRET = 'AbCdEfGhIjKlMnOpQrStUv';
const VERSIONS = [1, 5, 2, 0, 0, 0] as const;

describe.each([
  { mode: 'in plain', secret: undefined, compress: false, address: '127.0.0.1' },
  { mode: 'compressed', secret: undefined, compress: true, address: '127.0.0.1' },
  { mode: 'encrypted and compressed', secret: SECRET, compress: true, address: '127.0.0.1' },
  { mode: 'encrypted, over IPv6', secret: SECRET, compress: true, address: '::1' },
])('a Go member and our bytes, $mode', ({ secret, compress, address }) => {
  const peers: GoPeer[] = [];
  let peer: GoPeer;
  let us: BareMember;

  /** Timers a tenth of MetalLB's, so that a test sees several rounds of each; time to answer a suspicion is not. */
  async function startPeer(name: string, join: readonly GossipEndpoint[] = []): Promise<GoPeer> {
    const fast = { probeIntervalMs: 100, probeTimeoutMs: 50, gossipIntervalMs: 20, pushPullIntervalMs: 300 };
    // The library picks whom it tells at random, and in one round of thirty forgets one of three.
    const patient = { suspicionMult: 12, retransmitMult: 20 };
    const started = await GoPeer.start({
      name,
      address,
      compress,
      join,
      ...fast,
      ...patient,
      ...(secret !== undefined && { secret }),
    });
    peers.push(started);
    return started;
  }

  beforeAll(async () => {
    peer = await startPeer('go-1');
    us = await BareMember.start({ address, port: await freePort(address) }, secret);
  });
  afterAll(async () => {
    await us.stop();
    await Promise.all(peers.map((each) => each.stop()));
  });

  it('answers our ping, alone and with others in one datagram', async () => {
    us.send(peer.at, [{ type: 'ping', seqNo: 41, node: 'go-1' }]);
    await untilHolds(() => us.acks.includes(41));
    us.send(peer.at, [
      { type: 'ping', seqNo: 42, node: 'go-1' },
      { type: 'ping', seqNo: 43, node: 'go-1' },
    ]);
    await untilHolds(() => us.acks.includes(42) && us.acks.includes(43));
  });

  it('answers to the source a ping names', async () => {
    us.send(peer.at, [{ type: 'ping', seqNo: 44, node: 'go-1', source: { ...us.at, node: 'us' } }]);
    await untilHolds(() => us.acks.includes(44));
  });

  it('answers our ping over TCP', async () => {
    expect(await us.ask(peer.at, { type: 'ping', seqNo: 45, node: 'go-1' })).toEqual({
      type: 'ack',
      seqNo: 45,
    });
  });

  it('gives its state for ours, and counts us in', async () => {
    const state = await us.ask(peer.at, us.state(true));
    expect(state).toEqual({
      type: 'pushPull',
      join: true,
      members: [
        {
          name: 'go-1',
          address,
          port: peer.at.port,
          meta: new Uint8Array(),
          incarnation: 1,
          state: 'alive',
          versions: VERSIONS,
        },
      ],
      userState: new Uint8Array(),
    });
    const listed = { name: 'us', ...us.at, meta: 'ours', state: 'alive' };
    await until('we are a member', async () => (await peer.members()).some(({ name }) => name === 'us'));
    expect(await peer.members()).toContainEqual(listed);
  });

  it('probes us and is content with our acks', async () => {
    const before = us.pinged;
    await untilHolds(() => us.pinged >= before + 5);
    expect(peer.eventsOf('us')).toEqual(['join']);
    await until('it finds itself in good health', async () => (await peer.health()) === 0);
  });

  it('asks others to probe a member that does not answer, and takes their nack', async () => {
    us.received.length = 0;
    const silent = { address, port: await freePort(address) };
    const alive = { type: 'alive', incarnation: 1, node: 'silent', ...silent, ...us.identity } as const;
    us.send(peer.at, [alive], { crc: true });
    await untilHolds(() => us.received.some(({ type }) => type === 'indirectPing'));
    expect(us.received.find(({ type }) => type === 'indirectPing')).toMatchObject({
      target: address,
      port: silent.port,
      node: 'silent',
      nack: true,
    });
    // Its accusations and, in the end, its verdict reach us as gossip.
    await untilHolds(() => us.received.some((m) => m.type === 'suspect' && m.node === 'silent'));
    await untilHolds(() => us.received.some((m) => m.type === 'dead' && m.node === 'silent'));
    await until('it has left', async () => peer.eventsOf('silent').includes('leave'));
  });

  it('tells of a member that joins it, and is pushed and pulled with', async () => {
    const other = await startPeer('go-2', [peer.at]);
    await untilHolds(() => us.received.some((m) => m.type === 'alive' && m.node === 'go-2'));
    await until('go-2 knows us', async () => (await other.members()).length === 3);
    await untilHolds(() => us.pushPulls.some(({ join }) => !join));
    await other.leave();
    await untilHolds(() =>
      us.received.some((m) => m.type === 'dead' && m.node === 'go-2' && m.from === 'go-2'),
    );
    const pushed = (name: string, state: string) =>
      us.pushPulls.some(({ members }) => members.some((m) => m.name === name && m.state === state));
    await untilHolds(() => pushed('go-2', 'left') && pushed('silent', 'dead'));
  });

  it('refutes our accusation', async () => {
    us.send(peer.at, [{ type: 'suspect', incarnation: 1, node: 'go-1', from: 'us' }], { crc: true });
    await untilHolds(() =>
      us.received.some((m) => m.type === 'alive' && m.node === 'go-1' && m.incarnation === 2),
    );
  });

  it('joins us, and we read its state', async () => {
    const before = us.pushPulls.length;
    expect(await peer.join(us.at)).toBe(1);
    const joins = us.pushPulls.slice(before).filter(({ join }) => join);
    expect(joins[0]?.members.map(({ name }) => name)).toContain('us');
  });

  it('lets us go at once when we say good-bye', async () => {
    us.send(peer.at, [{ type: 'dead', incarnation: us.incarnation, node: 'us', from: 'us' }]);
    await until('we have left', async () => peer.eventsOf('us').includes('leave'));
    expect((await peer.members()).map(({ name }) => name)).toEqual(['go-1']);
  });

  it('wrote nothing we could not read, and we nothing it could not', () => {
    expect(us.faults).toEqual([]);
    const complaints = peer.log.filter((line) => line.includes('[ERR]'));
    // The silent one refuses its TCP ping, which is as it should be.
    expect(complaints.filter((line) => !/silent|fallback/.test(line))).toEqual([]);
  });
});

describe('a Go member with a key', () => {
  it('hears nobody with another one, and we do not hear it', async () => {
    const peer = await GoPeer.start({ name: 'go-1', secret: SECRET });
    const stranger = await BareMember.start(
      { address: '127.0.0.1', port: await freePort('127.0.0.1') },
      'other',
    );
    try {
      await expect(stranger.ask(peer.at, stranger.state(true))).rejects.toThrow('decryption');
      expect(await peer.join(stranger.at)).toBe(0);
      expect(stranger.faults).toEqual(['decryption', 'decryption']);
      expect((await peer.members()).map(({ name }) => name)).toEqual(['go-1']);
    } finally {
      await stranger.stop();
      await peer.stop();
    }
  });
});

describe('a Go member with many others', () => {
  it('takes a state of 300 members, and gives it back', async () => {
    const peer = await GoPeer.start({ name: 'go-1', secret: SECRET });
    const us = await BareMember.start({ address: '127.0.0.1', port: await freePort('127.0.0.1') }, SECRET);
    try {
      const [own] = us.state(true).members as [PushedMember];
      const others = Array.from({ length: 300 }, (_, i) => ({
        ...own,
        name: `worker-${i}`,
        address: `127.1.${i >> 8}.${i & 0xff}`,
        incarnation: i + 1,
      }));
      await us.ask(peer.at, { ...us.state(true), members: [own, ...others] });
      await until('it knows them all', async () => (await peer.members()).length === 302);
      const state = await us.ask(peer.at, us.state(false));
      const given = state.type === 'pushPull' ? state.members : [];
      const withoutState = ({ state: _, ...rest }: PushedMember) => rest;
      const byName = new Map(given.map((member) => [member.name, member]));
      // Some it may have begun to suspect by now: nobody is there to answer it.
      for (const other of others) expect(byName.get(other.name)).toMatchObject(withoutState(other));
      expect(given).toHaveLength(302);
      expect(us.faults).toEqual([]);
    } finally {
      await us.stop();
      await peer.stop();
    }
  });
});

/** Answers what has to be answered and notes all that comes: a member without any rules of its own. */
class BareMember {
  readonly at: GossipEndpoint;
  readonly identity = { meta: new Uint8Array(Buffer.from('ours')), versions: VERSIONS };
  readonly received: GossipMessage[] = [];
  readonly pushPulls: PushPull[] = [];
  readonly acks: number[] = [];
  readonly faults: string[] = [];
  pinged = 0;
  incarnation = 1;
  readonly #packets: PacketCodec;
  readonly #streams: StreamCodec;
  readonly #transport: GossipTransport;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(at: GossipEndpoint, secret: string | undefined) {
    const encryption =
      secret === undefined
        ? undefined
        : { key: metallbKey(Buffer.from(secret)), nonce: () => randomBytes(12) };
    this.at = at;
    this.#packets = createPacketCodec(encryption);
    this.#streams = createStreamCodec(encryption);
    this.#transport = createGossipSockets(at);
  }

  static async start(at: GossipEndpoint, secret?: string): Promise<BareMember> {
    const member = new BareMember(at, secret);
    member.#running = member.#transport.run(
      {
        onDatagram: (bytes, from) => member.#onDatagram(bytes, from),
        onStream: (stream) => void member.#onStream(stream),
      },
      member.#stop.signal,
    );
    while (member.pinged === 0) {
      member.send(at, [{ type: 'ping', seqNo: 1, node: 'us' }]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return member;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  send(to: GossipEndpoint, messages: readonly GossipMessage[], options?: { crc: boolean }): void {
    this.#transport.send(to, this.#packets.encode(messages, options));
  }

  state(join: boolean): PushPull {
    const own: PushedMember = {
      name: 'us',
      ...this.at,
      ...this.identity,
      incarnation: this.incarnation,
      state: 'alive',
    };
    return { type: 'pushPull', join, members: [own], userState: new Uint8Array() };
  }

  /** Sends a message over TCP and gives the answer. */
  async ask(to: GossipEndpoint, message: StreamMessage): Promise<StreamMessage> {
    const stream = await this.#transport.connect(to, { timeoutMs: 5_000, signal: this.#stop.signal });
    try {
      await stream.send(this.#streams.encode(message));
      return await this.#readFrom(stream);
    } finally {
      stream.close();
    }
  }

  #onDatagram(bytes: Uint8Array, from: GossipEndpoint): void {
    const packet = this.#packets.decode(bytes);
    if (!packet.ok) {
      this.faults.push(packet.reason);
      return;
    }
    this.faults.push(...packet.value.faults);
    for (const message of packet.value.messages) {
      this.received.push(message);
      if (message.type === 'ack') this.acks.push(message.seqNo);
      if (message.type === 'suspect' && message.node === 'us') this.#refute(from, message.incarnation);
      if (message.type === 'indirectPing') this.send(from, [{ type: 'nack', seqNo: message.seqNo }]);
      if (message.type !== 'ping') continue;
      this.pinged++;
      this.send(message.source ?? from, [{ type: 'ack', seqNo: message.seqNo }]);
    }
  }

  /** On a busy machine an ack may come too late. */
  #refute(to: GossipEndpoint, accused: number): void {
    this.incarnation = Math.max(this.incarnation, accused + 1);
    const alive = { type: 'alive', incarnation: this.incarnation, node: 'us' } as const;
    this.send(to, [{ ...alive, ...this.at, ...this.identity }]);
  }

  async #onStream(stream: GossipStream): Promise<void> {
    try {
      const message = await this.#readFrom(stream);
      if (message.type === 'ping')
        await stream.send(this.#streams.encode({ type: 'ack', seqNo: message.seqNo }));
      if (message.type !== 'pushPull') return;
      this.pushPulls.push(message);
      await stream.send(this.#streams.encode(this.state(message.join)));
    } catch {
      // Noted where it was read.
    } finally {
      stream.close();
    }
  }

  async #readFrom(stream: GossipStream): Promise<StreamMessage> {
    const decoder = this.#streams.decoder();
    for await (const bytes of stream.receive()) {
      const result = decoder.push(bytes);
      this.faults.push(...decoder.faults);
      if (!result.ok) {
        this.faults.push(result.reason);
        throw new Error(result.reason);
      }
      if (result.value) return result.value;
    }
    throw new Error('the stream ended early');
  }
}
