/**
 * The part of msgpack that memberlist's structs need, in the dialect of hashicorp/go-msgpack: a struct is a
 * map of its field names, text and bytes share the old raw family, unsigned types and Go's `int` have
 * families of their own. Written as Go writes it, to the byte; read as leniently as Go reads it.
 */
import type { Decoded } from '../decoded.js';

/** A Go `int`, which is written as a signed number. */
interface SignedInt {
  readonly int: number;
}

/** A field's value: `number` is an unsigned one, `null` a nil slice. */
export type Field = number | SignedInt | boolean | string | Uint8Array | null;

/** What was read: text is left as bytes, and what no field of ours has (floats, lists, maps) as `undefined`. */
export type MsgpackValue = number | boolean | Uint8Array | null | undefined;

export type Struct = ReadonlyMap<string, MsgpackValue>;

/** A struct, and the offset of what follows it. */
export interface ReadStruct {
  readonly fields: Struct;
  readonly end: number;
}

/**
 * Values in a struct, names and what is inside of lists counted: memberlist's largest has 16. Bounds the
 * work of reading one that comes in small pieces, and so is begun again and again.
 */
const MAX_VALUES = 256;
/** Lists and maps inside each other, which only a future version could send. */
const MAX_DEPTH = 8;
/** No field of ours has a longer name. */
const MAX_NAME = 32;

/** Text that is worth a look for a quicker way: names of fields and of nodes. */
const MAX_SHORT = 64;

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Writes the fields that are not `undefined`, sorted by name as Go does. */
export function writeStruct(fields: Readonly<Record<string, Field | undefined>>): Uint8Array {
  const present = Object.entries(fields).filter((field): field is [string, Field] => field[1] !== undefined);
  present.sort(([a], [b]) => (a < b ? -1 : 1));
  const bytes: number[] = [0x80 | present.length];
  for (const [name, value] of present) {
    writeField(bytes, name);
    writeField(bytes, value);
  }
  return new Uint8Array(bytes);
}

/** All of `parts`, one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/**
 * Reads the map at `offset`. `truncated` says that all is well so far and more bytes are needed.
 * Fields whose names none of ours has are left out.
 */
export function readStruct(
  bytes: Uint8Array,
  offset: number,
): Decoded<ReadStruct, 'truncated' | 'malformed'> {
  const reader = new Reader(bytes, offset);
  const fields = new Map<string, MsgpackValue>();
  const count = reader.mapSize();
  if (count === undefined) return { ok: false, reason: reader.fault ?? 'malformed' };
  for (let i = 0; i < count && reader.fault === undefined; i++) {
    const name = reader.value();
    const value = reader.value();
    if (!(name instanceof Uint8Array) || name.length > MAX_NAME) continue;
    const text = readText(name);
    if (text !== undefined) fields.set(text, value);
  }
  if (reader.fault !== undefined) return { ok: false, reason: reader.fault };
  return { ok: true, value: { fields, end: reader.offset } };
}

/** The text in raw bytes; `undefined` when they are not UTF-8 or no bytes at all. */
export function readText(value: MsgpackValue): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  if (value.length <= MAX_SHORT && value.every((byte) => byte <= 0x7f)) return String.fromCharCode(...value);
  try {
    return textDecoder.decode(value);
  } catch {
    return undefined;
  }
}

function writeField(bytes: number[], value: Field): void {
  if (value === null) bytes.push(0xc0);
  else if (typeof value === 'boolean') bytes.push(value ? 0xc3 : 0xc2);
  else if (typeof value === 'number') writeUnsigned(bytes, value);
  else if (typeof value === 'string') writeRaw(bytes, textBytes(value));
  else if (value instanceof Uint8Array) writeRaw(bytes, value);
  else writeSigned(bytes, value.int);
}

function writeUnsigned(bytes: number[], value: number): void {
  if (value <= 0x7f) bytes.push(value);
  else if (value <= 0xff) bytes.push(0xcc, value);
  else if (value <= 0xffff) bytes.push(0xcd, value >> 8, value);
  else bytes.push(0xce, value >>> 24, value >>> 16, value >>> 8, value);
}

/** Go leaves the 8-bit form out for numbers above 127: it would read as a negative one. */
function writeSigned(bytes: number[], value: number): void {
  if (value <= 0x7f) bytes.push(value);
  else if (value <= 0x7fff) bytes.push(0xd1, value >> 8, value);
  else bytes.push(0xd2, value >>> 24, value >>> 16, value >>> 8, value);
}

