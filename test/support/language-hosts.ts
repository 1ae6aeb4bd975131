/** The hosts for programs in other languages than ours: Pulumi's own where a release is installed, else stand-ins. */
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Task } from '../toolchain/progress.ts';
import { resolveTool } from '../toolchain/resolve.ts';
import { findExecutable } from './find-executable.ts';

/** `yaml` is Pulumi's own in any case; `nodejs` generates, and runs nothing. */
type Language = 'yaml' | 'go' | 'python' | 'nodejs';

/** Makes `folder`, to be put on the engine's PATH, with the hosts of these languages that are not there anyway. */
export async function linkLanguageHosts(
  folder: string,
  languages: readonly Language[],
  task: Task,
): Promise<void> {
  await mkdir(folder);
  const release = dirname(await resolveTool('pulumi', task));
  for (const language of languages) {
    const name = `pulumi-language-${language}`;
    if ((await findExecutable(name, release)) !== undefined) continue;
    const tool = language === 'yaml' ? 'pulumi-language-yaml' : 'pulumi-languages';
    await symlink(await resolveTool(tool, task), join(folder, name));
  }
}
