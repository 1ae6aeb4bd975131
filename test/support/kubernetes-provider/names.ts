/** Names the provider makes up: of objects the program does not name, and of field managers. */
import { createHash } from 'node:crypto';

const SUFFIX_LENGTH = 8;

/**
 * A name for an object the program did not name. The same seed gives the same name, so that what a preview
 * shows is what the update makes; the engine sends another seed for a replacement.
 */
export function autoname(resourceName: string, seed: Uint8Array): string {
  return `${resourceName}-${suffix(seed)}`;
}

/** A field manager of its own for each resource, so that no two resources share the fields of an object. */
export function fieldManagerName(seed: Uint8Array): string {
  return `pulumi-kubernetes-${suffix(seed)}`;
}

function suffix(seed: Uint8Array): string {
  return createHash('sha256').update(seed).digest('hex').slice(0, SUFFIX_LENGTH);
}
