import { PROFILES } from '../../../../speaker/src/membership/profile.js';
import { OUR_VERSIONS } from '../../../../speaker/src/membership/versions.js';
import type { GossipTransport } from '../../../../speaker/src/ports.js';
import { createStreamCodec } from '../../../../speaker/src/wire/memberlist/stream.js';
import { settle } from '../../../support/fake-clock.ts';
import { randomBytesFrom } from '../../../support/seeded-random.ts';
import { addressOf, dropped, Group, metric, PORT } from './group.ts';
import { aliveAs, readAnswer, stranger } from './stranger.ts';

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

  it('is answered where the ping says that it comes from', async () => {
    const group = await Group.of(1);
    const [one, other] = [stranger(group, 'm98'), stranger(group)];
    const source = { address: `::ffff:${addressOf('m98')}`, port: PORT, node: 'm98' };
    other.send('m1', { type: 'ping', seqNo: 7, node: 'm1', source });
    await group.clock.advance(10);
    expect([one.received, other.received]).toEqual([[{ type: 'ack', seqNo: 7 }], []]);
    one.stop();
    other.stop();
    await group.stop();
  });

  it('is answered with the objection, when it asks and accuses at once', async () => {
    const group = await Group.of(1);
    const other = stranger(group);
    const accusation = { type: 'suspect', node: 'm1', incarnation: 1, from: 'm99' } as const;
    other.send('m1', { type: 'ping', seqNo: 7, node: 'm1' }, accusation);
    await group.clock.advance(10);
    const answer = other.datagrams.find(([first]) => first?.type === 'ack');
    expect(answer).toContainEqual(expect.objectContaining({ type: 'alive', node: 'm1', incarnation: 2 }));
    expect([metric(group, 'm1', 'refutations'), metric(group, 'm1', 'health_score')]).toEqual([1, 1]);
    other.stop();
    await group.stop();
  });

  it('is answered over TCP too only when it is a ping for this member', async () => {
    const group = await Group.of(1, { delayMs: [0, 0] });
    const other = stranger(group);
    const stream = await other.connect('m1');
    await stream.send(createStreamCodec().encode({ type: 'ping', seqNo: 3, node: 'm2' }));
    const answer = readAnswer(stream);
    await group.clock.advance(10);
    expect(await answer).toBeUndefined();
    expect(dropped(group, 'm1', 'not-for-us')).toBe(1);
    other.stop();
    await group.stop();
  });

  it('is passed on when it is a ping for another one, whose silence is told too', async () => {
    const group = await Group.of(2);
    const other = stranger(group);
    const ask = (seqNo: number, node: string, nack = true) =>
      other.send('m1', { type: 'indirectPing', seqNo, node, target: addressOf(node), port: PORT, nack });
    ask(1, 'm2');
    ask(2, 'm3');
    ask(3, 'm3', false); // one that does not understand it
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

  it('is passed on 256 times at once, not more', async () => {
    const group = await Group.of(1);
    const other = stranger(group);
    const [node, target] = ['m3', addressOf('m3')];
    for (let seqNo = 0; seqNo < 300; seqNo++) {
      other.send('m1', { type: 'indirectPing', seqNo, node, target, port: PORT, nack: true });
    }
    await group.clock.advance(10);
    expect(dropped(group, 'm1', 'too-many-relays')).toBe(300 - 256);
    other.stop();
    await group.stop();
  });

  it('is counted when one message in a datagram, or one member in an exchange, cannot be read', async () => {
    const group = await Group.of(1, { delayMs: [0, 0] });
    const other = stranger(group);
    other.sendBytes('m1', Uint8Array.of(7, 2, 0, 1, 0, 2, 0xff, 11, 0x80)); // a type there is not, and a nack
    await group.clock.advance(10);
    expect([dropped(group, 'm1', 'unknown-type'), dropped(group, 'm1', 'unknown-ack')]).toEqual([1, 1]);
    const member = { port: PORT, meta: new Uint8Array(), incarnation: 1, versions: OUR_VERSIONS };
    const members = ['m98', 'm99'].map((name) => ({
      ...member,
      name,
      address: addressOf(name),
      state: 'alive' as const,
    }));
    const state = { type: 'pushPull', join: true, members, userState: new Uint8Array() } as const;
    const bytes = createStreamCodec().encode(state);
    bytes[Buffer.from(bytes).lastIndexOf('State') + 'State'.length] = 7; // a state there is not
    const stream = await other.connect('m1');
    await stream.send(bytes);
    await group.clock.advance(10);
    expect(dropped(group, 'm1', 'malformed')).toBe(1);
    expect(group.membersOf('m1')).toEqual(['m1', 'm98']);
    other.stop();
    await group.stop();
  });

  it('is answered with what was known before it, whatever versions the dead had that it tells of', async () => {
    const group = await Group.of(1, { delayMs: [0, 0] });
    const other = stranger(group);
    const member = { address: addressOf('m99'), port: PORT, meta: new Uint8Array(), incarnation: 1 };
    const stream = await other.connect('m1');
    await stream.send(
      createStreamCodec().encode({
        type: 'pushPull',
        join: true,
        members: [
          { ...member, name: 'm99', state: 'alive', versions: OUR_VERSIONS },
          { ...member, name: 'm98', state: 'dead', versions: [9, 9, 9, 0, 0, 0] },
        ],
        userState: new Uint8Array(),
      }),
    );
    const answer = readAnswer(stream);
    await group.clock.advance(10);
    expect(await answer).toMatchObject({ type: 'pushPull', join: false, members: [{ name: 'm1' }] });
    expect(group.membersOf('m1')).toEqual(['m1', 'm99']);
    other.stop();
    await group.stop();
  });

  it('is counted when a stream ends in the middle of a message, and not when nothing has come', async () => {
    const group = await Group.of(1, { delayMs: [0, 0] });
    const other = stranger(group);
    const [half, empty] = [await other.connect('m1'), await other.connect('m1')];
    await half.send(createStreamCodec().encode({ type: 'ping', seqNo: 3, node: 'm1' }).subarray(0, 9));
    half.close();
    empty.close();
    await group.clock.advance(10);
    expect(dropped(group, 'm1', 'truncated')).toBe(1);
    other.stop();
    await group.stop();
  });

  it('changes nothing when it is what was said before, word for word', async () => {
    const group = new Group();
    const heard: Uint8Array[] = [];
    const overheard = (transport: GossipTransport): GossipTransport => ({
      ...transport,
      run: (handler, signal) =>
        transport.run(
          {
            ...handler,
            onDatagram: (bytes, from) => {
              heard.push(bytes.slice());
              handler.onDatagram(bytes, from);
            },
          },
          signal,
        ),
    });
    group.start('m1', { through: overheard });
    for (const name of ['m2', 'm3']) group.start(name);
    await group.until(() => group.isWhole(), 5_000);
    const { memberlist } = group.process('m3');
    const left = memberlist.leave(new AbortController().signal);
    await group.clock.advance(2_000);
    await left;
    memberlist.rejoin();
    await group.until(() => group.isWhole(), 3_000);
    const before = group.removals;
    const acks = dropped(group, 'm1', 'unknown-ack');
    const other = stranger(group);
    for (const bytes of [...heard]) {
      for (const name of group.names) other.sendBytes(name, bytes);
    }
    await group.clock.advance(5_000);
    expect([group.isWhole(), group.removals]).toEqual([true, before]);
    expect(dropped(group, 'm1', 'unknown-ack')).toBeGreaterThan(acks);
    other.stop();
    await group.stop();
  });

  it('makes it know no more members than it may, and all claims end', async () => {
    const group = new Group();
    group.start('m1', { maxMembers: 10 });
    const other = stranger(group);
    for (let i = 100; i < 150; i++) other.send('m1', aliveAs(`x${i}`));
    await group.clock.advance(10);
    expect(group.membersOf('m1')).toHaveLength(10);
    expect(dropped(group, 'm1', 'too-many-members')).toBe(41);
    await group.until(() => group.membersOf('m1').length === 1, 60_000);
    other.stop();
    await group.stop();
  });

  it('makes it know as many members as Kubernetes has nodes, when there are so many', async () => {
    const group = await Group.of(1, { delayMs: [0, 0] });
    const other = stranger(group);
    const members = Array.from({ length: 5_000 }, (_, i) => ({
      name: `node-${i}`,
      address: `10.1.${i >> 8}.${i & 255}`,
      port: PORT,
      meta: new Uint8Array(),
      incarnation: 1,
      state: 'alive' as const,
      versions: OUR_VERSIONS,
    }));
    const state = { type: 'pushPull', join: true, members, userState: new Uint8Array() } as const;
    const stream = await other.connect('m1');
    await stream.send(createStreamCodec().encode(state));
    await group.clock.advance(10);
    expect(group.membersOf('m1')).toHaveLength(5_001);
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

  it('does not keep more than 64 of its streams busy, nor any for longer than an exchange may take', async () => {
    const group = await Group.of(1, { delayMs: [0, 0] });
    const others = ['m95', 'm96', 'm97', 'm98', 'm99'].map((name) => stranger(group, name));
    const streams = await Promise.all(
      others.flatMap((other) => Array.from({ length: 14 }, () => other.connect('m1'))),
    );
    await settle();
    expect(dropped(group, 'm1', 'too-many-streams')).toBe(5 * 14 - 64);
    await group.clock.advance(PROFILES.fast.streamTimeoutMs + 10);
    const next = await others[0]!.connect('m1');
    await next.send(createStreamCodec().encode({ type: 'ping', seqNo: 3, node: 'm1' }));
    const answer = readAnswer(next);
    await group.clock.advance(10);
    expect(await answer).toEqual({ type: 'ack', seqNo: 3 });
    for (const stream of [...streams, next]) stream.close();
    for (const other of others) other.stop();
    await group.stop();
  });

  it('keeps nobody else from joining when it comes from one address, however many streams it opens', async () => {
    const group = await Group.of(1, { delayMs: [0, 0] });
    const other = stranger(group);
    const streams = await Promise.all(Array.from({ length: 100 }, () => other.connect('m1')));
    await settle();
    expect(dropped(group, 'm1', 'too-many-streams')).toBe(84);
    group.start('m2');
    expect(await group.until(() => group.isWhole(), 5_000)).toBeLessThanOrEqual(100);
    for (const stream of streams) stream.close();
    other.stop();
    await group.stop();
  });
});
