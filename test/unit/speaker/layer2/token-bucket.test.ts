import { TokenBucket } from '../../../../speaker/src/layer2/token-bucket.js';

/** How often one of `count` tokens can be taken right now. */
function takes(bucket: TokenBucket, now: number, count = 1): number {
  let taken = 0;
  while (taken < 10_000 && bucket.take(count, now)) taken++;
  return taken;
}

describe('a token bucket', () => {
  it('gives what a tenth of a second brings at once, then as much as time brings', () => {
    const bucket = new TokenBucket(1000, 0);
    expect(takes(bucket, 0)).toBe(100);
    expect(bucket.waitMs(0)).toBe(1);
    expect(takes(bucket, 10)).toBe(10);
    expect(takes(bucket, 60_000)).toBe(100);
  });

  it('keeps the rate in the long run, also for more tokens at a time than are there', () => {
    const bucket = new TokenBucket(100, 0);
    let taken = 0;
    for (let now = 0; now < 60_000; now += 10) taken += 3 * takes(bucket, now, 3);
    expect(taken / 60).toBeGreaterThan(99);
    expect(taken / 60).toBeLessThan(101);
  });

  it('says how long to wait for the next', () => {
    const bucket = new TokenBucket(10, 0);
    takes(bucket, 0);
    const waitMs = bucket.waitMs(0);
    expect(bucket.take(1, waitMs - 1)).toBe(false);
    expect(bucket.take(1, waitMs)).toBe(true);
  });

  it('neither stops nor overflows when the clock is set', () => {
    const bucket = new TokenBucket(1000, 1_000_000);
    takes(bucket, 1_000_000);
    expect(takes(bucket, 0)).toBe(0);
    expect(takes(bucket, 10)).toBe(10);
    expect(takes(bucket, 1e12)).toBe(100);
  });
});
