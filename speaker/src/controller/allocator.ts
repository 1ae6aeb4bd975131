/**
 * Decides which address a service gets. An allocator lives for one plan; it learns what is held before it
 * is asked for anything new.
 *
 * Every choice is deterministic. A service that needs others than it has, as when it becomes dual-stack, keeps
 * of what it has whatever still fits (upstream begins anew). Pools for certain services come first, by priority;
 * then those for all. Among equals, where upstream throws dice, pools go by name. In a pool: ranges as listed,
 * and the lowest address.
 */
import type { Address, AddressFamily } from '@metallb-l2/sdk/models';
import type { BackendKey, Claimant } from './holders.js';
import { Occupancy } from './occupancy.js';
import { admitsLabels, admitsNamespace, type NamespaceLabels, type Tenant } from './pool-scope.js';
import { capacityOf, type PoolUsage } from './pool-usage.js';
import type { Pool } from './pools.js';
import { quoteAddresses, type Refusal, refusal } from './refusal.js';

/** What a service asks for. */
export interface AllocationRequest extends Claimant {
  readonly tenant: Tenant;
  /** What it has now, and may have again. */
  readonly held: readonly Address[];
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

export class Allocator {
  readonly #pools: readonly Pool[];
  readonly #byName: ReadonlyMap<string, Pool>;
  /** Pools for automatic assignment that are for all services. */
  readonly #open: readonly Pool[];
  /** Those that are for certain services, the first to be tried first. */
  readonly #scoped: readonly Pool[];
  /** Of those, the ones for services of a namespace. */
  readonly #scopedTo = new Map<string, readonly Pool[]>();
  readonly #namespaceLabels: NamespaceLabels;
  readonly #occupancy: Occupancy;

  /** @param pools by name; no two overlap */
  constructor(pools: readonly Pool[], namespaceLabels: NamespaceLabels = new Map()) {
    this.#pools = pools;
    this.#namespaceLabels = namespaceLabels;
    this.#byName = new Map(pools.map((pool) => [pool.name, pool]));
    const automatic = pools.filter(({ autoAssign }) => autoAssign);
    this.#open = automatic.filter(({ scope }) => scope === undefined);
    this.#scoped = automatic.filter(({ scope }) => scope !== undefined).sort(byPriority);
    this.#occupancy = new Occupancy(pools);
  }

  /** Records that `claimant` has `addresses`, whether or not a pool has them. */
  hold(claimant: Claimant, addresses: readonly Address[]): void {
    for (const address of addresses) this.#occupancy.hold(claimant, address);
  }

  /**
   * Whether the service may keep what it has, and from which pool. Nothing is recorded.
   *
   * @param unreadable a pool that has it but cannot be read now, which takes nothing away
   */
  checkHeld(request: AllocationRequest, unreadable: string | undefined): Allocation | Refusal {
    const { held } = request;
    const pool = unreadable === undefined ? this.#poolOf(request, held) : { name: unreadable };
    if ('reason' in pool) return pool;
    return this.#obstacle(request, held, 'upstreamBackendKey') ?? { addresses: held, pool: pool.name };
  }

  /** Chooses addresses for `request` and records them as held, or says why there are none. */
  allocate(request: AllocationRequest): Allocation | Refusal {
    const result = this.#choose(request);
    if ('pool' in result) this.hold(request, result.addresses);
    return result;
  }

  /** Chooses an address of the family that a service which has one of `poolName` still lacks, and records it. */
  allocateSecond(request: AllocationRequest, poolName: string): Address | Refusal {
    const family = request.held[0]?.family === 4 ? 6 : 4;
    const pool = this.#byName.get(poolName);
    if (pool === undefined) return unknownPool(poolName);
    const address = this.#occupancy.lowest(pool, family, request);
    if (address === undefined) return this.#exhausted(pool, request, [family]);
    this.hold(request, [address]);
    return address;
  }

