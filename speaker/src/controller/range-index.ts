/** Ranges of addresses that do not overlap, in order: what contains an address is found in O(log n). */
import { type Address, type AddressFamily, type AddressRange, rangesOverlap } from '@metallb-l2/sdk/models';
import { countLeading } from './count-leading.js';

interface Entry<T> {
  readonly range: AddressRange;
  readonly value: T;
}

export class RangeIndex<T> {
  readonly #entries: Readonly<Record<AddressFamily, Entry<T>[]>> = { 4: [], 6: [] };

  /** What was added for the range that contains `address`. */
  get({ family, value }: Address): T | undefined {
    const entry = this.#entries[family][this.#countUpTo(family, value) - 1];
    return entry !== undefined && value <= entry.range.last ? entry.value : undefined;
  }

  /** The lowest range that has an address in common with `range`. */
  overlapping(range: AddressRange): AddressRange | undefined {
    const entries = this.#entries[range.family];
    const index = this.#countUpTo(range.family, range.first);
    const neighbours = [entries[index - 1], entries[index]];
    return neighbours.find((entry) => entry !== undefined && rangesOverlap(entry.range, range))?.range;
  }

  /** @param range overlaps none that is there */
  add(range: AddressRange, value: T): void {
    this.#entries[range.family].splice(this.#countUpTo(range.family, range.first), 0, { range, value });
  }

  /** How many ranges begin at `value` or below. */
  #countUpTo(family: AddressFamily, value: bigint): number {
    return countLeading(this.#entries[family], ({ range }) => range.first <= value);
  }
}
