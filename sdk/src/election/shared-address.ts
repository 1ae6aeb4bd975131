/**
 * One node for each address. Services that share an address may differ in the nodes that may announce
 * them; elected one by one, two nodes would answer for the same address, and the network would send the
 * traffic of both to whichever spoke last. So they are elected together.
 */
import { type Preferences, electOwner } from './election.js';

/** A service that can be announced, as far as the election looks at it. */
export interface Contender {
  /** Canonical, in the order of the service's status; at least one. */
  readonly addresses: readonly string[];
  readonly candidates: readonly string[];
  readonly preferences: Preferences;
}

/**
 * The node elected for each of `contenders`, by the same key; none where there is no candidate.
 *
 * Of services that share addresses, directly or through others, the nodes that may announce the most of
 * them stand for election. The node that wins is not always a candidate of each: those it may not announce
 * are announced by nobody. Where all have the same candidates, which is what upstream asks of services
 * that share, the node is the one upstream elects.
 */
export function electOwners<Key>(contenders: ReadonlyMap<Key, Contender>): ReadonlyMap<Key, string> {
  const owners = new Map<Key, string>();
  for (const group of groupByAddress(contenders)) {
    const owner = electForGroup(group.map(([, contender]) => contender));
    if (owner === undefined) continue;
    for (const [key] of group) owners.set(key, owner);
  }
  return owners;
}

function electForGroup(group: readonly Contender[]): string | undefined {
  const [only] = group;
  if (group.length === 1 && only !== undefined) {
    return electOwner(only.candidates, only.addresses[0] as string, only.preferences);
  }
  const supporters = sumOver(group, ({ candidates }) => candidates.map((node) => [node, 1]));
  const most = Math.max(0, ...supporters.values());
  const nodes = [...supporters].filter(([, count]) => count === most).map(([node]) => node);
  const preferences = sumOver(group, (contender) => contender.preferences);
  const first = group.map(({ addresses }) => addresses[0] as string).sort()[0] as string;
  return electOwner(nodes, first, preferences);
}

function sumOver(
  group: readonly Contender[],
  numbersOf: (contender: Contender) => Iterable<readonly [string, number]>,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const contender of group) {
    for (const [node, number] of numbersOf(contender)) sums.set(node, (sums.get(node) ?? 0) + number);
  }
  return sums;
}

/** Puts together what shares an address, directly or through others. */
function groupByAddress<Key>(contenders: ReadonlyMap<Key, Contender>): (readonly [Key, Contender])[][] {
  const groups = new Set<(readonly [Key, Contender])[]>();
  const groupOf = new Map<string, (readonly [Key, Contender])[]>();
  for (const entry of contenders) {
    const { addresses } = entry[1];
    const touched = new Set(addresses.map((ip) => groupOf.get(ip)).filter((group) => group !== undefined));
    const [group = [], ...others] = touched;
    group.push(entry, ...others.flat());
    for (const other of others) groups.delete(other);
    groups.add(group);
    const renamed = others.length === 0 ? addresses : group.flatMap(([, member]) => member.addresses);
    for (const ip of renamed) groupOf.set(ip, group);
  }
  return [...groups];
}
