/**
 * When each node was last heard of. Speakers take a node for dead within seconds; Kubernetes needs most of a minute,
 * and until then its pods count as ready. Its kubelet renews a Lease every 10 s, which tells sooner. That does not
 * prove the speaker dead, for a kubelet may be down alone: it qualifies what the other objects say.
 */
import type { Lease } from '../kube/core-types.js';
import type { Reading } from '../kube/reading.js';

/** Milliseconds since the epoch, by the name of the node. */
export type SignsOfLife = ReadonlyMap<string, number>;

/** Two renewals missed, and the time that may have passed since another node's. */
const SILENT_MS = 25_000;

export function readSignsOfLife(leases: Reading<Lease>): SignsOfLife {
  const renewals = (leases.ok ? leases.items : []).map(
    ({ metadata: { name = '' }, spec }) => [name, Date.parse(spec?.renewTime ?? '')] as const,
  );
  return new Map(renewals.filter(([, renewedAt]) => !Number.isNaN(renewedAt)));
}

/**
 * Such as `a has given no sign of life for 31 s`; undefined when that is nothing unusual. It is held against when
 * another node was heard of last, so that no clock of ours matters.
 */
export function silenceOf(node: string, signs: SignsOfLife): string | undefined {
  const last = signs.get(node);
  if (last === undefined) return undefined;
  const silentMs = latestOf(signs) - last;
  if (silentMs < SILENT_MS) return undefined;
  return `${node} has given no sign of life for ${String(Math.round(silentMs / 1000))} s`;
}

/**
 * Whether nothing was heard of `node` after `time` (ms); not known, and so not true, where nothing was heard of any
 * node for a while before, as in a cluster without kubelets.
 */
export function isUnheardOfSince(time: number, node: string, signs: SignsOfLife): boolean {
  const last = signs.get(node);
  return last !== undefined && last < time && latestOf(signs) > time - SILENT_MS;
}

function latestOf(signs: SignsOfLife): number {
  return [...signs.values()].reduce((a, b) => Math.max(a, b), -Infinity);
}
