/** What `doctor` prints: each finding with its severity, its code and what to do about it. */
import type { Finding, Severity } from '../../doctor/finding.js';
import type { Paint, Tone } from './paint.js';
import { printable } from './printable.js';

const TONES: Record<Severity, Tone> = { error: 'bad', warning: 'doubtful', info: 'faint' };
const LONGEST_SEVERITY = 'warning'.length;

export function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  const indent = ' '.repeat(LONGEST_SEVERITY + 2);
  return findings.flatMap(({ severity, code, message, remedy }) => [
    `${paint(TONES[severity], severity.padEnd(LONGEST_SEVERITY))}  ${printable(message)} ${paint('faint', `[${code}]`)}`,
    ...(remedy === undefined ? [] : [`${indent}→ ${printable(remedy)}`]),
  ]);
}

/** The last line: how much there is to do. */
export function summaryLine(findings: readonly Finding[]): string {
  const count = (severity: Severity, noun: string) => {
    const number = findings.filter((each) => each.severity === severity).length;
    return number === 0 ? [] : [`${number} ${noun}${number === 1 ? '' : 's'}`];
  };
  const counts = [...count('error', 'error'), ...count('warning', 'warning')];
  return counts.length === 0 ? 'Nothing is wrong.' : `${counts.join(', ')}.`;
}
