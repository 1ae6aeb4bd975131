import { formatAge } from '../../../../sdk/src/cli/render/age.js';
import { paintFor } from '../../../../sdk/src/cli/render/paint.js';
import { yamlLines } from '../../../../sdk/src/cli/render/structured.js';
import { tableLines } from '../../../../sdk/src/cli/render/table.js';

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

it('writes YAML in which readers of YAML 1.1 find the same strings', async () => {
  expect(await yamlLines({ country: 'no', on: 'yes', time: new Date(0), list: [] })).toEqual([
    'country: "no"',
    '"on": "yes"',
    'time: "1970-01-01T00:00:00.000Z"',
    'list: []',
  ]);
});
