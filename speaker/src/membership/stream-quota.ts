/**
 * How many streams of others may be open. Whoever has no key may open some as well, and keep them: so no
 * address has more than a share, or one could keep all the others from joining.
 */

export interface StreamLimits {
  readonly total: number;
  /** Of one address. */
  readonly each: number;
}

export class StreamQuota {
  readonly #limits: StreamLimits;
  readonly #open = new Map<string, number>();
  #total = 0;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** Counts one more stream from `address`, unless there are too many; gives whether there is room for it. */
  take(address: string): boolean {
    const open = this.#open.get(address) ?? 0;
    if (this.#total >= this.#limits.total || open >= this.#limits.each) return false;
    this.#open.set(address, open + 1);
    this.#total++;
    return true;
  }

  /** One that was taken is closed. */
  giveBack(address: string): void {
    const open = this.#open.get(address) ?? 0;
    if (open > 1) this.#open.set(address, open - 1);
    else this.#open.delete(address);
    this.#total--;
  }
}
