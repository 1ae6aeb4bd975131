/** Finds the language host for programs in JavaScript and TypeScript: Pulumi's own, else the stand-in of this folder. */
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../toolchain/cache.ts';
import { findExecutable } from '../find-executable.ts';
import { writeLauncher } from '../plugin-launcher.ts';

const EXECUTABLE = 'pulumi-language-nodejs';

/**
 * The folder to put on the engine's PATH. The real host stands beside the `pulumi` of a release.
 *
 * @param pulumi the engine's executable
 */
export async function languagePath(
  pulumi: string,
  log: (line: string) => void,
): Promise<{ path: string; standIn: boolean }> {
  const real = await findExecutable(EXECUTABLE, dirname(pulumi));
  if (real !== undefined) return { path: real, standIn: false };
  log(`using the stand-in for ${EXECUTABLE}: there is none beside ${pulumi} or on PATH`);
  const main = join(import.meta.dirname, 'main.ts');
  const mark = '# The stand-in language host';
  const path = await writeLauncher(join(cacheFolder(process.env), 'language'), {
    executable: EXECUTABLE,
    main,
    mark,
  });
  return { path, standIn: true };
}
