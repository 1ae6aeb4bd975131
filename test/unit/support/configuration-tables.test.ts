import { readFile } from 'node:fs/promises';
import { acceptedTable, refusedTable } from '../../support/configuration-tables.ts';

// What the API server answers to each of them, `test/cluster/sdk/configuration-errors.test.ts` asks it.
it.each([
  ['refused pools', refusedTable('IPAddressPool')],
  ['refused advertisements', refusedTable('L2Advertisement')],
  ['accepted pools', acceptedTable('IPAddressPool')],
  ['accepted advertisements', acceptedTable('L2Advertisement')],
])('the documentation shows the %s as they are', async (_what, table) => {
  const text = await readFile('docs/configuration-errors.md', 'utf8');
  expect(text).toContain(table);
});
