/**
 * Writes the schema that programs in other languages see:
 * `node test/contract/packages/schema.program.ts > component/plugin/schema.json`
 */
import { generatePluginSchema } from '../../support/plugin-schema.ts';

process.stdout.write(`${JSON.stringify(await generatePluginSchema(), undefined, 2)}\n`);
