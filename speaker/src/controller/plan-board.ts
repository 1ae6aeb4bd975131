import { Listeners } from '@metallb-l2/sdk/kube';
import type { Plan } from './plan.js';

/** Of a plan, what is told to users. */
export type PlanOutcome = Pick<Plan, 'usage' | 'refusedPools'>;

/** The latest plan, for those who tell about it. */
export class PlanBoard {
  readonly #listeners = new Listeners();
  #latest: PlanOutcome | undefined;

  /** None before the first one is made. */
  get latest(): PlanOutcome | undefined {
    return this.#latest;
  }

  show({ usage, refusedPools }: PlanOutcome): void {
    this.#latest = { usage, refusedPools };
    this.#listeners.call();
  }

  /** Calls `listener` after each new plan; returns what ends that. */
  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }
}
