import { backoffDelayMs, type Clock, type Random } from '@metallb-l2/sdk/kube';

interface Attempt {
  readonly content: string;
  readonly tries: number;
  /** On the monotonic clock, as all times here: that the time of day is set must hold nothing up. */
  readonly notBefore: number;
}

const REPEAT = { initialMs: 2000, maxMs: 300_000 };

/**
 * When to write an object. What was not written before may be written at once; the same again, because the
 * first try failed or because somebody else has put something different there, only after longer and longer
 * waits. So neither a refusal nor another writer makes a flood of writes. Once nobody has asked for a while
 * beyond such a wait, it is forgotten.
 */
export class WritePatience {
  readonly #clock: Clock;
  readonly #random: Random;
  /** By UID, or whatever else names an object; the one that was written last comes last. */
  readonly #attempts = new Map<string, Attempt>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** How many milliseconds to wait before `content` may be written to `object`; 0 counts as the go-ahead. */
  ask(object: string, content: unknown): number {
    const waitMs = this.waitMs(object, content);
    if (waitMs === 0) this.count(object, content);
    return waitMs;
  }

  /** The same, without a promise to write it. */
  waitMs(object: string, content: unknown): number {
    const last = this.#attempts.get(object);
    if (last?.content !== JSON.stringify(content)) return 0;
    return Math.max(last.notBefore - this.#clock.monotonic(), 0);
  }

  /** `content` is written to `object`; gives how often it was before. */
  count(object: string, content: unknown): number {
    const now = this.#clock.monotonic();
    this.#forgetBefore(now - REPEAT.maxMs);
    const last = this.#attempts.get(object);
    const text = JSON.stringify(content);
    const tries = last?.content === text ? last.tries : 0;
    this.#attempts.delete(object);
    const notBefore = now + backoffDelayMs(REPEAT, tries, this.#random);
    this.#attempts.set(object, { content: text, tries: tries + 1, notBefore });
    return tries;
  }

  #forgetBefore(time: number): void {
    for (const [object, { notBefore }] of this.#attempts) {
      if (notBefore >= time) return;
      this.#attempts.delete(object);
    }
  }
}
