/** A message inside the `compress` envelope. */
import type { Decoded } from '../decoded.js';
import type { MemberlistFault } from './fault.js';
import { decompressLzw } from './lzw.js';
import { readStruct } from './msgpack.js';
import { StructReader } from './struct-reader.js';

/** The only algorithm there is. */
const LZW = 0;

/**
 * The inside of the envelope whose type byte `bytes` starts with, at most `limit` bytes. `truncated` says
 * that all is well so far and more bytes are needed.
 */
export function decompress(bytes: Uint8Array, limit: number): Decoded<Uint8Array, MemberlistFault> {
  const struct = readStruct(bytes, 1);
  if (!struct.ok) return struct;
  const fields = new StructReader(struct.value.fields);
  const algorithm = fields.uint('Algo', 0xff);
  const content = fields.bytes('Buf');
  if (!fields.valid) return { ok: false, reason: 'malformed' };
  return algorithm === LZW ? decompressLzw(content, limit) : { ok: false, reason: 'compression' };
}
