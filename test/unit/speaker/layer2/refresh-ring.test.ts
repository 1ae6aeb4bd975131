import { RefreshRing } from '../../../../speaker/src/layer2/refresh-ring.js';

describe('a refresh ring', () => {
  it('gives each of many their turn once in an interval, evenly spread', () => {
    const ring = new RefreshRing<number>(100_000, () => 0);
    for (let i = 0; i < 5000; i++) ring.add(i);
    const turns = Array.from({ length: 100 }, () => ring.advance(1000));
    expect(new Set(turns.map(({ length }) => length))).toEqual(new Set([50]));
    expect(new Set(turns.flat()).size).toBe(5000);
  });

  it('keeps the interval for a few, wherever it began', () => {
    for (const start of [0, 0.4, 0.99]) {
      const ring = new RefreshRing<string>(60_000, () => start);
      ring.add('a');
      ring.add('b');
      const turns = Array.from({ length: 600 }, () => ring.advance(1000)).flat();
      expect(turns.slice(0, 4)).toEqual(['a', 'b', 'a', 'b']);
      expect(Math.abs(turns.length - 20)).toBeLessThanOrEqual(1);
    }
  });

  it('does not save up turns while there is nobody', () => {
    const ring = new RefreshRing<string>(10_000, () => 0.9);
    for (let i = 0; i < 100; i++) ring.advance(1000);
    ring.add('a');
    expect(Array.from({ length: 10 }, () => ring.advance(1000)).flat().length).toBeLessThanOrEqual(2);
  });

  it('passes over those that have left', () => {
    const ring = new RefreshRing<string>(1000, () => 0);
    for (const name of ['a', 'b', 'c']) ring.add(name);
    ring.delete('b');
    expect(ring.advance(1000)).toEqual(['a', 'c']);
  });

  it('gives no turns at all at interval 0', () => {
    const ring = new RefreshRing<string>(0, () => 0.9);
    ring.add('a');
    expect(ring.advance(1e9)).toEqual([]);
  });
});
