import { sample } from '../../../../speaker/src/membership/shuffle.js';
import { seededRandom } from '../../../support/seeded-random.ts';

describe('sample', () => {
  const items = ['a', 'b', 'c', 'd'];

  it('gives so many different items, or all there are', () => {
    const random = seededRandom(1);
    expect(new Set(sample(items, 3, random)).size).toBe(3);
    expect(sample(items, 9, random).sort()).toEqual(items);
    expect(sample(items, 0, random)).toEqual([]);
    expect(sample([], 2, random)).toEqual([]);
  });

  it('gives each as often as the other, and leaves what it was given as it was', () => {
    const random = seededRandom(2);
    const counts = new Map(items.map((item) => [item, 0]));
    for (let i = 0; i < 4_000; i++) {
      for (const item of sample(items, 2, random)) counts.set(item, counts.get(item)! + 1);
    }
    for (const count of counts.values()) expect(Math.abs(count - 2_000)).toBeLessThan(150);
    expect(items).toEqual(['a', 'b', 'c', 'd']);
  });
});
