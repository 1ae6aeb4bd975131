/**
 * Reads `IPAddressPool` objects into pools the allocator can use. A pool that cannot stand is refused
 * alone: the others stay in force. Of two pools that overlap the older one stands.
 */
import {
  AddressError,
  type AddressRange,
  formatAddress,
  type IPAddressPool,
  ipAddressPoolSchema,
  parseAddressRange,
  rangesOverlap,
} from '@metallb-l2/sdk/models';

export interface Pool {
  readonly name: string;
  /** In the order they are listed; addresses are handed out in this order. */
  readonly ranges: readonly AddressRange[];
  /** Whether services that do not ask for this pool may get an address of it. */
  readonly autoAssign: boolean;
  /** Leaves out IPv4 addresses that end in .0 or .255. */
  readonly avoidBuggyIPs: boolean;
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
  for (const object of objects.toSorted(byAge)) {
    const read = readPool(object, pools);
    if ('message' in read) refused.push({ object, message: read.message });
    else pools.push(read);
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

function readPool(object: IPAddressPool, standing: readonly Pool[]): Pool | { message: string } {
  const name = object.metadata.name ?? '';
  const parsed = ipAddressPoolSchema.safeParse(object);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return { message: `pool "${name}": ${issues.join('; ')}` };
  }
  const { addresses, autoAssign, avoidBuggyIPs, serviceAllocation } = parsed.data.spec;
  const ranges: AddressRange[] = [];
  for (const [index, text] of addresses.entries()) {
    let range;
    try {
      range = parseAddressRange(text);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      return { message: `pool "${name}": spec.addresses[${String(index)}]: ${error.message}` };
    }
    const other = [...standing.flatMap((pool) => pool.ranges), ...ranges].find((known) =>
      rangesOverlap(known, range),
    );
    if (other !== undefined) {
      const known = `${formatAddress(other.family, other.first)}-${formatAddress(other.family, other.last)}`;
      return { message: `CIDR "${text}" in pool "${name}" overlaps with already defined CIDR "${known}"` };
    }
    ranges.push(range);
  }
  // A pool tied to namespaces or services must not be given to everyone; whoever asks for it may have it.
  return { name, ranges, autoAssign: autoAssign && serviceAllocation === undefined, avoidBuggyIPs };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
