/**
 * Reads the fields of a struct by name and type. A field that is absent is the type's zero, as in Go; one
 * that is of another type makes the whole struct invalid, which is asked for once at the end.
 */
import { readMemberAddress } from './member-address.js';
import type { MemberAddress, MemberVersions } from './messages.js';
import { readText, type Struct } from './msgpack.js';

const UINT16_MAX = 0xffff;
const UINT32_MAX = 0xffffffff;
const NO_VERSIONS: MemberVersions = [0, 0, 0, 0, 0, 0];

export class StructReader {
  valid = true;
  readonly #fields: Struct;

  constructor(fields: Struct) {
    this.#fields = fields;
  }

  uint16(name: string): number {
    return this.uint(name, UINT16_MAX);
  }

  uint32(name: string): number {
    return this.uint(name, UINT32_MAX);
  }

  /** A whole number from 0 to `max`. */
  uint(name: string, max: number): number {
    const value = this.#fields.get(name) ?? 0;
    return typeof value === 'number' && value >= 0 && value <= max ? value : this.#invalid(0);
  }

  boolean(name: string): boolean {
    const value = this.#fields.get(name) ?? false;
    return typeof value === 'boolean' ? value : this.#invalid(false);
  }

  text(name: string): string {
    return readText(this.#fields.get(name) ?? new Uint8Array()) ?? this.#invalid('');
  }

  /** The bytes where they were read: a copy is for the caller to make. */
  bytes(name: string): Uint8Array {
    const value = this.#fields.get(name) ?? new Uint8Array();
    return value instanceof Uint8Array ? value : this.#invalid(new Uint8Array());
  }

  address(name: string): MemberAddress {
    return readMemberAddress(this.bytes(name)) ?? this.#invalid('');
  }

  /** Members of protocol versions before 2 say none. */
  versions(name: string): MemberVersions {
    const bytes = this.bytes(name);
    if (bytes.length === 0) return NO_VERSIONS;
    return bytes.length === 6 ? ([...bytes] as unknown as MemberVersions) : this.#invalid(NO_VERSIONS);
  }

  #invalid<T>(stopgap: T): T {
    this.valid = false;
    return stopgap;
  }
}
