/**
 * Reads `IPAddressPool` objects into pools the allocator can use. A pool that cannot stand is refused
 * alone: the others stay in force. Of two pools that overlap the older one stands.
 */
import {
  type Address,
  AddressError,
  type AddressRange,
  formatAddress,
  type IPAddressPool,
  ipAddressPoolSchema,
  parseAddressRange,
  SelectorError,
} from '@metallb-l2/sdk/models';
import { type PoolScope, readScope } from './pool-scope.js';
import { RangeIndex } from './range-index.js';

export interface Pool {
  readonly name: string;
  /** In the order they are listed; addresses are handed out in this order. */
  readonly ranges: readonly AddressRange[];
  /** Whether services that do not ask for this pool may get an address of it. */
  readonly autoAssign: boolean;
  /** Leaves out IPv4 addresses that end in .0 or .255. */
  readonly avoidBuggyIPs: boolean;
  /** The services it is for, which it serves before the pools for all; undefined when it is one of those. */
  readonly scope: PoolScope | undefined;
}

export interface RefusedPool {
  readonly object: IPAddressPool;
  /** What is wrong, naming field and value. */
  readonly message: string;
}

export interface PoolSet {
  /** By name. */
  readonly pools: readonly Pool[];
  readonly refused: readonly RefusedPool[];
}

export function readPools(objects: readonly IPAddressPool[]): PoolSet {
  const pools: Pool[] = [];
  const refused: RefusedPool[] = [];
  const taken = new RangeIndex<true>();
  for (const object of objects.toSorted(byAge)) {
    const read = readPool(object, taken);
    if ('message' in read) {
      refused.push({ object, message: read.message });
    } else {
      pools.push(read);
      for (const range of read.ranges) taken.add(range, true);
    }
  }
  return { pools: pools.sort((a, b) => compareText(a.name, b.name)), refused };
}

/** Oldest first, then by namespace and name, so that every run decides alike. */
export function byAge(
  a: { metadata: { creationTimestamp?: string; namespace?: string; name?: string } },
  b: { metadata: { creationTimestamp?: string; namespace?: string; name?: string } },
): number {
  return (
    compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
    compareText(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
    compareText(a.metadata.name ?? '', b.metadata.name ?? '')
  );
}

/** Whether some devices take `address` for that of a network or a broadcast, and drop its packets. */
export function isBuggy({ family, value }: Address): boolean {
  const lastByte = value & 0xffn;
  return family === 4 && (lastByte === 0n || lastByte === 255n);
}

function readPool(object: IPAddressPool, taken: RangeIndex<unknown>): Pool | { message: string } {
  const name = object.metadata.name ?? '';
  const parsed = ipAddressPoolSchema.safeParse(object);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return { message: `pool "${name}": ${issues.join('; ')}` };
  }
  const { addresses, autoAssign, avoidBuggyIPs, serviceAllocation } = parsed.data.spec;
  const ranges: AddressRange[] = [];
  const own = new RangeIndex<true>();
  for (const [index, text] of addresses.entries()) {
    let range;
    try {
      range = parseAddressRange(text);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      return { message: `pool "${name}": spec.addresses[${String(index)}]: ${error.message}` };
    }
    const other = taken.overlapping(range) ?? own.overlapping(range);
    if (other !== undefined) {
      const known = `${formatAddress(other.family, other.first)}-${formatAddress(other.family, other.last)}`;
      return { message: `CIDR "${text}" in pool "${name}" overlaps with already defined CIDR "${known}"` };
    }
    own.add(range, true);
    ranges.push(range);
  }
  try {
    const scope = serviceAllocation && readScope(serviceAllocation);
    return { name, ranges, autoAssign, avoidBuggyIPs, scope };
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    return { message: `pool "${name}": spec.serviceAllocation: ${error.message}` };
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
