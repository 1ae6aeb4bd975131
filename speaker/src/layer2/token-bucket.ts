/** A rate limit: tokens come in at a steady rate, and some can be saved up. */

/** So much time's worth of tokens, in milliseconds, can be saved up. */
const CAPACITY_MS = 100;

export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #countedAt: number;

  /** Full at first. @param now milliseconds on the clock that the other methods are given */
  constructor(perSecond: number, now: number) {
    this.#perMs = perSecond / 1000;
    this.#capacity = Math.max(this.#perMs * CAPACITY_MS, 2);
    this.#tokens = this.#capacity;
    this.#countedAt = now;
  }

  /** Takes `count` tokens if there is at least one; the rest is owed, so that no count is too large. */
  take(count: number, now: number): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= count;
    return true;
  }

  /** Milliseconds until {@link take} succeeds again. */
  waitMs(now: number): number {
    this.#refill(now);
    return Math.max(0, Math.ceil((1 - this.#tokens) / this.#perMs));
  }

  #refill(now: number): void {
    // A wall clock may be set back; time that did not pass brings nothing, and costs nothing.
    const elapsedMs = Math.max(0, now - this.#countedAt);
    this.#countedAt = now;
    this.#tokens = Math.min(this.#capacity, this.#tokens + elapsedMs * this.#perMs);
  }
}
