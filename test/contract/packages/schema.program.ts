/**
 * Writes the schema that programs in other languages see, as the real engine gets it from the packed plugin:
 * `node test/contract/packages/schema.program.ts > component/plugin/schema.json`
 */
import { withPlugin } from './plugin.ts';

process.stdout.write(
  await withPlugin(async ({ schema }) => `${JSON.stringify(await schema(), undefined, 2)}\n`),
);
