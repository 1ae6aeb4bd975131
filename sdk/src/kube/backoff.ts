/** How long to wait between attempts. Schedules are data: who waits, and on which clock, is up to the caller. */
import type { Random } from './clock.js';

export interface BackoffOptions {
  /** The first delay, in milliseconds. */
  readonly initialMs: number;
  /** No delay is longer, before jitter. */
  readonly maxMs: number;
  /** @default 2 */
  readonly factor?: number;
  /**
   * Each delay is stretched by a random part of up to this much of itself, so that clients cut off
   * together do not come back together. @default 1
   */
  readonly jitter?: number;
}

/**
 * The delay before retry `attempt`, counted from 0: `min(initial × factor^attempt, max) × (1 + jitter × random)`.
 *
 * @param leastMs what a server asks for: no delay is shorter. It asks many clients for the same, so this is
 *   stretched as well.
 */
export function backoffDelayMs(
  options: BackoffOptions,
  attempt: number,
  random: Random,
  leastMs = 0,
): number {
  const { initialMs, maxMs, factor = 2, jitter = 1 } = options;
  const delayMs = Math.max(Math.min(initialMs * factor ** attempt, maxMs), leastMs);
  return Math.round(delayMs * (1 + jitter * random()));
}

/** The delays one after the other, without end. A new schedule starts again at `initialMs`. */
export function* backoff(options: BackoffOptions, random: Random): Generator<number, never, void> {
  for (let attempt = 0; ; attempt++) yield backoffDelayMs(options, attempt, random);
}
