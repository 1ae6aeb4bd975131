/**
 * A clock that notices when its sleepers wake much later than they asked: then this process stood still (no
 * CPU for it, SIGSTOP, a suspended machine). Whoever judges others by the clock must not hold its own
 * absence against them.
 */
import type { Clock } from '@metallb-l2/sdk/kube';

export class StallClock implements Clock {
  readonly #clock: Clock;
  readonly #toleranceMs: number;
  readonly #onStall: (ms: number) => void;
  /** Up to here on the clock, time lost has been told; sleepers that overlap tell it once. */
  #toldUntil = -Infinity;
  #stalls = 0;

  /** @param onStall is told of every time lost of more than `toleranceMs`, before the sleeper goes on */
  constructor(clock: Clock, toleranceMs: number, onStall: (ms: number) => void) {
    this.#clock = clock;
    this.#toleranceMs = toleranceMs;
    this.#onStall = onStall;
  }

  /** How often this process stood still: unequal before and after a wait, the wait proves nothing. */
  get stalls(): number {
    return this.#stalls;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const waitMs = Math.max(ms, 0);
    const dueAt = this.#clock.now() + waitMs;
    await this.#clock.sleep(waitMs, signal);
    const now = this.#clock.now();
    const lateMs = now - Math.max(dueAt, this.#toldUntil);
    if (lateMs <= this.#toleranceMs) return;
    this.#toldUntil = now;
    this.#stalls++;
    this.#onStall(lateMs);
  }
}
