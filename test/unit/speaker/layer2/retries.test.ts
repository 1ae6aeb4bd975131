import { Retries } from '../../../../speaker/src/layer2/retries.js';

describe('retries', () => {
  const retries = () => new Retries(() => 0);

  it('are due once after each wait, and later each time', () => {
    const tried = retries();
    expect(tried.due(0)).toBe(false);
    const waits: number[] = [];
    for (let now = 0; waits.length < 7;) {
      const wait = tried.waitMs(now);
      expect(tried.due(now + wait - 1)).toBe(false);
      now += wait;
      expect([tried.due(now), tried.due(now)]).toEqual([true, false]);
      waits.push(wait);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it('come no later because something else is refused meanwhile', () => {
    const tried = retries();
    expect([tried.waitMs(0), tried.waitMs(100), tried.waitMs(400)]).toEqual([500, 400, 100]);
  });

  it('are not due when nothing is refused any more', () => {
    const tried = retries();
    tried.waitMs(0);
    tried.clear();
    expect(tried.due(10_000)).toBe(false);
  });

  it('begin anew after a long time in which nothing was refused, not after a short one', () => {
    const tried = retries();
    const waits = [0, 10_000, 70_000, 130_001].map((now) => {
      tried.clear();
      return tried.waitMs(now);
    });
    expect(waits).toEqual([500, 1000, 2000, 500]);
  });
});
