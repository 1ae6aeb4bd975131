import type { Plan } from './plan.js';

/** Of a plan, what is told to users. */
export type PlanOutcome = Pick<Plan, 'usage' | 'refusedPools'>;

/** The latest plan, for those who tell about it. */
export class PlanBoard {
  readonly #listeners = new Set<() => void>();
  #latest: PlanOutcome | undefined;

  /** None before the first one is made. */
  get latest(): PlanOutcome | undefined {
    return this.#latest;
  }

  show({ usage, refusedPools }: PlanOutcome): void {
    this.#latest = { usage, refusedPools };
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after each new plan; returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
