/** The lists of `configuration-cases.ts` as the tables of `docs/configuration-errors.md`. */
import { ACCEPTED, type ConfigurationCase, REFUSED } from './configuration-cases.ts';

type Kind = ConfigurationCase['kind'];

/** Longer lists are shown by their ends. */
const LONGEST_LIST = 5;

export function refusedTable(kind: Kind): string {
  const rows = REFUSED.filter((each) => each.kind === kind).map((each) => [
    each.takenUpstream ? `${each.what} ¹` : each.what,
    code(written(each)),
    code(each.field),
    prose(each.message),
  ]);
  return table(['', 'in the spec', 'field', 'answer'], rows);
}

export function acceptedTable(kind: Kind): string {
  const rows = ACCEPTED.filter((each) => each.kind === kind).map((each) => [each.what, code(written(each))]);
  return table(['', 'in the spec'], rows);
}

/** The part of the spec that the case is about, as YAML in one line. */
function written({ kind, spec }: ConfigurationCase): string {
  const shown =
    kind === 'IPAddressPool' && spec.serviceAllocation ? { serviceAllocation: spec.serviceAllocation } : spec;
  const text = flow(shown);
  return text === '{}' ? text : text.slice(1, -1);
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${shorten(value.map(flow)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, part]) => `${key}: ${flow(part)}`)
    .join(', ')}}`;
}

function shorten(items: readonly string[]): readonly string[] {
  return items.length <= LONGEST_LIST ? items : [...items.slice(0, 2), '…', ...items.slice(-1)];
}

/** Without what Markdown would take for a link or for emphasis. */
function prose(text: string): string {
  return text.replaceAll(/[*[\]]/g, '\\$&');
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
