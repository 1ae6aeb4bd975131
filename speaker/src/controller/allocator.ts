/**
 * Decides which address a service gets. Pure bookkeeping over ranges and the sparse set of addresses in
 * use, so a /8 costs as much as a /32.
 *
 * Every choice is deterministic: pools by name, ranges as listed, the lowest address that is free. An
 * allocator lives for one plan; it learns what is held before it is asked for anything new, and nothing
 * is released within its life, which is what lets it remember how far each range is filled.
 */
import {
  type Address,
  type AddressFamily,
  type AddressRange,
  formatAddress,
  rangeContains,
} from '@metallb-l2/sdk/models';
import type { Pool } from './pools.js';
import { quoteAddresses, type Refusal, refusal } from './refusal.js';

/** What must be known of a service to say whether it may use an address beside another one. */
export interface Claimant {
  /** `namespace/name`. */
  readonly service: string;
  /** Services may share an address only if they have the same key; empty means never. */
  readonly sharingKey: string;
  /** Where traffic of the service may go; sharers must agree on it. */
  readonly backendKey: string;
  /** As `TCP/80`. */
  readonly ports: readonly string[];
}

/** What a service asks for. */
export interface AllocationRequest extends Claimant {
  /** IP families of the service, the primary one first. */
  readonly families: readonly AddressFamily[];
  /** Whether one address is enough when `families` has two. */
  readonly secondFamilyOptional: boolean;
  /** Just these addresses; any will do when empty. */
  readonly addresses: readonly Address[];
  /** Just this pool. */
  readonly pool: string | undefined;
}

export interface Allocation {
  readonly addresses: readonly Address[];
  readonly pool: string;
}

export interface PoolUsage {
  readonly pool: string;
  /** Addresses the pool can give out. */
  readonly total: bigint;
  readonly inUse: number;
  /** The same of each IP version. */
  readonly families: Readonly<Record<AddressFamily, { readonly total: bigint; readonly inUse: number }>>;
}

