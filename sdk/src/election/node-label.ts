import { createHash } from 'node:crypto';

/** Longest label value Kubernetes takes. */
export const LABEL_VALUE_LIMIT = 63;
const HASH_LENGTH = 10;

/**
 * The value by which a label names `node`: the name itself, or for one too long its start and a hash of
 * the whole, so that it stays the same and stays unique.
 */
export function nodeLabelValue(node: string): string {
  if (node.length <= LABEL_VALUE_LIMIT) return node;
  const hash = createHash('sha256').update(node).digest('hex').slice(0, HASH_LENGTH);
  return `${node.slice(0, LABEL_VALUE_LIMIT - HASH_LENGTH - 1)}-${hash}`;
}
