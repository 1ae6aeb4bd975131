import {
  claimOf,
  isMember,
  nextExpiry,
  step,
  type Claim,
  type Member,
  type MembersInput,
  type MembersOutput,
  type MembersView,
} from '../../../../speaker/src/membership/members.js';
import { PROFILES } from '../../../../speaker/src/membership/profile.js';
import { OUR_VERSIONS } from '../../../../speaker/src/membership/versions.js';
import type { Alive, Dead, MemberState, Suspect } from '../../../../speaker/src/wire/memberlist/messages.js';

const NOW = 100_000;
const NO_META = new Uint8Array();

function member(name: string, change: Partial<Member> = {}): Member {
  const address = `192.0.2.${name.charCodeAt(0) - 96}`;
  return {
    name,
    address,
    port: 7946,
    meta: NO_META,
    versions: OUR_VERSIONS,
    incarnation: 5,
    state: 'alive',
    since: 0,
    ...change,
  };
}

function alive(node: string, change: Partial<Alive> = {}): Alive {
  const { address, port, meta, versions } = member(node);
  return { type: 'alive', node, incarnation: 6, address, port, meta, versions, ...change };
}

const suspect = (node: string, from: string, incarnation = 5): Suspect => ({
  type: 'suspect',
  node,
  from,
  incarnation,
});
const dead = (node: string, from: string, incarnation = 5): Dead => ({
  type: 'dead',
  node,
  from,
  incarnation,
});

/** The view of `a`, who knows `others`; ten members in all, so that a suspicion needs confirmation. */
class View {
  readonly members = new Map<string, Member>();

  constructor(others: readonly Member[] = [], self: Partial<Member> = {}) {
    const fillers = ['r', 's', 't', 'u', 'v', 'w', 'x', 'y'].map((name) => member(name));
    for (const each of [member('a', self), ...fillers, ...others]) this.members.set(each.name, each);
  }

  /** Takes a step; what follows from it in short: broadcasts and state changes. */
  take(input: MembersInput, now = NOW, change: Partial<MembersView> = {}): string[] {
    const view = { self: 'a', members: this.members, profile: PROFILES.fast, limit: 100, ...change };
    const { put, drop, outputs } = step(view, input, now);
    for (const each of put) this.members.set(each.name, each);
    for (const name of drop) this.members.delete(name);
    return outputs.map(inShort);
  }

  get(name: string): Member {
    return this.members.get(name)!;
  }
}

function inShort(output: MembersOutput): string {
  switch (output.type) {
    case 'broadcast':
      return `tell ${claimInShort(output.claim)}`;
    case 'turned':
      return `${output.member.name}: ${output.was ?? 'unknown'} → ${output.member.state}`;
    case 'refuted':
      return 'refuted';
    case 'refused':
      return `refused: ${output.reason}`;
  }
}

function claimInShort(claim: Claim): string {
  const from = claim.type === 'alive' ? '' : ` from ${claim.from}`;
  return `${claim.type} ${claim.node}/${claim.incarnation}${from}`;
}

const inState = (state: MemberState) =>
  state === 'suspect' ? suspected('b') : member('b', { state, since: NOW - 1_000 });

function suspected(name: string): Member {
  const view = new View([member(name)]);
  view.take(suspect(name, 'x'), NOW - 100);
  return view.get(name);
}

