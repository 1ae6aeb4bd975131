import type { Check, Finding } from '@metallb-l2/sdk';
import { formatAge } from '../../../../sdk/src/cli/render/age.js';
import { printable } from '../../../../sdk/src/cli/render/printable.js';
import { paintFor } from '../../../../sdk/src/cli/render/paint.js';
import { eventLines } from '../../../../sdk/src/cli/render/events.js';
import { explanationLines } from '../../../../sdk/src/cli/render/explanation.js';
import { findingLines } from '../../../../sdk/src/cli/render/findings.js';
import { yamlLines } from '../../../../sdk/src/cli/render/structured.js';
import { tableLines } from '../../../../sdk/src/cli/render/table.js';

const WEB = { namespace: 'demo', name: 'web' };
const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];

// The expectations are kubectl's: apimachinery, util/duration, HumanDuration.
it.each([
  [-5 * SECOND, '0s'],
  [119 * SECOND, '119s'],
  [2 * MINUTE, '2m'],
  [9 * MINUTE + 59 * SECOND, '9m59s'],
  [10 * MINUTE + 30 * SECOND, '10m'],
  [179 * MINUTE, '179m'],
  [3 * HOUR, '3h'],
  [7 * HOUR + 59 * MINUTE, '7h59m'],
  [47 * HOUR, '47h'],
  [2 * DAY, '2d'],
  [7 * DAY + 23 * HOUR, '7d23h'],
  [729 * DAY, '729d'],
  [2 * 365 * DAY + DAY, '2y1d'],
  [9 * 365 * DAY, '9y'],
])('an age of %d ms is %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});

describe('a table', () => {
  const columns = [
    { heading: 'NAME', text: ({ name }: { name: string }) => name, tone: () => 'bad' as const },
    { heading: 'X', text: ({ x }: { x: string }) => x },
  ];
  const rows = [
    { name: 'a', x: '' },
    { name: 'longer', x: 'y' },
  ];

  it('lines up its columns and has no spaces at the end of a line', () => {
    const paint = paintFor({ colours: false });
    expect(tableLines(columns, rows, { headers: true, paint })).toEqual([
      'NAME     X',
      'a        <none>',
      'longer   y',
    ]);
    expect(tableLines(columns, rows, { headers: false, paint })).toHaveLength(2);
  });

  it('lines up as well when it is coloured', () => {
    const paint = paintFor({ colours: true });
    expect(tableLines(columns, rows, { headers: false, paint })).toEqual([
      '\u001b[31ma\u001b[39m        <none>',
      '\u001b[31mlonger\u001b[39m   y',
    ]);
  });

  it('keeps the widths it is given', () => {
    const paint = paintFor({ colours: false });
    expect(tableLines(columns, rows.slice(0, 1), { headers: false, paint }, [10, 0])).toEqual([
      'a            <none>',
    ]);
  });
});

describe('text that others have written', () => {
  const evil = 'web\u001b[2J\u001b[31m\r\nnode9\u202e';
  const shown = 'web\\u{1b}[2J\\u{1b}[31m\\u{d}\\u{a}node9\\u{202e}';
  const paint = paintFor({ colours: false });

  it('neither moves the cursor nor paints', () => {
    expect(printable(evil)).toBe(shown);
    expect(printable('→ größe 例')).toBe('→ größe 例');
  });

  it('is shown so in tables, explanations, findings and events', () => {
    const columns = [{ heading: 'X', text: () => evil }];
    expect(tableLines(columns, [{}], { headers: false, paint })).toEqual([shown]);
    const check = { check: 'address', ok: false, reason: 'allocationFailed', message: evil, remedy: evil };
    const explanation = { service: WEB, announced: false, verdict: evil, checks: [check as Check] };
    const finding = { code: 'invalidPool', severity: 'error', message: evil, objects: [], remedy: evil };
    const status = { service: WEB, node: evil, interfaces: [evil], addresses: [evil], object: WEB };
    for (const lines of [
      explanationLines(explanation, paint),
      findingLines([finding as Finding], paint),
      eventLines({ type: 'announced', status }, 0, paint),
    ]) {
      expect(lines.join('')).toContain(shown);
      expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });
});

it('writes YAML in which readers of YAML 1.1 find the same strings', async () => {
  expect(await yamlLines({ country: 'no', on: 'yes', time: new Date(0), list: [] })).toEqual([
    'country: "no"',
    '"on": "yes"',
    'time: "1970-01-01T00:00:00.000Z"',
    'list: []',
  ]);
});