function writeRaw(bytes: number[], raw: ArrayLike<number>): void {
  const { length } = raw;
  if (length < 32) bytes.push(0xa0 | length);
  else if (length <= 0xffff) bytes.push(0xda, length >> 8, length);
  else bytes.push(0xdb, length >>> 24, length >>> 16, length >>> 8, length);
  for (let i = 0; i < length; i++) bytes.push(raw[i] as number);
}

/** Names are ASCII, nearly always: those need no encoder. */
function textBytes(text: string): ArrayLike<number> {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return textEncoder.encode(text);
    bytes.push(code);
  }
  return bytes;
}

/** Reads values in turn; after a fault it gives `undefined` only. */
class Reader {
  offset: number;
  fault: 'truncated' | 'malformed' | undefined;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #values = 0;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  /** Number of pairs of the map that begins here; `undefined` when there is none. */
  mapSize(): number | undefined {
    const head = this.#uint(1);
    if (head === undefined) return undefined;
    if (head >= 0x80 && head <= 0x8f) return head & 0x0f;
    if (head === 0xde) return this.#uint(2);
    if (head === 0xdf) return this.#uint(4);
    return undefined;
  }

  value(depth = 0): MsgpackValue {
    if (++this.#values > MAX_VALUES) this.fault ??= 'malformed';
    const head = this.#uint(1);
    if (head === undefined) return undefined;
    if (head <= 0x7f) return head;
    if (head <= 0x8f) return this.#skip((head & 0x0f) * 2, depth);
    if (head <= 0x9f) return this.#skip(head & 0x0f, depth);
    if (head <= 0xbf) return this.#raw(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4: // bin 8
      case 0xd9: // str 8
        return this.#raw(this.#uint(1));
      case 0xc5:
      case 0xda:
        return this.#raw(this.#uint(2));
      case 0xc6:
      case 0xdb:
        return this.#raw(this.#uint(4));
      case 0xc7: // ext 8, 16, 32
        return this.#ext(this.#uint(1));
      case 0xc8:
        return this.#ext(this.#uint(2));
      case 0xc9:
        return this.#ext(this.#uint(4));
      case 0xca: // float 32 and 64, whose first byte passes for a type
        return this.#ext(3);
      case 0xcb:
        return this.#ext(7);
      case 0xcc:
        return this.#uint(1);
      case 0xcd:
        return this.#uint(2);
      case 0xce:
        return this.#uint(4);
      case 0xcf:
      case 0xd3:
        return this.#int64(head === 0xd3);
      case 0xd0:
        return this.#int(1);
      case 0xd1:
        return this.#int(2);
      case 0xd2:
        return this.#int(4);
      case 0xd4: // fixext 1, 2, 4, 8, 16
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#ext(1 << (head - 0xd4));
      case 0xdc: // list 16, list 32
        return this.#skip(this.#uint(2), depth);
      case 0xdd:
        return this.#skip(this.#uint(4), depth);
      case 0xde: // map 16, map 32
        return this.#skip((this.#uint(2) ?? 0) * 2, depth);
      case 0xdf:
        return this.#skip((this.#uint(4) ?? 0) * 2, depth);
      default: // 0xc1 is never used
        this.fault ??= 'malformed';
        return undefined;
    }
  }

  #skip(count: number | undefined, depth: number): MsgpackValue {
    if (depth >= MAX_DEPTH) this.fault ??= 'malformed';
    // Each value takes a byte at least, so a count that lies ends with the bytes.
    for (let i = 0; i < (count ?? 0) && this.fault === undefined; i++) this.value(depth + 1);
    return undefined;
  }

  /** What has a type byte of its own and so many bytes. */
  #ext(length: number | undefined): MsgpackValue {
    if (length !== undefined) this.#raw(length + 1);
    return undefined;
  }

  #raw(length: number | undefined): Uint8Array | undefined {
    if (length === undefined || !this.#has(length)) return undefined;
    this.offset += length;
    return this.#bytes.subarray(this.offset - length, this.offset);
  }

  #uint(size: 1 | 2 | 4): number | undefined {
    if (!this.#has(size)) return undefined;
    const at = this.offset;
    this.offset += size;
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #int(size: 1 | 2 | 4): number | undefined {
    const value = this.#uint(size);
    const bits = size * 8;
    return value === undefined || value < 2 ** (bits - 1) ? value : value - 2 ** bits;
  }

  /** `undefined`, as for anything no field has, when the number is too large to be exact. */
  #int64(isSigned: boolean): number | undefined {
    if (!this.#has(8)) return undefined;
    const value = isSigned ? this.#view.getBigInt64(this.offset) : this.#view.getBigUint64(this.offset);
    this.offset += 8;
    return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
  }

  #has(size: number): boolean {
    if (this.fault !== undefined) return false;
    if (this.#bytes.length - this.offset >= size) return true;
    this.fault = 'truncated';
    return false;
  }
}
