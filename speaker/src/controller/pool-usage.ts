/** How many addresses a pool can give out. */
import type { AddressFamily, AddressRange } from '@metallb-l2/sdk/models';
import type { Pool } from './pools.js';

export interface PoolUsage {
  readonly pool: string;
  /** Addresses the pool can give out: any number up to 2^128, where upstream's count overflows. */
  readonly total: bigint;
  readonly inUse: number;
  /** The same of each IP version. */
  readonly families: Readonly<Record<AddressFamily, { readonly total: bigint; readonly inUse: number }>>;
}

export function capacityOf({ ranges, avoidBuggyIPs }: Pool, family: AddressFamily): bigint {
  return ranges
    .filter((range) => range.family === family)
    .reduce((sum, range) => sum + sizeOf(range, avoidBuggyIPs), 0n);
}

function sizeOf({ family, first, last }: AddressRange, avoidBuggyIPs: boolean): bigint {
  const size = last - first + 1n;
  if (!avoidBuggyIPs || family === 6) return size;
  // How many values up to and including `value` end in .0, and in .255.
  const zeros = (value: bigint) => (value >> 8n) + 1n;
  const ones = (value: bigint) => (value + 1n) >> 8n;
  return size - (zeros(last) - zeros(first - 1n)) - (ones(last) - ones(first - 1n));
}
