import { RING_META } from '../../../../speaker/src/membership/probe-ring.js';
import { PROFILES } from '../../../../speaker/src/membership/profile.js';
import type { GossipTransport } from '../../../../speaker/src/ports.js';
import { createStreamCodec } from '../../../../speaker/src/wire/memberlist/stream.js';
import { randomBytesFrom } from '../../../support/seeded-random.ts';
import { addressOf, dropped, Group, metric, PORT } from './group.ts';
import { aliveAs, answerPings, stranger } from './stranger.ts';

const never = new AbortController().signal;

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

  it('asks a peer that talks and does not let itself be joined five times a second, not more', async () => {
    const group = new Group({ delayMs: [0, 0] });
    group.list('m99');
    const other = stranger(group);
    group.start('m1');
    for (let turn = 0; turn < 300; turn++) {
      other.send('m1', { type: 'ping', seqNo: turn, node: 'm1' });
      await group.clock.advance(10);
    }
    expect(other.asked.length).toBeGreaterThan(10);
    expect(other.asked.length).toBeLessThan(20);
    other.stop();
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

  it('is back soon at another address too, when the others have found it dead', async () => {
    const group = await Group.of(4);
    await group.process('m1').kill();
    await group.until(() => group.isWhole(), 5_000);
    group.start('m1', { address: '10.0.0.101' });
    expect(await group.until(() => group.isWhole(), 60_000)).toBeLessThanOrEqual(100);
    await group.stop();
  });

  it('is back at another address as soon as nothing is expected of the one before', async () => {
    const group = await Group.of(4);
    await group.process('m1').kill();
    await group.process('m2').kill();
    group.start('m1', { address: addressOf('m2') });
    group.start('m2', { address: addressOf('m1') });
    expect(await group.until(() => group.removals > 0 && group.isWhole(), 60_000)).toBeLessThan(5_000);
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

  it('is over as soon as it was said often enough', async () => {
    const group = await Group.of(5);
    let done = false;
    void group
      .process('m1')
      .memberlist.leave(never)
      .then(() => (done = true));
    await group.clock.advance(500);
    expect(done).toBe(true);
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

describe('a peer that is missing', () => {
  it('is joined though links come and go all the time, as when many pods start', async () => {
    const group = new Group({ delayMs: [10, 10] });
    const started = [group.start('m1'), group.start('m2')];
    for (let i = 0; i < 100; i++) {
      for (const { memberlist } of started) memberlist.linkRestored();
      await group.clock.advance(10);
    }
    expect(group.isWhole()).toBe(true);
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

  it.each([
    ['each of those that choose by lot in turn', new Uint8Array(), 3 * 500],
    ['those that others look after by lot', RING_META, 60_000],
  ])('goes to %s', async (_, meta, forMs) => {
    const group = await Group.of(1);
    const names = ['m97', 'm98', 'm99'];
    const strangers = names.map((name) => stranger(group, name));
    strangers.forEach(({ send }, i) => send('m1', aliveAs(names[i]!, meta)));
    await answerPings(group, 'm1', strangers, 100);
    const answered = await answerPings(group, 'm1', strangers, forMs);
    expect(Math.min(...answered)).toBeGreaterThan(0);
    for (const { stop } of strangers) stop();
    await group.stop();
  });

  it('of a suspect tells it of the suspicion, however often the news went round before', async () => {
    const group = await Group.of(1, { profile: PROFILES.lan });
    const silent = stranger(group);
    silent.send('m1', aliveAs('m99'));
    await group.until(() => metric(group, 'm1', 'suspicions') > 0, 5_000);
    await group.clock.advance(2_000);
    const before = silent.datagrams.length;
    await group.clock.advance(1_000);
    const probes = silent.datagrams.slice(before).filter(([first]) => first?.type === 'ping');
    expect(probes).toHaveLength(1);
    expect(probes[0]).toContainEqual({ type: 'suspect', node: 'm99', incarnation: 1, from: 'm1' });
    silent.stop();
    await group.stop();
  });

  it('takes longer to a verdict, the less healthy the one who probes is', async () => {
    const group = await Group.of(2);
    const other = stranger(group);
    for (let incarnation = 10; incarnation < 20; incarnation++) {
      other.send('m1', { type: 'suspect', node: 'm1', incarnation, from: 'm99' });
    }
    group.network.cut(addressOf('m2'));
    await group.clock.advance(1_000);
    expect(metric(group, 'm1', 'suspicions')).toBe(0);
    await group.clock.advance(1_000);
    expect(metric(group, 'm1', 'suspicions')).toBe(1);
    other.stop();
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
    await group.clock.advance(700);
    expect(metric(group, 'm1', 'health_score')).toBeGreaterThan(1);
    expect(metric(group, 'm1', 'probes_failed')).toBeGreaterThan(0);
    expect(metric(group, 'm2', 'health_score')).toBeLessThanOrEqual(1);
    group.network.restore(addressOf('m1'));
    await group.clock.advance(20_000);
    expect(metric(group, 'm1', 'health_score')).toBe(0);
    await group.stop();
  });
});

describe('a member', () => {
  it('compares with another one time and again', async () => {
    const group = await Group.of(1, { delayMs: [0, 0] });
    const other = stranger(group);
    other.send('m1', aliveAs('m99'));
    const turns = PROFILES.fast.pushPullIntervalMs / 100;
    for (let turn = 0; turn < 4 * turns; turn++) {
      for (const message of other.datagrams.splice(0).flat()) {
        if (message.type === 'ping') other.send('m1', { type: 'ack', seqNo: message.seqNo });
      }
      await group.clock.advance(100);
    }
    const compared = other.asked.filter((message) => message.type === 'pushPull' && !message.join);
    expect(compared.length).toBeGreaterThanOrEqual(3);
    expect(compared.length).toBeLessThanOrEqual(5);
    other.stop();
    await group.stop();
  });

  it('tells the dead the news, who may live and object, until it forgets them', async () => {
    const group = await Group.of(2);
    const silent = stranger(group);
    silent.send('m1', aliveAs('m99'));
    const dead = () => metric(group, 'm1', 'members', { state: 'dead' });
    await group.until(() => dead() === 1, 5_000);
    await group.clock.advance(1_000);
    const hears = async (name: string) => {
      silent.datagrams.length = 0;
      group.start(name);
      await group.clock.advance(1_000);
      return silent.received.some((message) => message.type === 'alive' && message.node === name);
    };
    expect(await hears('m3')).toBe(true);
    await group.clock.advance(PROFILES.fast.deadMemoryMs);
    expect([dead(), await hears('m4')]).toEqual([0, false]);
    silent.stop();
    await group.stop();
  });

  it('tells nothing to those who have left', async () => {
    const group = await Group.of(2);
    const leaver = stranger(group);
    leaver.send('m1', aliveAs('m99'), { type: 'dead', node: 'm99', from: 'm99', incarnation: 1 });
    await group.clock.advance(1_000);
    leaver.datagrams.length = 0;
    group.start('m3');
    await group.until(() => group.isWhole(), 1_000);
    await group.clock.advance(1_000);
    expect(leaver.received).toEqual([]);
    leaver.stop();
    await group.stop();
  });

  it('doubts itself when it stood still', async () => {
    const group = await Group.of(1);
    group.network.pause(addressOf('m1'));
    await group.clock.advance(1_000);
    group.network.resume(addressOf('m1'));
    await group.clock.advance(10);
    expect(metric(group, 'm1', 'health_score')).toBe(1);
    await group.stop();
  });

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
