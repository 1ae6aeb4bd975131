/**
 * Who announces an address. A total, deterministic function of data that every node has, so that all
 * nodes come to the same answer without asking each other; the same as upstream's, so that mixed clusters
 * agree.
 */
import { createHash } from 'node:crypto';

/**
 * `nodes` in the order in which they are to announce `ip`: ascending SHA-256 of `node#ip`.
 *
 * @param ip the service's first address, in canonical form
 */
export function orderCandidates(nodes: Iterable<string>, ip: string): string[] {
  return [...new Set(nodes)]
    .map((node) => ({ node, rank: createHash('sha256').update(`${node}#${ip}`).digest() }))
    .sort((a, b) => a.rank.compare(b.rank))
    .map(({ node }) => node);
}

/** The node that announces `ip`, or `undefined` when there is no candidate. */
export function electOwner(nodes: Iterable<string>, ip: string): string | undefined {
  return orderCandidates(nodes, ip)[0];
}
