/**
 * Which addresses are in use, and the lowest that is not: a sparse set over the ranges of the pools, so a /8
 * costs as much as a /32.
 *
 * Nothing is given back within its life, which is one plan. That is what lets it remember how far each range
 * is filled, so that all searches together look at each address in use a few times at most.
 */
import type { Address, AddressFamily, AddressRange } from '@metallb-l2/sdk/models';
import { type BackendKey, type Claimant, Holders } from './holders.js';
import { isBuggy, type Pool } from './pools.js';
import { RangeIndex } from './range-index.js';
import type { Refusal } from './refusal.js';
import { SharedAddresses } from './shared-addresses.js';

/** One range of a pool. */
interface Section {
  readonly pool: Pool;
  readonly range: AddressRange;
  /** Every usable address below is in use. */
  filledUpTo: bigint;
  /** Addresses in use. */
  inUse: number;
  /** Those in use that may be shared, by who may share them. */
  readonly shared: Map<string, SharedAddresses>;
}

export class Occupancy {
  readonly #sections = new RangeIndex<Section>();
  readonly #sectionsOf = new Map<Pool, readonly Section[]>();
  /** Most addresses have one holder; only those with more need more than that remembered. */
  readonly #holders: Readonly<Record<AddressFamily, Map<bigint, Claimant | Holders>>> = {
    4: new Map(),
    6: new Map(),
  };

  /** @param pools overlap nowhere */
  constructor(pools: readonly Pool[]) {
    for (const pool of pools) {
      const sections = pool.ranges.map((range) => ({
        pool,
        range,
        filledUpTo: range.first,
        inUse: 0,
        shared: new Map<string, SharedAddresses>(),
      }));
      this.#sectionsOf.set(pool, sections);
      for (const section of sections) this.#sections.add(section.range, section);
    }
  }

  /** The pool that may give out `address`. */
  poolOf(address: Address): Pool | undefined {
    return this.#sectionOf(address)?.pool;
  }

  /** How many addresses of `pool` and `family` are in use, however many services share each. */
  countInUse(pool: Pool, family: AddressFamily): number {
    return this.#sectionsIn(pool, family).reduce((sum, { inUse }) => sum + inUse, 0);
  }

  /** Records that `claimant` has `address`, whether or not a pool has it. */
  hold(claimant: Claimant, address: Address): void {
    const holders = this.#holders[address.family];
    const present = holders.get(address.value);
    if (present instanceof Holders) {
      present.add(claimant);
    } else if (present === undefined) {
      holders.set(address.value, claimant);
    } else if (present.service !== claimant.service) {
      const both = new Holders(present);
      both.add(claimant);
      holders.set(address.value, both);
    }
    const section = this.#sectionOf(address);
    if (section === undefined) return;
    if (present === undefined) section.inUse += 1;
    if (claimant.sharingKey !== '') sharedBy(section, claimant).add(address.value);
  }

  /** Why `claimant` may not have `address` beside those that have it. */
  obstacle(claimant: Claimant, address: Address, by: BackendKey): Refusal | undefined {
    const present = this.#holders[address.family].get(address.value);
    if (present === undefined) return undefined;
    const holders = present instanceof Holders ? present : new Holders(present);
    return holders.obstacle(claimant, address, by);
  }

  /**
   * The first address of `pool` that `claimant` may have: one it has; else ranges as listed, the lowest of each
   * that is free or may be shared.
   */
  lowest(
    pool: Pool,
    family: AddressFamily,
    claimant: Claimant & { readonly held: readonly Address[] },
  ): Address | undefined {
    const own = claimant.held.find((address) => this.#isItsOwn(pool, family, claimant, address));
    if (own !== undefined) return own;
    for (const section of this.#sectionsIn(pool, family)) {
      const value = lower(this.#lowestFree(section), this.#lowestShared(section, claimant));
      if (value !== undefined) return { family, value };
    }
    return undefined;
  }

  #sectionsIn(pool: Pool, family: AddressFamily): readonly Section[] {
    return (this.#sectionsOf.get(pool) ?? []).filter(({ range }) => range.family === family);
  }

  #sectionOf(address: Address): Section | undefined {
    const section = this.#sections.get(address);
    return section?.pool.avoidBuggyIPs === true && isBuggy(address) ? undefined : section;
  }

  #isItsOwn(pool: Pool, family: AddressFamily, claimant: Claimant, address: Address): boolean {
    if (address.family !== family || this.poolOf(address) !== pool) return false;
    return this.obstacle(claimant, address, 'backendKey') === undefined;
  }

  #lowestFree(section: Section): bigint | undefined {
    const { pool, range } = section;
    const holders = this.#holders[range.family];
    let value = section.filledUpTo;
    while (
      value <= range.last &&
      (holders.has(value) || (pool.avoidBuggyIPs && isBuggy({ family: range.family, value })))
    ) {
      value += 1n;
    }
    section.filledUpTo = value;
    return value <= range.last ? value : undefined;
  }

  #lowestShared(section: Section, claimant: Claimant): bigint | undefined {
    if (claimant.sharingKey === '' || section.shared.size === 0) return undefined;
    const { family } = section.range;
    return section.shared
      .get(sharers(claimant))
      ?.lowestFor(
        claimant.ports,
        (value) => this.obstacle(claimant, { family, value }, 'backendKey') === undefined,
      );
  }
}

function sharedBy({ shared }: Section, claimant: Claimant): SharedAddresses {
  const key = sharers(claimant);
  let addresses = shared.get(key);
  if (addresses === undefined) shared.set(key, (addresses = new SharedAddresses()));
  return addresses;
}

/** The same for all that may begin to share. */
function sharers({ sharingKey, backendKey }: Claimant): string {
  return `${sharingKey}\n${backendKey}`;
}

function lower(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
