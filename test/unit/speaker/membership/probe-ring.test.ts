import type { Member } from '../../../../speaker/src/membership/members.js';
import { RING_META, watchedBy } from '../../../../speaker/src/membership/probe-ring.js';
import { OUR_VERSIONS } from '../../../../speaker/src/membership/versions.js';

const NAMES = Array.from({ length: 12 }, (_, i) => `node${i + 1}`);

function member(name: string, changes: Partial<Member> = {}): Member {
  return {
    name,
    address: '192.0.2.1',
    port: 7946,
    meta: RING_META,
    versions: OUR_VERSIONS,
    incarnation: 1,
    state: 'alive',
    since: 0,
    ...changes,
  };
}

/** Whom each of `members` looks after, by name. */
function watch(members: readonly Member[]): Map<string, string[]> {
  const others = (name: string) => members.filter((each) => each.name !== name);
  return new Map(
    members.map(({ name }) => [name, watchedBy(name, others(name)).map((watched) => watched.name)]),
  );
}

/** From `start` along the ring, once around. */
function around(watches: ReadonlyMap<string, string[]>, start: string): string[] {
  const seen = [start];
  for (let next = watches.get(start)?.[0]; next !== undefined && !seen.includes(next);) {
    seen.push(next);
    next = watches.get(next)?.[0];
  }
  return seen;
}

describe('the ring of probes', () => {
  it.each([2, 3, 12])('has each of %d members looked after by exactly one other', (count) => {
    const watches = watch(NAMES.slice(0, count).map((name) => member(name)));
    expect([...watches.values()].every(({ length }) => length === 1)).toBe(true);
    expect(around(watches, 'node1')).toHaveLength(count);
  });

  it('is the same, in whichever order the members are known', () => {
    const members = NAMES.map((name) => member(name));
    expect(watch([...members].reverse())).toEqual(new Map([...watch(members)].reverse()));
  });

  it('leaves nobody out when two names have one place', () => {
    const names = ['node1', 'node129599', 'node2', 'node732382'];
    const watches = watch(names.map((name) => member(name)));
    expect([...watches.values()].flat().sort()).toEqual(names);
  });

  it('does not put names in a row side by side', () => {
    const order = around(watch(NAMES.map((name) => member(name))), 'node1');
    const inARow = order.filter((name, i) => order[i + 1] === NAMES[NAMES.indexOf(name) + 1]);
    expect(inARow.length).toBeLessThan(4);
  });

  it('passes over suspects, however many, unless there is nobody else', () => {
    const order = around(watch(NAMES.map((name) => member(name))), 'node1');
    const [first, second, third, ...rest] = order as [string, string, string, ...string[]];
    const watches = watch([
      member(first),
      member(second, { state: 'suspect' }),
      member(third, { state: 'suspect' }),
      ...rest.map((name) => member(name)),
    ]);
    expect(watches.get(first)).toEqual([rest[0]]);
    expect(watch([member(first), member(second, { state: 'suspect' })]).get(first)).toEqual([second]);
  });

  it('has those who choose by lot looked after by the one before them, who looks further', () => {
    const order = around(watch(NAMES.map((name) => member(name))), 'node1');
    const [first, second, third, fourth] = order as [string, string, string, string];
    const byLot = [second, third];
    const meta = new Uint8Array();
    const watches = watch(NAMES.map((name) => member(name, byLot.includes(name) ? { meta } : {})));
    expect(watches.get(first)).toEqual([second, third, fourth]);
    expect(
      watch([member('a'), member('b', { meta }), member('c', { meta })])
        .get('a')
        ?.sort(),
    ).toEqual(['b', 'c']);
  });

  it('is nobody for one who is alone', () => {
    expect(watchedBy('a', [])).toEqual([]);
  });
});