  /** How full each pool is, by name. An address counts once, however many services share it. */
  usage(): PoolUsage[] {
    return this.#pools.map((pool) => {
      const usageOf = (family: AddressFamily) => ({
        total: capacityOf(pool, family),
        inUse: this.#occupancy.countInUse(pool, family),
      });
      const families = { 4: usageOf(4), 6: usageOf(6) };
      const total = families[4].total + families[6].total;
      return { pool: pool.name, total, inUse: families[4].inUse + families[6].inUse, families };
    });
  }

  #choose(request: AllocationRequest): Allocation | Refusal {
    if (request.addresses.length > 0) return this.#requestedAddresses(request);
    if (request.pool !== undefined) return this.#fromRequestedPool(request, request.pool);
    return (
      this.#fromAnyOf(this.#homeOf(request), request) ??
      this.#fromAnyOf(this.#scopedPoolsFor(request.tenant), request) ??
      this.#fromAnyOf(this.#open, request) ??
      refusal('allPoolsExhausted', 'no available IPs')
    );
  }

  #requestedAddresses(request: AllocationRequest): Allocation | Refusal {
    const { addresses } = request;
    const asked = quoteAddresses(addresses);
    const families = new Set(addresses.map((address) => address.family));
    if (
      families.size !== request.families.length ||
      !request.families.every((family) => families.has(family))
    ) {
      return refusal(
        'familyMismatch',
        `requested loadBalancer IP(s) ${asked} does not match the ipFamily of the service`,
      );
    }
    const pool = this.#poolOf(request, addresses);
    if ('reason' in pool) return pool;
    const obstacle = this.#obstacle(request, addresses, 'backendKey');
    if (obstacle !== undefined) return obstacle;
    if (request.pool === undefined || request.pool === pool.name) return { addresses, pool: pool.name };
    return refusal(
      'otherPool',
      `requested loadBalancer IP(s) ${asked} is not compatible with requested address pool ${request.pool}`,
    );
  }

  #fromRequestedPool(request: AllocationRequest, name: string): Allocation | Refusal {
    const pool = this.#byName.get(name);
    if (pool === undefined) return unknownPool(name);
    if (!this.#admits(pool, request.tenant)) return notCompatible(pool);
    return this.#fromAnyOf([pool], request) ?? this.#exhausted(pool, request, request.families);
  }

  #fromAnyOf(pools: readonly Pool[], request: AllocationRequest): Allocation | undefined {
    for (const families of acceptable(request)) {
      for (const pool of pools) {
        const addresses = this.#lowestOfEach(pool, families, request);
        if (addresses !== undefined) return { addresses, pool: pool.name };
      }
    }
    return undefined;
  }

  #lowestOfEach(
    pool: Pool,
    families: readonly AddressFamily[],
    request: AllocationRequest,
  ): readonly Address[] | undefined {
    const chosen: Address[] = [];
    for (const family of families) {
      const address = this.#occupancy.lowest(pool, family, request);
      if (address === undefined) return undefined;
      chosen.push(address);
    }
    return chosen;
  }

  /** The one pool that may give out all of `addresses`, to this service. */
  #poolOf({ tenant }: AllocationRequest, addresses: readonly Address[]): Pool | Refusal {
    const [pool, ...others] = new Set(addresses.map((address) => this.#occupancy.poolOf(address)));
    if (pool === undefined || others.length > 0) {
      return refusal('notInPool', `${quoteAddresses(addresses)} is not allowed in config`);
    }
    return this.#admits(pool, tenant) ? pool : notCompatible(pool);
  }

  /** The pool of those it has that are of a family it needs, if it may have them again. */
  #homeOf(request: AllocationRequest): readonly Pool[] {
    const fitting = request.held.filter(({ family }) => request.families.includes(family));
    const pool = this.#poolOf(request, fitting);
    return 'reason' in pool || this.#obstacle(request, fitting, 'backendKey') !== undefined ? [] : [pool];
  }

  #obstacle(claimant: Claimant, addresses: readonly Address[], by: BackendKey): Refusal | undefined {
    for (const address of addresses) {
      const obstacle = this.#occupancy.obstacle(claimant, address, by);
      if (obstacle !== undefined) return obstacle;
    }
    return undefined;
  }

  #scopedPoolsFor({ namespace, labels }: Tenant): readonly Pool[] {
    let pools = this.#scopedTo.get(namespace);
    if (pools === undefined) {
      pools = this.#scoped.filter((pool) => this.#admitsNamespace(pool, namespace));
      this.#scopedTo.set(namespace, pools);
    }
    return pools.filter(({ scope }) => scope === undefined || admitsLabels(scope, labels));
  }

  #admits(pool: Pool, { namespace, labels }: Tenant): boolean {
    if (pool.scope === undefined) return true;
    return this.#admitsNamespace(pool, namespace) && admitsLabels(pool.scope, labels);
  }

  #admitsNamespace({ scope }: Pool, namespace: string): boolean {
    return scope === undefined || admitsNamespace(scope, namespace, this.#namespaceLabels);
  }

  #exhausted(pool: Pool, request: AllocationRequest, families: readonly AddressFamily[]): Refusal {
    const anyIsFree = ([4, 6] as const).some(
      (family) => this.#occupancy.lowest(pool, family, request) !== undefined,
    );
    const wanted = families.length > 1 ? 'dual' : `ipv${String(families[0])}`;
    return refusal(
      'poolExhausted',
      `no available IPs in pool ${pool.name}${anyIsFree ? ` for ${wanted} IPFamily` : ''}`,
    );
  }
}

/** The family sets that satisfy `request`, the best first; of both families, IPv4 is named first as upstream does. */
function acceptable({ families, secondFamilyOptional }: AllocationRequest): readonly AddressFamily[][] {
  const all = families.toSorted();
  return secondFamilyOptional && all.length > 1 ? [all, ...families.map((family) => [family])] : [all];
}

function byPriority(a: Pool, b: Pool): number {
  const [first, second] = [a.scope?.priority ?? Infinity, b.scope?.priority ?? Infinity];
  return first === second ? 0 : first - second;
}

function notCompatible({ name }: Pool): Refusal {
  return refusal('poolNotAllowed', `pool ${name} not compatible for ip assignment`);
}

function unknownPool(name: string): Refusal {
  return refusal('unknownPool', `unknown pool ${JSON.stringify(name)}`);
}
