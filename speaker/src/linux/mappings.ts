/** What of this process's memory is nothing but a file's content: proc_pid_smaps(5). */

export interface Mapping {
  /** Address of the first byte. */
  readonly start: number;
  /** Bytes. */
  readonly length: number;
}

const HEAD = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p [0-9a-f]+ \S+ \d+ +(\/\S+)$/;

/**
 * Mappings of files that cannot be written and that no page of was ever written, so that the file holds all there
 * is: code and constants, without what the loader has put addresses into.
 */
export function cleanMappings(smaps: string): readonly Mapping[] {
  const mappings: Mapping[] = [];
  let current: Mapping | undefined;
  for (const line of smaps.split('\n')) {
    if (/^[0-9a-f]+-/.test(line)) {
      const [, from, to, path = ''] = HEAD.exec(line) ?? [];
      const start = Number.parseInt(from ?? '', 16);
      current = path === '' ? undefined : { start, length: Number.parseInt(to ?? '', 16) - start };
    } else if (current !== undefined && /^Anonymous: +0 kB$/.test(line)) {
      mappings.push(current);
    }
  }
  return mappings;
}
