/**
 * Who announces an address. A total, deterministic function of data that every node has, so that all
 * nodes come to the same answer without asking each other; the same as upstream's, so that mixed clusters
 * agree.
 */
import { createHash } from 'node:crypto';

/** How much each node is preferred; a node without an entry counts as 0. */
export type Preferences = ReadonlyMap<string, number>;

const NO_PREFERENCES: Preferences = new Map();

/**
 * `nodes` in the order in which they are to announce `ip`: the most preferred first, and among equals by
 * ascending SHA-256 of `node#ip`.
 *
 * @param ip the service's first address, in canonical form
 */
export function orderCandidates(
  nodes: Iterable<string>,
  ip: string,
  preferences: Preferences = NO_PREFERENCES,
): string[] {
  return [...new Set(nodes)]
    .map((node) => ({
      node,
      preference: preferences.get(node) ?? 0,
      rank: createHash('sha256').update(`${node}#${ip}`).digest(),
    }))
    .sort((a, b) => b.preference - a.preference || a.rank.compare(b.rank))
    .map(({ node }) => node);
}

/** The node that announces `ip`, or `undefined` when there is no candidate. */
export function electOwner(
  nodes: Iterable<string>,
  ip: string,
  preferences?: Preferences,
): string | undefined {
  return orderCandidates(nodes, ip, preferences)[0];
}