describe('an alive claim', () => {
  it('makes a member of whoever was unknown', () => {
    const view = new View();
    expect(view.take(alive('b', { incarnation: 1 }))).toEqual(['tell alive b/1', 'b: unknown → alive']);
    expect(view.get('b')).toMatchObject({ address: '192.0.2.2', since: NOW, state: 'alive' });
  });

  it.each<{ state: MemberState; incarnation: number; outputs: string[] }>([
    { state: 'alive', incarnation: 5, outputs: [] },
    { state: 'alive', incarnation: 4, outputs: [] },
    { state: 'alive', incarnation: 6, outputs: ['tell alive b/6'] },
    { state: 'suspect', incarnation: 5, outputs: [] },
    { state: 'suspect', incarnation: 6, outputs: ['tell alive b/6', 'b: suspect → alive'] },
    { state: 'dead', incarnation: 5, outputs: [] },
    { state: 'dead', incarnation: 6, outputs: ['tell alive b/6', 'b: dead → alive'] },
    { state: 'left', incarnation: 5, outputs: [] },
    { state: 'left', incarnation: 6, outputs: ['tell alive b/6', 'b: left → alive'] },
  ])(
    'with incarnation $incarnation about one who is $state with 5: $outputs',
    ({ state, incarnation, outputs }) => {
      const view = new View([inState(state)]);
      expect(view.take(alive('b', { incarnation }))).toEqual(outputs);
      if (outputs.length > 0) expect(view.get('b').suspicion).toBeUndefined();
    },
  );

  it.each<MemberState>(['alive', 'suspect'])('at another address is refused while it is %s', (state) => {
    const view = new View([inState(state)]);
    expect(view.take(alive('b', { address: '192.0.2.99' }))).toEqual(['refused: address-conflict']);
    expect(view.take(alive('b', { port: 1 }))).toEqual(['refused: address-conflict']);
    expect(view.get('b').address).toBe('192.0.2.2');
  });

  it.each<MemberState>(['left', 'dead'])('at another address is believed of one who is %s', (state) => {
    const view = new View([inState(state)]);
    view.take(alive('b', { address: '192.0.2.99' }));
    expect(view.get('b')).toMatchObject({ address: '192.0.2.99', state: 'alive' });
  });

  it('at the same address in sixteen bytes is no conflict', () => {
    const view = new View([member('b')]);
    expect(view.take(alive('b', { address: '::ffff:192.0.2.2' }))).toEqual(['tell alive b/6']);
  });

  it('passes meta data on as it came', () => {
    const view = new View();
    const meta = Uint8Array.of(1, 0, 255);
    view.take(alive('b', { meta }));
    expect(view.get('b').meta).toEqual(meta);
  });

  it.each([
    ['no versions', { versions: [0, 0, 0, 0, 0, 0] as const }, 'bad-versions'],
    ['its least version above its most', { versions: [5, 1, 2, 0, 0, 0] as const }, 'bad-versions'],
    ['no name', { node: '' }, 'oversized'],
    ['an endless name', { node: 'n'.repeat(254) }, 'oversized'],
    ['too much meta data', { meta: new Uint8Array(513) }, 'oversized'],
  ])('with %s is refused', (_, change, reason) => {
    expect(new View().take(alive('b', change))).toEqual([`refused: ${reason}`]);
  });

  it('about one more than there may be is refused, about one already known is not', () => {
    const view = new View([member('b')]);
    const full = { limit: view.members.size };
    expect(view.take(alive('c'), NOW, full)).toEqual(['refused: too-many-members']);
    expect(view.take(alive('b'), NOW, full)).toEqual(['tell alive b/6']);
  });
});

describe('a suspect claim', () => {
  it('makes a suspect, who has the longest time and stays a member', () => {
    const view = new View([member('b')]);
    expect(view.take(suspect('b', 'c'))).toEqual(['tell suspect b/5 from c', 'b: alive → suspect']);
    expect(isMember(view.get('b'))).toBe(true);
    expect(nextExpiry(view.members.values())).toBe(NOW + 2_700);
  });

  it('from another one confirms and is passed on', () => {
    const view = new View([suspected('b')]);
    expect(view.take(suspect('b', 'c'))).toEqual(['tell suspect b/5 from c']);
    expect(nextExpiry(view.members.values())).toBe(NOW - 100 + 450);
  });

  it('has all of its time again from the moment the suspect has answered', () => {
    const view = new View([suspected('b')]);
    view.take({ type: 'answered', node: 'b' });
    expect(nextExpiry(view.members.values())).toBe(NOW + 2_700);
    expect(view.get('b').state).toBe('suspect');
  });

  it('from the same one again is no news', () => {
    const view = new View([suspected('b')]);
    expect(view.take(suspect('b', 'x'))).toEqual([]);
  });

  it.each<{ about: string; claim: Suspect; members: Member[] }>([
    { about: 'a stranger', claim: suspect('b', 'c'), members: [] },
    { about: 'an earlier incarnation', claim: suspect('b', 'c', 4), members: [member('b')] },
    { about: 'one who is dead', claim: suspect('b', 'c'), members: [inState('dead')] },
    { about: 'one who has left', claim: suspect('b', 'c'), members: [inState('left')] },
  ])('about $about is ignored', ({ claim, members }) => {
    expect(new View(members).take(claim)).toEqual([]);
  });
});

describe('a dead claim', () => {
  it.each<{ state: MemberState; from: string; outputs: string[] }>([
    { state: 'alive', from: 'c', outputs: ['tell dead b/5 from c', 'b: alive → dead'] },
    { state: 'suspect', from: 'c', outputs: ['tell dead b/5 from c', 'b: suspect → dead'] },
    { state: 'alive', from: 'b', outputs: ['tell dead b/5 from b', 'b: alive → left'] },
    { state: 'dead', from: 'c', outputs: [] },
    { state: 'left', from: 'c', outputs: [] },
  ])('from $from about b, who is $state: $outputs', ({ state, from, outputs }) => {
    const view = new View([inState(state)]);
    expect(view.take(dead('b', from))).toEqual(outputs);
    expect(isMember(view.get('b'))).toBe(false);
    expect(nextExpiry(view.members.values())).toBeUndefined();
  });

  it('about a stranger or an earlier incarnation is ignored', () => {
    const view = new View([member('b')]);
    expect(view.take(dead('c', 'b'))).toEqual([]);
    expect(view.take(dead('b', 'c', 4))).toEqual([]);
  });
});

