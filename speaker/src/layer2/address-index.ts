/**
 * Finds an announced address by its bytes in a frame. The cost does not depend on how many there are, and
 * nothing is allocated: most frames of a busy network ask for somebody else.
 */
import { IPV4_LENGTH, sameBytes } from '../wire/address.js';

export interface Indexed {
  /** Four or sixteen bytes. */
  readonly bytes: Uint8Array;
}

export class AddressIndex<T extends Indexed> {
  /** By hash; the values of one hash are told apart by their bytes. */
  readonly #buckets = new Map<number, T[]>();

  add(value: T): void {
    const hash = hashOf(value.bytes, 0, value.bytes.length);
    const bucket = this.#buckets.get(hash);
    if (bucket === undefined) this.#buckets.set(hash, [value]);
    else bucket.push(value);
  }

  delete(value: T): void {
    const hash = hashOf(value.bytes, 0, value.bytes.length);
    const rest = this.#buckets.get(hash)?.filter((other) => other !== value);
    if (rest === undefined || rest.length === 0) this.#buckets.delete(hash);
    else this.#buckets.set(hash, rest);
  }

  /** The value whose bytes are the `length` bytes at `offset`; the caller has checked that they exist. */
  find(bytes: Uint8Array, offset: number, length: number): T | undefined {
    const bucket = this.#buckets.get(hashOf(bytes, offset, length));
    if (bucket === undefined) return undefined;
    for (const value of bucket) {
      if (value.bytes.length === length && sameBytes(value.bytes, 0, bytes, offset, length)) return value;
    }
    return undefined;
  }
}

/** An IPv4 address itself, an IPv6 address mixed; 32 bits with sign, which V8 keeps without allocating. */
function hashOf(bytes: Uint8Array, offset: number, length: number): number {
  let hash = 0;
  for (let i = offset; i < offset + length; i += IPV4_LENGTH) {
    const word =
      ((bytes[i] as number) << 24) |
      ((bytes[i + 1] as number) << 16) |
      ((bytes[i + 2] as number) << 8) |
      (bytes[i + 3] as number);
    hash = Math.imul(hash, 0x9e3779b1) ^ word;
  }
  return hash;
}
