/**
 * LZW as Go's compress/lzw writes it in LSB order with literals of 8 bits, which is GIF's: codes of 9 to 12
 * bits, least significant bit first, 256 clears the table, 257 ends. Only reading: a receiver takes what is
 * not compressed as well, and gossip is too small to gain by it.
 */
import type { Decoded } from '../decoded.js';

const CLEAR = 256;
const END = 257;
const MIN_WIDTH = 9;
const MAX_WIDTH = 12;
const TABLE_SIZE = 1 << MAX_WIDTH;
const NONE = -1;

/**
 * @param limit most bytes to give back; a code of 12 bits can stand for thousands of bytes
 */
export function decompressLzw(
  bytes: Uint8Array,
  limit: number,
): Decoded<Uint8Array, 'compression' | 'too-large'> {
  const prefix = new Uint16Array(TABLE_SIZE);
  const suffix = new Uint8Array(TABLE_SIZE);
  // An entry is read from its last byte to its first.
  const entry = new Uint8Array(TABLE_SIZE);
  let output = new Uint8Array(Math.min(limit, bytes.length * 4));
  let length = 0;

  let width = MIN_WIDTH;
  let previous = NONE;
  /** The entry that the next code completes, `END` right after a clear. */
  let next = END;
  let bits = 0;
  let bitCount = 0;

  for (const byte of bytes) {
    bits |= byte << bitCount;
    bitCount += 8;
    if (bitCount < width) continue;
    const code = bits & ((1 << width) - 1);
    bits >>>= width;
    bitCount -= width;

    if (code === END) return { ok: true, value: output.subarray(0, length) };
    if (code === CLEAR) {
      width = MIN_WIDTH;
      previous = NONE;
      next = END;
      continue;
    }
    // The newest entry may be used by the very code that completes it: it begins and ends with one byte.
    const own = code === next && previous !== NONE;
    if (code > next) return { ok: false, reason: 'compression' };
    let start = TABLE_SIZE;
    let at = own ? previous : code;
    if (own) start--;
    while (at > END) {
      entry[--start] = suffix[at] as number;
      at = prefix[at] as number;
    }
    entry[--start] = at;
    if (own) entry[TABLE_SIZE - 1] = at;

    const size = TABLE_SIZE - start;
    if (length + size > limit) return { ok: false, reason: 'too-large' };
    if (length + size > output.length) {
      const larger = new Uint8Array(Math.min(limit, (length + size) * 2));
      larger.set(output.subarray(0, length));
      output = larger;
    }
    output.set(entry.subarray(start), length);
    length += size;

    if (previous !== NONE) {
      suffix[next] = at;
      prefix[next] = previous;
    }
    previous = code;
    next++;
    if (next < 1 << width) continue;
    if (width < MAX_WIDTH) {
      width++;
    } else {
      // Full: nothing is added until the sender clears.
      previous = NONE;
      next--;
    }
  }
  return { ok: false, reason: 'compression' };
}
