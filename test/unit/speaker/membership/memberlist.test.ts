import { PROFILES } from '../../../../speaker/src/membership/profile.js';
import type { GossipStream, GossipTransport } from '../../../../speaker/src/ports.js';
import type { GossipMessage, StreamMessage } from '../../../../speaker/src/wire/memberlist/messages.js';
import { createPacketCodec } from '../../../../speaker/src/wire/memberlist/packet.js';
import { createStreamCodec } from '../../../../speaker/src/wire/memberlist/stream.js';
import { settle } from '../../../support/fake-clock.ts';
import { randomBytesFrom } from '../../../support/seeded-random.ts';
import { addressOf, Group, PORT } from './group.ts';

const never = new AbortController().signal;
const metric = (group: Group, name: string, what: string, labels = {}) =>
  group.process(name).meter.value(`metallb_speaker_memberlist_${what}`, labels);
const dropped = (group: Group, name: string, reason: string) =>
  metric(group, name, 'packets_dropped', { reason });

/** A program that speaks the protocol and is no member. */
function stranger(group: Group, name = 'm99') {
  const transport = group.network.endpoint(addressOf(name));
  const to = (member: string) => ({ address: addressOf(member), port: PORT });
  const received: GossipMessage[] = [];
  const stop = new AbortController();
  const onDatagram = (bytes: Uint8Array) => {
    const decoded = createPacketCodec().decode(bytes);
    if (decoded.ok) received.push(...decoded.value.messages);
  };
  void transport.run({ onDatagram, onStream: (stream) => stream.close() }, stop.signal);
  return {
    received,
    sendBytes: (member: string, bytes: Uint8Array) => transport.send(to(member), bytes),
    send: (member: string, ...messages: GossipMessage[]) =>
      transport.send(to(member), createPacketCodec().encode(messages)),
    connect: (member: string) => transport.connect(to(member), { timeoutMs: 1_000, signal: never }),
    stop: () => stop.abort(),
  };
}

async function readAnswer(stream: GossipStream): Promise<StreamMessage | undefined> {
  const decoder = createStreamCodec().decoder();
  for await (const bytes of stream.receive()) {
    const read = decoder.push(bytes);
    if (read.ok && read.value !== undefined) return read.value;
  }
  return undefined;
}

describe('joining', () => {
  it('takes one exchange with one peer to know all', async () => {
    const group = await Group.of(5);
    group.start('m6');
    expect(await group.until(() => group.isWhole(), 1_000)).toBeLessThanOrEqual(100);
    await group.stop();
  });

  it('waits for a peer that is not there yet, and begins as soon as it is heard', async () => {
    const group = new Group();
    group.list('m2');
    group.start('m1');
    await group.clock.advance(60_000);
    expect(group.membersOf('m1')).toEqual(['m1']);
    group.start('m2');
    expect(await group.until(() => group.isWhole(), 3_000)).toBeLessThanOrEqual(100);
    await group.stop();
  });

  it('begins as soon as a peer is listed', async () => {
    const group = new Group();
    group.start('m1');
    group.unlistAll();
    group.start('m2');
    group.unlistAll();
    await group.clock.advance(10_000);
    expect(group.membersOf('m1')).toEqual(['m1']);
    group.list('m2');
    expect(await group.until(() => group.isWhole(), 3_000)).toBeLessThanOrEqual(50);
    await group.stop();
  });

  it('does not happen with another key, and says why', async () => {
    const keyed = (fill: number) => ({
      encryption: { key: new Uint8Array(32).fill(fill), nonce: () => randomBytesFrom(fill)(12) },
    });
    const group = new Group();
    group.start('m1', keyed(1));
    group.start('m2', keyed(1));
    group.start('m3', keyed(2));
    await group.clock.advance(10_000);
    expect(group.membersOf('m1')).toEqual(['m1', 'm2']);
    expect(group.membersOf('m3')).toEqual(['m3']);
    expect(dropped(group, 'm1', 'decryption')).toBeGreaterThan(0);
    await group.stop();
  });

  it('does not happen with members of a version that could not talk to us', async () => {
    const group = await Group.of(2);
    const foreigner = stranger(group);
    const stream = await connected(group, foreigner.connect('m1'));
    const versions = [9, 9, 9, 0, 0, 0] as const;
    const member = { name: 'm99', address: addressOf('m99'), port: PORT, meta: new Uint8Array() };
    await stream.send(
      createStreamCodec().encode({
        type: 'pushPull',
        join: true,
        members: [{ ...member, incarnation: 1, state: 'alive', versions }],
        userState: new Uint8Array(),
      }),
    );
    await group.clock.advance(100);
    expect(dropped(group, 'm1', 'incompatible-versions')).toBe(1);
    expect(group.membersOf('m1')).toEqual(['m1', 'm2']);
    foreigner.stop();
    await group.stop();
  });
});

