/** Names and numbers in sentences. */

const LONGEST_LIST = 5;

/** `a`, `a and b`, `a, b and c`; of a long list the start and the count of the rest. */
export function enumerate(names: Iterable<string>): string {
  const all = [...names];
  const shown = all.slice(0, all.length > LONGEST_LIST ? LONGEST_LIST - 1 : LONGEST_LIST);
  const rest = all.length - shown.length;
  const last = rest > 0 ? `${String(rest)} more` : shown.pop();
  return shown.length === 0 ? (last ?? 'none') : `${shown.join(', ')} and ${last ?? ''}`;
}

/** `1 node`, `2 nodes`. */
export function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? '' : 's'}`;
}
