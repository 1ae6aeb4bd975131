/** Whether pools have an address, of each IP family a service needs, that nobody has. */
import type { Service } from '../kube/core-types.js';
import { type AddressFamily, type AddressRange, formatAddress } from '../models/address.js';
import { enumerate } from '../text.js';
import type { Obstacle } from './controller-obstacles.js';
import { addressTexts, familiesOf } from './service-request.js';

export interface PoolOfRanges {
  readonly name: string;
  readonly ranges: readonly AddressRange[];
  readonly spec: { readonly avoidBuggyIPs?: boolean };
}

/**
 * What of `pools` keeps `service` from getting an address. One pool has to give both families to a service that
 * requires both, as upstream and our controller have it.
 *
 * @param others the services that may have addresses; undefined when taken ones are no obstacle, or not known
 */
export function inTheFamilies(
  service: Service,
  pools: readonly PoolOfRanges[],
  others: readonly Service[] | undefined,
): Obstacle | undefined {
  const names = enumerate(pools.map(({ name }) => name));
  const families = familiesOf(service);
  const enough =
    service.spec?.ipFamilyPolicy === 'PreferDualStack' ? families.map((family) => [family]) : [families];
  const canGive = (has: (pool: PoolOfRanges, family: AddressFamily) => boolean) =>
    enough.some((needed) => pools.some((pool) => needed.every((family) => has(pool, family))));

  if (!canGive(hasFamily)) {
    const missing = families.filter((family) => !pools.some((pool) => hasFamily(pool, family)));
    return {
      reason: 'noPoolOfFamily',
      message:
        missing.length === 0
          ? `it needs ${inWords(families)} address of one IPAddressPool, and none of ${names} has both.`
          : `it needs ${inWords(missing)} address, and IPAddressPool ${names} has none.`,
      remedy:
        missing.length === 0
          ? 'Add addresses of the other family to one of them.'
          : `Add ${missing.map(nameOf).join(' and ')} addresses to a pool.`,
    };
  }
  if (others === undefined) return undefined;
  const held = new Set(others.flatMap(addressTexts));
  if (canGive((pool, family) => hasFree(pool, family, held))) return undefined;
  const there = ([4, 6] as const).filter((family) => pools.some((pool) => hasFamily(pool, family)));
  const taken = there
    .filter((family) => families.includes(family))
    .filter((family) => !pools.some((pool) => hasFree(pool, family, held)));
  // Families are named only where the pools have another one.
  const which = taken.length === there.length ? '' : `${taken.map(nameOf).join(' and ')} `;
  return {
    reason: 'allPoolsExhausted',
    message:
      taken.length === 0
        ? `it needs ${inWords(families)} address of one IPAddressPool, and none of ${names} has both to give.`
        : `every ${which}address of IPAddressPool ${names} is in use.`,
    remedy: 'Add addresses to the pool, or delete a service that has one.',
  };
}

function hasFamily({ ranges }: PoolOfRanges, family: AddressFamily): boolean {
  return ranges.some((range) => range.family === family);
}

function hasFree(
  { ranges, spec: { avoidBuggyIPs = false } }: PoolOfRanges,
  wanted: AddressFamily,
  held: ReadonlySet<string>,
): boolean {
  return ranges.some(({ family, first, last }) => {
    if (family !== wanted) return false;
    for (let value = first; value <= last; value += 1n) {
      const buggy = avoidBuggyIPs && family === 4 && ((value & 0xffn) === 0n || (value & 0xffn) === 255n);
      if (!buggy && !held.has(formatAddress(family, value))) return true;
    }
    return false;
  });
}

function inWords(families: readonly AddressFamily[]): string {
  return `an ${families.map(nameOf).join(' and an ')}`;
}

function nameOf(family: AddressFamily): string {
  return `IPv${String(family)}`;
}
