import { countLeading } from './count-leading.js';

/**
 * Addresses of one range that services with one sharing key and the same backends have. As none is given
 * back, an address that has no room for some ports never has again; so no search starts over.
 */
export class SharedAddresses {
  /** Ascending. */
  readonly #values: bigint[] = [];
  /** For a set of ports: no address below has room for them. */
  readonly #fullBelow = new Map<string, bigint>();

  add(value: bigint): void {
    const index = this.#countBelow(value);
    if (this.#values[index] === value) return;
    this.#values.splice(index, 0, value);
    for (const [ports, bound] of this.#fullBelow) if (value < bound) this.#fullBelow.set(ports, value);
  }

  /** The lowest of those that have room for `ports`. */
  lowestFor(ports: readonly string[], hasRoom: (value: bigint) => boolean): bigint | undefined {
    const key = ports.join();
    const values = this.#values;
    let index = this.#countBelow(this.#fullBelow.get(key) ?? 0n);
    let value = values[index];
    while (value !== undefined && !hasRoom(value)) value = values[(index += 1)];
    this.#fullBelow.set(key, value ?? (values.at(-1) ?? 0n) + 1n);
    return value;
  }

  /** How many are less than `bound`. */
  #countBelow(bound: bigint): number {
    return countLeading(this.#values, (value) => value < bound);
  }
}