describe('a restarted process', () => {
  it('is back at once although the others have it dead with an incarnation above its own', async () => {
    const group = await Group.of(4);
    for (let restarts = 0; restarts < 3; restarts++) {
      await group.process('m1').kill();
      await group.until(() => group.isWhole(), 5_000);
      group.start('m1');
      expect(await group.until(() => group.isWhole(), 3_000)).toBeLessThanOrEqual(100);
    }
    await group.stop();
  });

  it('was never away when it is faster than its suspicion', async () => {
    const group = await Group.of(4);
    await group.process('m1').kill();
    await group.clock.advance(300);
    group.start('m1');
    await group.clock.advance(5_000);
    expect(group.isWhole()).toBe(true);
    expect(group.removals).toBe(0);
    await group.stop();
  });
});

describe('leaving', () => {
  it.each([2, 10, 20])('is seen at once by all of %i', async (members) => {
    const group = await Group.of(members);
    const leaving = group.clock.now();
    const left = group.process('m1').memberlist.leave(never);
    await group.until(() => group.isWhole(group.names.filter((name) => name !== 'm1')), 1_000);
    expect(group.delays('m1', leaving).at(-1)).toBeLessThanOrEqual(2);
    await group.clock.advance(1_000);
    await left;
    expect(group.membersOf('m1')).not.toContain('m1');
    await group.stop();
  });

  it('reaches everybody by gossip when the direct word gets lost', async () => {
    const group = await Group.of(5);
    group.network.loss = 1;
    const left = group.process('m1').memberlist.leave(never);
    group.network.loss = 0;
    await group.until(() => group.isWhole(['m2', 'm3', 'm4', 'm5']), 400);
    await group.clock.advance(1_000);
    await left;
    await group.stop();
  });

  it('takes no longer than a second when nobody hears it', async () => {
    const group = await Group.of(2, { profile: PROFILES.wan });
    group.network.cut(addressOf('m1'));
    let done = false;
    void group
      .process('m1')
      .memberlist.leave(never)
      .then(() => (done = true));
    await group.clock.advance(1_500);
    expect(done).toBe(true);
    await group.stop();
  });

  it('is undone by coming back, at once for all', async () => {
    const group = await Group.of(4);
    const { memberlist } = group.process('m1');
    const left = memberlist.leave(never);
    await group.clock.advance(5_000);
    await left;
    expect(group.isWhole(['m2', 'm3', 'm4'])).toBe(true);
    memberlist.rejoin();
    expect(await group.until(() => group.isWhole(), 3_000)).toBeLessThanOrEqual(100);
    await group.stop();
  });

  it('during which others went is not followed by believing in them', async () => {
    const group = await Group.of(4);
    const { memberlist } = group.process('m1');
    const left = memberlist.leave(never);
    await group.clock.advance(1_000);
    await left;
    group.network.cut(addressOf('m4'));
    await group.clock.advance(60_000);
    memberlist.rejoin();
    await group.until(() => group.isWhole(['m1', 'm2', 'm3']), 3_000);
    await group.stop();
  });
});

