/**
 * The lines of a byte stream, split at `\n` only and decoded line by line, so that neither a character cut
 * in two by a chunk border nor a U+2028 inside a string breaks a line. An empty chunk is an empty line; others
 * are left out.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let pending: Uint8Array[] = [];
  for await (const chunk of chunks) {
    if (chunk.length === 0) yield '';
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      pending.push(chunk.subarray(start, end));
      const line = decode(pending);
      pending = [];
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start < chunk.length) pending.push(chunk.subarray(start));
  }
  const rest = decode(pending);
  if (rest !== '') yield rest;
}

const NEWLINE = 0x0a;

function decode(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('utf8').trimEnd();
}
