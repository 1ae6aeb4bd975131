/** Programs of ours in the place of Pulumi's plugins: each must be one executable file, and ours are TypeScript. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Launcher {
  /** What the engine looks for. */
  readonly executable: string;
  /** The source to start. */
  readonly main: string;
  /** A comment by which the launcher is told from the real plugin. */
  readonly mark: string;
}

/**
 * Writes a shell script that starts Node with the source as it is.
 *
 * @returns its folder, one inside `folder`
 */
export async function writeLauncher(folder: string, { executable, main, mark }: Launcher): Promise<string> {
  const script = [
    '#!/bin/sh',
    mark,
    `exec ${quote(process.execPath)} --disable-warning=ExperimentalWarning ${quote(main)} "$@"`,
    '',
  ].join('\n');
  const target = join(folder, createHash('sha256').update(script).digest('hex').slice(0, 12));
  await mkdir(target, { recursive: true });
  // Somebody else may write or start it at the same time: it appears whole or not at all.
  const unfinished = join(target, `${executable}.${randomUUID()}`);
  await writeFile(unfinished, script, { mode: 0o755 });
  await rename(unfinished, join(target, executable));
  return target;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
