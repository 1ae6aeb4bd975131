/**
 * Whose turn it is to be announced again. All addresses come round once in an interval, evenly spread: a
 * few of 5,000 in each second, not all of them in one.
 */
import type { Random } from '@metallb-l2/sdk/kube';

export class RefreshRing<T> {
  readonly #intervalMs: number;
  /** Insertion order is the order of turns. */
  readonly #ring = new Set<T>();
  /** Turns that are due, as a fraction; begins anywhere, so that nodes do not keep step. */
  #due: number;

  /** @param intervalMs 0 for never */
  constructor(intervalMs: number, random: Random) {
    this.#intervalMs = intervalMs;
    this.#due = random();
  }

  add(value: T): void {
    this.#ring.add(value);
  }

  delete(value: T): void {
    this.#ring.delete(value);
  }

  /** Those whose turn has come within the last `elapsedMs` milliseconds. */
  advance(elapsedMs: number): readonly T[] {
    if (this.#intervalMs === 0) return [];
    this.#due += (this.#ring.size * elapsedMs) / this.#intervalMs;
    const turns: T[] = [];
    for (const value of this.#ring) {
      if (turns.length + 1 > this.#due) break;
      turns.push(value);
    }
    this.#due -= turns.length;
    for (const value of turns) {
      this.#ring.delete(value);
      this.#ring.add(value);
    }
    return turns;
  }
}
