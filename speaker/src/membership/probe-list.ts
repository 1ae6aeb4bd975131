/**
 * Whom to probe next: everyone once, in random order, then everyone again in another. So no member waits
 * longer than two rounds for its probe, and no two members walk in step (SWIM §4.3).
 */
import type { Random } from '@metallb-l2/sdk/kube';
import type { MemberName } from '../wire/memberlist/messages.js';
import { sample } from './shuffle.js';

export class ProbeList {
  readonly #random: Random;
  #round: MemberName[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * The next of the round that `isCandidate` still accepts. When the round is over, `newRound` gives the
   * names of the next one; undefined when there is nobody in that either.
   */
  next(
    isCandidate: (name: MemberName) => boolean,
    newRound: () => readonly MemberName[],
  ): MemberName | undefined {
    const next = this.#take(isCandidate);
    if (next !== undefined) return next;
    const names = newRound();
    this.#round = sample(names, names.length, this.#random);
    return this.#take(isCandidate);
  }

  #take(isCandidate: (name: MemberName) => boolean): MemberName | undefined {
    for (let name = this.#round.pop(); name !== undefined; name = this.#round.pop()) {
      if (isCandidate(name)) return name;
    }
    return undefined;
  }
}
