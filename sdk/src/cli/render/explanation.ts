/** What `explain` prints: the verdict, then the chain of checks, with what to do about those that fail. */
import type { Check } from '../../explain/check.js';
import type { Explanation } from '../../explain/explain.js';
import type { Paint, Tone } from './paint.js';
import { printable } from './printable.js';

interface Mark {
  readonly sign: string;
  readonly tone: Tone;
}

const PASSED: Mark = { sign: '✓', tone: 'good' };
const FAILED: Mark = { sign: '✗', tone: 'bad' };
const UNKNOWN: Mark = { sign: '?', tone: 'doubtful' };

export function explanationLines({ verdict, checks }: Explanation, paint: Paint): string[] {
  const width = Math.max(...checks.map(({ check }) => check.length));
  return [
    paint('strong', printable(verdict)),
    '',
    ...checks.flatMap((check) => checkLines(check, width, paint)),
  ];
}

function checkLines({ check, ok, reason, message, remedy }: Check, width: number, paint: Paint): string[] {
  const { sign, tone } = ok === 'unknown' ? UNKNOWN : ok ? PASSED : FAILED;
  const code = ok === true ? '' : ` ${paint('faint', `[${reason}]`)}`;
  const indent = ' '.repeat(width + 6);
  return [
    `  ${paint(tone, sign)} ${check.padEnd(width)}  ${printable(message)}${code}`,
    ...(remedy === undefined ? [] : [`${indent}→ ${printable(remedy)}`]),
  ];
}
