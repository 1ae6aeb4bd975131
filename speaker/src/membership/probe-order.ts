/**
 * Whom to probe next: whoever has been silent longest. As in SWIM's shuffled rounds everybody has a turn in
 * each n − 1 probes, but who was just heard asking waits, so the same number of probes finds a silent member
 * sooner.
 */
import type { Random } from '@metallb-l2/sdk/kube';
import type { MemberName } from '../wire/memberlist/messages.js';

export class ProbeOrder {
  readonly #random: Random;
  /** When each was heard last or had its turn, on the clock; for the new a random time long ago. */
  readonly #heardAt = new Map<MemberName, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** A sign of life of `name` at `now`. */
  heard(name: MemberName, now: number): void {
    if (this.#heardAt.has(name)) this.#heardAt.set(name, now);
  }

  /** The one of `names` whose turn it is at `now`; all others are forgotten. */
  next(names: readonly MemberName[], now: number): MemberName | undefined {
    this.#follow(names);
    let next: MemberName | undefined;
    let oldest = Infinity;
    for (const [name, heardAt] of this.#heardAt) {
      if (heardAt >= oldest) continue;
      next = name;
      oldest = heardAt;
    }
    if (next !== undefined) this.#heardAt.set(next, now);
    return next;
  }

  #follow(names: readonly MemberName[]): void {
    for (const name of names) if (!this.#heardAt.has(name)) this.#heardAt.set(name, -this.#random());
    if (this.#heardAt.size === names.length) return;
    const current = new Set(names);
    for (const name of [...this.#heardAt.keys()]) if (!current.has(name)) this.#heardAt.delete(name);
  }
}