describe('a probe', () => {
  it('goes around a path that is broken: nobody is suspected whom a third one reaches', async () => {
    const group = await Group.of(3);
    const suspicions = metric(group, 'm1', 'suspicions');
    group.network.partition([addressOf('m1')], [addressOf('m2')]);
    await group.clock.advance(30_000);
    expect(group.isWhole()).toBe(true);
    expect(group.removals).toBe(0);
    expect(metric(group, 'm1', 'suspicions')).toBe(suspicions);
    await group.stop();
  });

  it('is answered over TCP where UDP does not get through', async () => {
    const group = new Group({ delayMs: [0, 0] });
    const deaf = (transport: GossipTransport): GossipTransport => ({ ...transport, send: () => undefined });
    group.start('m1', { through: deaf });
    group.start('m2');
    await group.until(() => group.isWhole(), 5_000);
    await group.clock.advance(30_000);
    expect(group.removals).toBe(0);
    await group.stop();
  });

  it('fails without a suspect when this process was not there to take the answer', async () => {
    const group = await Group.of(2);
    const suspicions = metric(group, 'm1', 'suspicions');
    for (let times = 0; times < 20; times++) {
      group.network.pause(addressOf('m1'));
      await group.clock.advance(400);
      group.network.resume(addressOf('m1'));
      await group.clock.advance(333);
    }
    expect(metric(group, 'm1', 'stalls')).toBeGreaterThanOrEqual(20);
    expect(metric(group, 'm1', 'suspicions')).toBe(suspicions);
    expect(group.removals).toBe(0);
    await group.stop();
  });

  it('that fails makes the one who probes doubt itself when no helper is heard either', async () => {
    const group = await Group.of(4);
    group.network.cut(addressOf('m1'));
    await group.clock.advance(400);
    expect(metric(group, 'm1', 'health_score')).toBeGreaterThan(1);
    expect(metric(group, 'm2', 'health_score')).toBeLessThanOrEqual(1);
    await group.stop();
  });
});

