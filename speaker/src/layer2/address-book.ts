/**
 * The addresses a node answers for: those it announces, and those that are another node's now and only
 * answered until it is at work.
 */
import { AddressIndex } from './address-index.js';
import { AnnouncedAddress, type InterfaceScope } from './announced-address.js';

export class AddressBook {
  readonly #index = new AddressIndex<AnnouncedAddress>();
  readonly #announced = new Map<string, AnnouncedAddress>();
  readonly #leaving = new Map<string, AnnouncedAddress>();

  /** By text. */
  get announced(): ReadonlyMap<string, AnnouncedAddress> {
    return this.#announced;
  }

  /** By text. */
  get leaving(): ReadonlyMap<string, AnnouncedAddress> {
    return this.#leaving;
  }

  /** Everything that is answered. */
  *answered(): Generator<AnnouncedAddress> {
    yield* this.#announced.values();
    yield* this.#leaving.values();
  }

  /** The answered address whose bytes are the `length` bytes at `offset`. */
  find(bytes: Uint8Array, offset: number, length: number): AnnouncedAddress | undefined {
    return this.#index.find(bytes, offset, length);
  }

  /** Whether `address` is announced, now and as it is here. */
  isCurrent(address: AnnouncedAddress): boolean {
    return this.#announced.get(address.ip) === address;
  }

  /**
   * Replaces what is announced. Gives the addresses that are new or have other interfaces, and those that
   * are gone or had. Text that is no address is left out.
   */
  replace(desired: ReadonlyMap<string, InterfaceScope>): {
    taken: readonly AnnouncedAddress[];
    removed: readonly AnnouncedAddress[];
  } {
    const removed = [...this.#announced.values()].filter(({ ip, scope }) => {
      const wanted = desired.get(ip);
      return wanted === undefined || !sameScope(scope, wanted);
    });
    for (const address of removed) {
      this.#announced.delete(address.ip);
      this.#index.delete(address);
    }
    const taken: AnnouncedAddress[] = [];
    for (const [ip, scope] of desired) {
      const address = this.#announced.has(ip) ? undefined : addressOf(ip, scope);
      if (address === undefined) continue;
      this.#announced.set(ip, address);
      this.#index.add(address);
      taken.push(address);
    }
    return { taken, removed };
  }

  /** Goes on to answer for an address that is announced no longer. */
  keep(address: AnnouncedAddress): void {
    this.#leaving.set(address.ip, address);
    this.#index.add(address);
  }

  /** Ends what {@link keep} began; false when that has ended already. */
  forget(address: AnnouncedAddress): boolean {
    if (this.#leaving.get(address.ip) !== address) return false;
    this.#leaving.delete(address.ip);
    this.#index.delete(address);
    return true;
  }
}

function addressOf(ip: string, scope: InterfaceScope): AnnouncedAddress | undefined {
  try {
    return new AnnouncedAddress(ip, scope);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function sameScope(a: InterfaceScope, b: InterfaceScope): boolean {
  if (a === 'all' || b === 'all') return a === b;
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