export class Allocator {
  readonly #pools: readonly Pool[];
  readonly #holders: Readonly<Record<AddressFamily, Map<bigint, Claimant[]>>> = {
    4: new Map(),
    6: new Map(),
  };
  readonly #shared = new Map<string, Address[]>();
  /** For each range: every usable address below is held. */
  readonly #filledUpTo = new Map<AddressRange, bigint>();

  constructor(pools: readonly Pool[]) {
    this.#pools = pools;
  }

  /** Records that `claimant` has `addresses`, whether or not a pool has them. */
  hold(claimant: Claimant, addresses: readonly Address[]): void {
    for (const address of addresses) {
      const holders = this.#holders[address.family];
      const present = holders.get(address.value);
      if (present === undefined) holders.set(address.value, [claimant]);
      else present.push(claimant);
      if (claimant.sharingKey === '') continue;
      const shared = this.#shared.get(claimant.sharingKey);
      if (shared === undefined) this.#shared.set(claimant.sharingKey, [address]);
      else shared.push(address);
    }
  }

  /** Whether `claimant` may have all of `addresses`, and from which pool. Nothing is recorded. */
  check(claimant: Claimant, addresses: readonly Address[]): Allocation | Refusal {
    const pool = this.#pools.find((candidate) => addresses.every((address) => has(candidate, address)));
    if (pool === undefined)
      return refusal('notInPool', `${quoteAddresses(addresses)} is not allowed in config`);
    for (const address of addresses) {
      const obstacle = this.#obstacle(claimant, address);
      if (obstacle !== undefined) return obstacle;
    }
    return { addresses, pool: pool.name };
  }

  /** Chooses addresses for `request` and records them as held, or says why there are none. */
  allocate(request: AllocationRequest): Allocation | Refusal {
    const result =
      request.addresses.length > 0 ? this.#requestedAddresses(request) : this.#anyAddresses(request);
    if ('pool' in result) this.hold(request, result.addresses);
    return result;
  }

  /** How full each pool is, by name. An address counts once, however many services share it. */
  usage(): PoolUsage[] {
    return this.#pools.map((pool) => {
      const families = { 4: this.#usageOf(pool, 4), 6: this.#usageOf(pool, 6) };
      const total = families[4].total + families[6].total;
      return { pool: pool.name, total, inUse: families[4].inUse + families[6].inUse, families };
    });
  }

  #requestedAddresses(request: AllocationRequest): Allocation | Refusal {
    const asked = quoteAddresses(request.addresses);
    const families = new Set(request.addresses.map((address) => address.family));
    if (
      families.size !== request.families.length ||
      !request.families.every((family) => families.has(family))
    ) {
      return refusal(
        'familyMismatch',
        `requested loadBalancer IP(s) ${asked} does not match the ipFamily of the service`,
      );
    }
    const result = this.check(request, request.addresses);
    if ('pool' in result && request.pool !== undefined && result.pool !== request.pool) {
      return refusal(
        'otherPool',
        `requested loadBalancer IP(s) ${asked} is not compatible with requested address pool ${request.pool}`,
      );
    }
    return result;
  }

  #anyAddresses(request: AllocationRequest): Allocation | Refusal {
    const named = this.#pools.find((pool) => pool.name === request.pool);
    if (request.pool !== undefined && named === undefined) {
      return refusal('unknownPool', `unknown pool ${JSON.stringify(request.pool)}`);
    }
    const candidates = named === undefined ? this.#pools.filter((pool) => pool.autoAssign) : [named];
    for (const families of acceptable(request)) {
      for (const pool of candidates) {
        const addresses = this.#lowestFree(pool, families, request);
        if (addresses !== undefined) return { addresses, pool: pool.name };
      }
    }
    if (named === undefined) return refusal('allPoolsExhausted', 'no available IPs');
    return refusal('poolExhausted', `no available IPs in pool ${named.name}`);
  }

  #lowestFree(
    pool: Pool,
    families: readonly AddressFamily[],
    claimant: Claimant,
  ): readonly Address[] | undefined {
    const chosen: Address[] = [];
    for (const family of families) {
      const address = this.#lowestFreeOf(pool, family, claimant);
      if (address === undefined) return undefined;
      chosen.push(address);
    }
    return chosen;
  }

  #lowestFreeOf(pool: Pool, family: AddressFamily, claimant: Claimant): Address | undefined {
    for (const range of pool.ranges) {
      if (range.family !== family) continue;
      const value = lowest(this.#unheld(range, pool.avoidBuggyIPs), this.#sharable(range, pool, claimant));
      if (value !== undefined) return { family, value };
    }
    return undefined;
  }

  #unheld(range: AddressRange, avoidBuggyIPs: boolean): bigint | undefined {
    const holders = this.#holders[range.family];
    let value = this.#filledUpTo.get(range) ?? range.first;
    while (
      value <= range.last &&
      (holders.has(value) || (avoidBuggyIPs && isBuggy({ family: range.family, value })))
    ) {
      value += 1n;
    }
    this.#filledUpTo.set(range, value);
    return value <= range.last ? value : undefined;
  }

  #sharable(range: AddressRange, pool: Pool, claimant: Claimant): bigint | undefined {
    let best: bigint | undefined;
    for (const address of this.#shared.get(claimant.sharingKey) ?? []) {
      if (!rangeContains(range, address) || !has(pool, address)) continue;
      if (this.#obstacle(claimant, address) === undefined) best = lowest(best, address.value);
    }
    return best;
  }

  #obstacle(claimant: Claimant, address: Address): Refusal | undefined {
    const others = (this.#holders[address.family].get(address.value) ?? []).filter(
      (holder) => holder.service !== claimant.service,
    );
    if (others.some((other) => !mayShare(other, claimant))) {
      const names = others.map((other) => other.service).join(',');
      return refusal(
        'addressInUse',
        `can't change sharing key for ${JSON.stringify(claimant.service)}, address also in use by ${names}`,
      );
    }
    const port = claimant.ports.find((candidate) => others.some((other) => other.ports.includes(candidate)));
    if (port === undefined) return undefined;
    const text = formatAddress(address.family, address.value);
    return refusal('portInUse', `port ${port} is already in use on ${JSON.stringify(text)}`);
  }

  #usageOf(pool: Pool, family: AddressFamily): { total: bigint; inUse: number } {
    const ranges = pool.ranges.filter((range) => range.family === family);
    const total = ranges.reduce((sum, range) => sum + capacity(range, pool.avoidBuggyIPs), 0n);
    let inUse = 0;
    for (const value of this.#holders[family].keys()) if (has(pool, { family, value })) inUse += 1;
    return { total, inUse };
  }
}

/** The family sets that satisfy `request`, the best first. */
function acceptable({ families, secondFamilyOptional }: AllocationRequest): readonly AddressFamily[][] {
  const all = [...families];
  return secondFamilyOptional && all.length > 1 ? [all, ...all.map((family) => [family])] : [all];
}

function mayShare(a: Claimant, b: Claimant): boolean {
  return a.sharingKey !== '' && a.sharingKey === b.sharingKey && a.backendKey === b.backendKey;
}

function has(pool: Pool, address: Address): boolean {
  if (pool.avoidBuggyIPs && isBuggy(address)) return false;
  return pool.ranges.some((range) => rangeContains(range, address));
}

function isBuggy({ family, value }: Address): boolean {
  const lastByte = value & 0xffn;
  return family === 4 && (lastByte === 0n || lastByte === 255n);
}

function capacity({ family, first, last }: AddressRange, avoidBuggyIPs: boolean): bigint {
  const size = last - first + 1n;
  if (!avoidBuggyIPs || family === 6) return size;
  // How many values up to and including `value` end in .0, and in .255.
  const zeros = (value: bigint) => (value >> 8n) + 1n;
  const ones = (value: bigint) => (value + 1n) >> 8n;
  return size - (zeros(last) - zeros(first - 1n)) - (ones(last) - ones(first - 1n));
}

function lowest(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
