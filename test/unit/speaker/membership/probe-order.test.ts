import { ProbeOrder } from '../../../../speaker/src/membership/probe-order.js';
import { seededRandom } from '../../../support/seeded-random.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

describe('ProbeOrder', () => {
  it('gives everybody a turn in each round', () => {
    const order = new ProbeOrder(seededRandom(1));
    const turns = Array.from({ length: 15 }, (_, i) => order.next(NAMES, 1_000 + i));
    for (const start of [0, 5, 10]) expect(turns.slice(start, start + 5).sort()).toEqual(NAMES);
  });

  it('begins differently for each member', () => {
    const rounds = [1, 2, 3, 4].map((seed) => {
      const order = new ProbeOrder(seededRandom(seed));
      return NAMES.map((_, i) => order.next(NAMES, 1_000 + i)).join();
    });
    expect(new Set(rounds).size).toBe(rounds.length);
  });

  it('puts those last that were just heard', () => {
    const order = new ProbeOrder(() => 0);
    for (let i = 1; i <= 5; i++) order.next(NAMES, i);
    order.heard('a', 10);
    order.heard('b', 11);
    const turns = NAMES.map((_, i) => order.next(NAMES, 20 + i));
    expect(turns).toEqual(['c', 'd', 'e', 'a', 'b']);
  });

  it('takes newcomers first and forgets who is gone', () => {
    const order = new ProbeOrder(() => 0);
    for (let i = 1; i <= 5; i++) order.next(NAMES, i);
    expect(order.next([...NAMES, 'new'], 6)).toBe('new');
    expect(order.next(['a', 'new'], 7)).toBe('a');
    expect(order.next(NAMES, 8)).not.toBe('a');
  });

  it('knows nobody when there is nobody, and learns no names from what it hears', () => {
    const order = new ProbeOrder(() => 0);
    order.heard('stranger', 1);
    expect(order.next([], 2)).toBeUndefined();
  });
});
