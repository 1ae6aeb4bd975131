import { backoffDelayMs, type Clock, type Random } from '@metallb-l2/sdk/kube';

interface Attempt {
  readonly content: string;
  readonly tries: number;
  readonly notBefore: number;
}

const REPEAT = { initialMs: 2000, maxMs: 300_000 };

/**
 * When to write an object. What was not written before may be written at once; the same again, because the
 * first try failed or because somebody else has put something different there, only after longer and longer
 * waits. So neither a refusal nor another writer makes a flood of writes.
 */
export class WritePatience {
  readonly #clock: Clock;
  readonly #random: Random;
  /** By UID, or whatever else names an object. */
  readonly #attempts = new Map<string, Attempt>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** How many milliseconds to wait before `content` may be written to `object`; 0 counts as the go-ahead. */
  ask(object: string, content: unknown): number {
    const now = this.#clock.now();
    const text = JSON.stringify(content);
    const last = this.#attempts.get(object);
    const tries = last?.content === text ? last.tries : 0;
    if (last !== undefined && tries > 0 && now < last.notBefore) return last.notBefore - now;
    const notBefore = now + backoffDelayMs(REPEAT, tries, this.#random);
    this.#attempts.set(object, { content: text, tries: tries + 1, notBefore });
    return 0;
  }

  /** Tells that of all objects only these are left. */
  keep(objects: ReadonlySet<string>): void {
    for (const object of this.#attempts.keys()) if (!objects.has(object)) this.#attempts.delete(object);
  }
}
