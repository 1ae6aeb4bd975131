/** When what was refused is tried again: later each time, and soon again once nothing was refused for long. */
import { backoff, type Random } from '@metallb-l2/sdk/kube';

const WAITS = { initialMs: 500, maxMs: 10_000, jitter: 0.2 };
/** So long without a refusal, in milliseconds, and the next is met as the first was; longer than any wait. */
const CALM_MS = 60_000;

export class Retries {
  readonly #random: Random;
  #waits: ReturnType<typeof backoff>;
  #refusedAt = -Infinity;
  #dueAt: number | undefined;

  constructor(random: Random) {
    this.#random = random;
    this.#waits = backoff(WAITS, random);
  }

  /** Whether it is time to try again, which it is once after each wait. */
  due(now: number): boolean {
    if (this.#dueAt === undefined || now < this.#dueAt) return false;
    this.#dueAt = undefined;
    return true;
  }

  /** Something is refused, again or still: milliseconds until it is {@link due}, whatever comes between. */
  waitMs(now: number): number {
    if (this.#dueAt === undefined) {
      if (now - this.#refusedAt > CALM_MS) this.#waits = backoff(WAITS, this.#random);
      this.#refusedAt = now;
      this.#dueAt = now + this.#waits.next().value;
    }
    return this.#dueAt - now;
  }

  /** Nothing is refused. */
  clear(): void {
    this.#dueAt = undefined;
  }
}
