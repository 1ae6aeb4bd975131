/** `UPDATE_DOCS=1` writes the tables anew; prettier then pads them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { declaredMetrics } from '../../support/declared-metrics.ts';
import { closedLabels, metricTables } from '../../support/metric-docs.ts';

const DOCS = new URL('../../../docs/metrics.md', import.meta.url);
const [START, END] = [
  '<!-- metrics: as the programs declare them, by test/unit/speaker/metrics-docs.test.ts -->',
  '<!-- end -->',
];

/** As they are before prettier pads them. */
const unpadded = (table: string) => table.replaceAll(/ +/g, ' ').replaceAll(/-+/g, '-').trim();

describe('docs/metrics.md', () => {
  it('tells of every metric what its declaration says', async () => {
    const text = readFileSync(DOCS, 'utf8');
    const [before = '', rest = ''] = text.split(START);
    const [tables = '', after = ''] = rest.split(END);
    const declared = metricTables(await declaredMetrics());
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(DOCS, `${before}${START}\n\n${declared}\n${END}${after}`);
    } else {
      expect(unpadded(tables)).toBe(unpadded(declared));
    }
  });

  it('names the values of labels that are declared', async () => {
    const { speaker, controller } = await declaredMetrics();
    const labels = new Map([...speaker, ...controller].map(({ name, labelNames }) => [name, labelNames]));
    for (const [name, values] of Object.entries(closedLabels())) {
      expect([name, labels.get(name)]).toEqual([name, expect.arrayContaining(Object.keys(values ?? {}))]);
    }
  });
});
