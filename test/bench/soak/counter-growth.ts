/** How much a counter has grown since it was looked at first. */
export class CounterGrowth {
  growth = 0;
  #last: number | undefined;

  /** One that is less than before was started anew, at zero. */
  take(value: number): void {
    if (this.#last !== undefined) this.growth += value < this.#last ? value : value - this.#last;
    this.#last = value;
  }
}