describe('what others send', () => {
  it('is answered when it is a ping for this member, and only then', async () => {
    const group = await Group.of(1);
    const other = stranger(group);
    other.send('m1', { type: 'ping', seqNo: 7, node: 'm1' }, { type: 'ping', seqNo: 8, node: 'm2' });
    await group.clock.advance(10);
    expect(other.received).toEqual([{ type: 'ack', seqNo: 7 }]);
    expect(dropped(group, 'm1', 'not-for-us')).toBe(1);
    other.stop();
    await group.stop();
  });

  it('is passed on when it is a ping for another one, whose silence is told too', async () => {
    const group = await Group.of(2);
    const other = stranger(group);
    const ask = (seqNo: number, node: string) =>
      other.send('m1', {
        type: 'indirectPing',
        seqNo,
        node,
        target: addressOf(node),
        port: PORT,
        nack: true,
      });
    ask(1, 'm2');
    ask(2, 'm3');
    await group.clock.advance(200);
    // News rides along.
    expect(other.received.filter(({ type }) => type !== 'alive')).toEqual([
      { type: 'ack', seqNo: 1 },
      { type: 'nack', seqNo: 2 },
    ]);
    other.stop();
    await group.stop();
  });

  it('is counted by reason and otherwise ignored when it is no message', async () => {
    const group = await Group.of(2);
    const other = stranger(group);
    const random = randomBytesFrom(5);
    for (let i = 0; i < 500; i++) other.sendBytes('m1', random(i % 60));
    other.send('m1', { type: 'ack', seqNo: 1 }, { type: 'user', bytes: new Uint8Array(3) });
    await group.clock.advance(1_000);
    expect(dropped(group, 'm1', 'unknown-ack')).toBeGreaterThanOrEqual(1);
    expect(dropped(group, 'm1', 'unexpected')).toBeGreaterThanOrEqual(1);
    expect(group.process('m1').meter.total('metallb_speaker_memberlist_packets_dropped')).toBeGreaterThan(
      500,
    );
    expect(group.isWhole()).toBe(true);
    other.stop();
    await group.stop();
  });

  it('makes it know no more members than it may, and all claims end', async () => {
    const group = new Group();
    group.start('m1', { maxMembers: 10 });
    const other = stranger(group);
    for (let i = 0; i < 50; i++) {
      const address = `10.1.0.${i}`;
      const versions = [1, 5, 2, 0, 0, 0] as const;
      other.send('m1', {
        type: 'alive',
        node: `x${i}`,
        address,
        port: PORT,
        meta: new Uint8Array(),
        incarnation: 1,
        versions,
      });
    }
    await group.clock.advance(10);
    expect(group.membersOf('m1')).toHaveLength(10);
    expect(dropped(group, 'm1', 'too-many-members')).toBe(41);
    await group.until(() => group.membersOf('m1').length === 1, 60_000);
    other.stop();
    await group.stop();
  });

  it('is not passed on when it is too large for a datagram, and holds up no other news', async () => {
    const group = await Group.of(3);
    const other = stranger(group);
    other.send('m1', { type: 'suspect', node: 'm2', incarnation: 1, from: 'x'.repeat(2_000) });
    await group.clock.advance(500);
    expect(dropped(group, 'm1', 'oversized')).toBeGreaterThan(0);
    group.start('m4');
    await group.until(() => group.isWhole(), 500);
    expect(group.removals).toBe(0);
    other.stop();
    await group.stop();
  });

  it('does not keep more than 128 of its streams busy, nor any for longer than an exchange may take', async () => {
    const group = await Group.of(1, { delayMs: [0, 0] });
    const other = stranger(group);
    const streams = await Promise.all(Array.from({ length: 130 }, () => other.connect('m1')));
    await settle();
    expect(dropped(group, 'm1', 'too-many-streams')).toBe(2);
    await group.clock.advance(PROFILES.fast.streamTimeoutMs + 10);
    const next = await other.connect('m1');
    await next.send(createStreamCodec().encode({ type: 'ping', seqNo: 3, node: 'm1' }));
    const answer = readAnswer(next);
    await group.clock.advance(10);
    expect(await answer).toEqual({ type: 'ack', seqNo: 3 });
    for (const stream of [...streams, next]) stream.close();
    other.stop();
    await group.stop();
  });
});

describe('a member', () => {
  it('tells its listeners once of all that one exchange brings', async () => {
    const group = await Group.of(12);
    const { memberlist } = group.start('m13');
    const sizes: number[] = [];
    memberlist.subscribe(() => sizes.push(memberlist.members().length));
    await group.until(() => group.isWhole(), 1_000);
    expect(sizes[0]).toBe(13);
    await group.stop();
  });

  it('that is ended leaves nothing running', async () => {
    const group = await Group.of(3);
    await group.stop();
    await group.clock.advance(60_000);
    expect(group.clock.sleepers).toBe(0);
  });

  it('says how many members it knows in which state', async () => {
    const group = await Group.of(3);
    const left = group.process('m2').memberlist.leave(never);
    group.network.cut(addressOf('m3'));
    await group.clock.advance(3_000);
    await left;
    const counts = ['alive', 'suspect', 'dead', 'left'].map((state) =>
      metric(group, 'm1', 'members', { state }),
    );
    expect(counts).toEqual([1, 0, 1, 1]);
    await group.stop();
  });

  it('alone sends nothing', async () => {
    const group = await Group.of(1);
    await group.clock.advance(60_000);
    expect(group.network.datagrams).toBe(0);
    await group.stop();
  });
});

/** Lets the network bring about what `promise` waits for. */
async function connected<T>(group: Group, promise: Promise<T>): Promise<T> {
  await group.clock.advance(10);
  return promise;
}
