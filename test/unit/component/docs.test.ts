/** `UPDATE_DOCS=1` writes the tables anew; prettier then pads them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ALERTS } from '../../../component/src/metrics/alerts.js';
import { argumentTables } from '../../support/argument-docs.ts';

const DOCS = new URL('../../../docs/component.md', import.meta.url);
const [START, END] = [
  '<!-- arguments: from component/src/args, by test/unit/component/docs.test.ts -->',
  '<!-- end -->',
];

/** As they are before prettier pads them. */
const unpadded = (table: string) => table.replaceAll(/ +/g, ' ').replaceAll(/-+/g, '-').trim();

describe('docs/component.md', () => {
  const text = readFileSync(DOCS, 'utf8');
  const [before = '', rest = ''] = text.split(START);
  const [tables = '', after = ''] = rest.split(END);

  it('tells of every argument what its declaration says', () => {
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(DOCS, `${before}${START}\n\n${argumentTables()}\n${END}${after}`);
    } else {
      expect(unpadded(tables)).toBe(unpadded(argumentTables()));
    }
  });

  it('tells of every alert', () => {
    expect(ALERTS.map(({ name }) => name).filter((name) => !before.includes(`\`${name}\``))).toEqual([]);
  });
});
