/** LZW as Go's compress/lzw writes it (LSB, 8 bits), which is what Go members put their messages into. */

const CLEAR = 256;
const END = 257;
const LAST_CODE = 4095;

export function compressLzw(bytes: Uint8Array): Uint8Array {
  const output: number[] = [];
  let bits = 0;
  let bitCount = 0;
  let width = 9;
  const emit = (code: number) => {
    bits |= code << bitCount;
    for (bitCount += width; bitCount >= 8; bitCount -= 8, bits >>>= 8) output.push(bits & 0xff);
  };

  let table = new Map<number, number>();
  let newest = END;
  emit(CLEAR);
  /** Counts an entry on; gives false when the table was full and begins anew. */
  const grow = (): boolean => {
    newest++;
    if (newest === 1 << width) width++;
    if (newest !== LAST_CODE) return true;
    emit(CLEAR);
    width = 9;
    newest = END;
    table = new Map();
    return false;
  };

  let code: number | undefined;
  for (const byte of bytes) {
    if (code === undefined) {
      code = byte;
      continue;
    }
    const longer = table.get((code << 8) | byte);
    if (longer !== undefined) {
      code = longer;
      continue;
    }
    emit(code);
    if (grow()) table.set((code << 8) | byte, newest);
    code = byte;
  }
  if (code !== undefined) {
    emit(code);
    grow();
  }
  emit(END);
  if (bitCount > 0) output.push(bits & 0xff);
  return Uint8Array.from(output);
}