describe('a claim about this member itself', () => {
  it.each<{ claim: Claim; incarnation: number }>([
    { claim: suspect('a', 'b', 5), incarnation: 6 },
    { claim: dead('a', 'b', 5), incarnation: 6 },
    // What a process before this one was accused of.
    { claim: dead('a', 'b', 41), incarnation: 42 },
    { claim: dead('a', 'a', 41), incarnation: 42 },
    { claim: alive('a', { incarnation: 9, meta: Uint8Array.of(1) }), incarnation: 10 },
    { claim: alive('a', { incarnation: 9 }), incarnation: 10 },
    { claim: alive('a', { incarnation: 5, meta: Uint8Array.of(1) }), incarnation: 6 },
  ])('is refuted above it: $claim.type/$claim.incarnation', ({ claim, incarnation }) => {
    const view = new View();
    expect(view.take(claim)).toEqual([`tell alive a/${incarnation}`, 'refuted']);
    expect(view.get('a')).toMatchObject({ incarnation, state: 'alive' });
  });

  it('that it made itself is no accusation', () => {
    expect(new View().take(alive('a', { incarnation: 5 }))).toEqual([]);
    expect(new View().take(alive('a', { incarnation: 4, meta: Uint8Array.of(1) }))).toEqual([]);
  });

  it('that it has refuted before is refuted again, with the same words', () => {
    expect(new View().take(suspect('a', 'b', 4))).toEqual(['tell alive a/5']);
    expect(new View().take(dead('a', 'b', 4))).toEqual(['tell alive a/5']);
  });

  it('can accuse it of the last incarnation there is, and does not make it overflow', () => {
    const view = new View();
    view.take(dead('a', 'b', 0xffff_ffff));
    expect(view.get('a').incarnation).toBe(0xffff_ffff);
  });

  it('is left alone once it has left', () => {
    const view = new View();
    expect(view.take({ type: 'leave' })).toEqual(['tell dead a/5 from a', 'a: alive → left']);
    for (const claim of [suspect('a', 'b', 9), dead('a', 'b', 9), alive('a', { incarnation: 9 })]) {
      expect(view.take(claim)).toEqual([]);
    }
  });
});

describe('time', () => {
  it('makes dead of suspects whose suspicion is over, and of no others', () => {
    const view = new View([suspected('b'), member('c')]);
    view.take(suspect('b', 'y'));
    expect(view.take({ type: 'expire' }, NOW + 349)).toEqual([]);
    expect(view.take({ type: 'expire' }, NOW + 350)).toEqual(['tell dead b/5 from a', 'b: suspect → dead']);
    expect(view.get('c').state).toBe('alive');
  });

  it('in which this process stood still is given back to suspects', () => {
    const view = new View([suspected('b')]);
    const before = nextExpiry(view.members.values())!;
    expect(view.take({ type: 'stalled', ms: 5_000 })).toEqual([]);
    expect(nextExpiry(view.members.values())).toBe(before + 5_000);
  });

  it('lets the dead and those who left be forgotten, but not oneself', () => {
    const { deadMemoryMs } = PROFILES.fast;
    const view = new View([inState('dead'), member('c', { state: 'left', since: NOW })], { since: 0 });
    view.take({ type: 'leave' }, 0);
    view.take({ type: 'reap' }, NOW - 1_000 + deadMemoryMs);
    expect([...view.members.keys()]).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    view.take({ type: 'reap' }, NOW - 1_000 + deadMemoryMs + 1);
    expect(view.members.has('b')).toBe(false);
    expect(view.members.has('a') && view.members.has('c')).toBe(true);
  });
});

describe('leaving', () => {
  it('once is enough', () => {
    const view = new View();
    view.take({ type: 'leave' });
    expect(view.take({ type: 'leave' })).toEqual([]);
  });

  it('is undone above the incarnation it was said with', () => {
    const view = new View();
    view.take({ type: 'leave' });
    expect(view.take({ type: 'rejoin' })).toEqual(['tell alive a/6', 'a: left → alive']);
    expect(view.take({ type: 'rejoin' })).toEqual([]);
  });
});

describe('a row of a push-pull', () => {
  const pushed = (state: MemberState) => ({ ...member('b'), state });

  it('kills nobody: who is dead there becomes a suspect here, in our own name', () => {
    expect(claimOf(pushed('dead'), 'a')).toEqual(suspect('b', 'a'));
    expect(claimOf(pushed('suspect'), 'a')).toEqual(suspect('b', 'a'));
  });

  it('of one who has left is a leave', () => {
    expect(claimOf(pushed('left'), 'a')).toEqual(dead('b', 'b'));
  });

  it('of one alive says all there is', () => {
    expect(claimOf(pushed('alive'), 'a')).toEqual(alive('b', { incarnation: 5 }));
  });
});
