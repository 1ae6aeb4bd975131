/**
 * Local health, as Lifeguard has it: who hears little of others suspects itself first. The worse the score,
 * the longer a probe waits for its answer.
 */
export class Awareness {
  readonly #max: number;
  #score = 0;

  /** @param max one more than the highest score */
  constructor(max: number) {
    this.#max = max;
  }

  /** 0 is healthy. */
  get score(): number {
    return this.#score;
  }

  /** Adds `delta`, within the bounds; gives the score. */
  add(delta: number): number {
    this.#score = Math.min(Math.max(this.#score + delta, 0), this.#max - 1);
    return this.#score;
  }

  /** The time allowed for what takes a healthy member `ms` milliseconds. */
  scale(ms: number): number {
    return ms * (this.#score + 1);
  }
}

/**
 * What a failed probe tells of oneself: helpers that were asked and did not even say "no answer" are out of
 * one's own reach; without helpers nothing speaks for oneself.
 */
export function failedProbeDelta(nacksExpected: number, nacksReceived: number): number {
  return nacksExpected > 0 ? Math.max(nacksExpected - nacksReceived, 0) : 1;
}
