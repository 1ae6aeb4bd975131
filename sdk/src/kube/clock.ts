/**
 * Time and chance as ports. Nothing in the pure rooms reads a clock, sleeps or throws dice by itself:
 * tests pass a clock they move by hand, programs pass {@link systemClock}.
 */

/** A clock that can be waited on. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since some moment; never set by anyone, and stands still at most while the machine does. */
  monotonic(): number;
  /**
   * Resolves after `ms` milliseconds. Rejects with the signal's reason as soon as it is aborted,
   * and leaves no timer behind.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A source of uniform numbers in [0, 1). */
export type Random = () => number;

/** Timers count milliseconds in 31 bits, and one that is longer ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The real clock. A sleep ends after 24 days at the latest. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(ms, LONGEST_TIMER_MS),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

/** The real source of chance. */
export const systemRandom: Random = () => Math.random();
