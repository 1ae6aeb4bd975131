import { backoff, backoffDelayMs } from '@metallb-l2/sdk/kube';

const first = (count: number, schedule: Iterator<number>) =>
  Array.from({ length: count }, () => schedule.next().value as number);

describe('a back-off', () => {
  it('doubles up to its maximum', () => {
    const schedule = backoff({ initialMs: 800, maxMs: 5000 }, () => 0);
    expect(first(5, schedule)).toEqual([800, 1600, 3200, 5000, 5000]);
  });

  it('stretches each delay by up to all of itself, or as much as told', () => {
    const almostOne = () => 0.999999;
    expect(first(3, backoff({ initialMs: 100, maxMs: 200 }, almostOne))).toEqual([200, 400, 400]);
    expect(first(2, backoff({ initialMs: 100, maxMs: 900, factor: 3, jitter: 0.1 }, almostOne))).toEqual([
      110, 330,
    ]);
    expect(first(2, backoff({ initialMs: 100, maxMs: 900, jitter: 0 }, almostOne))).toEqual([100, 200]);
  });

  it('is never shorter than a server asks, which is stretched as well', () => {
    const options = { initialMs: 100, maxMs: 800 };
    expect(backoffDelayMs(options, 0, () => 0, 2000)).toBe(2000);
    expect(backoffDelayMs(options, 0, () => 0.5, 2000)).toBe(3000);
    expect(backoffDelayMs(options, 3, () => 0.5, 300)).toBe(1200);
  });

  it('stays at its maximum for any number of attempts', () => {
    expect(backoffDelayMs({ initialMs: 1, maxMs: 30_000 }, 5000, () => 0)).toBe(30_000);
  });
});
