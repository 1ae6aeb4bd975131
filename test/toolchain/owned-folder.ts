/** Folders that last no longer than the process that made them: what a killed one left, the next one removes. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning, ownIdentity } from './process-identity.ts';

/** Makes a new folder inside `parent`, named after this process, and removes those of processes now dead. */
export async function createOwnedFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    if (!isRunning(ownerOf(name))) await rm(join(parent, name), { recursive: true, force: true });
  }
  return mkdtemp(join(parent, `${ownIdentity().replace(' ', '-')}-`));
}

/** The process a folder name `<pid>-<start time>-<random>` stands for. */
function ownerOf(name: string): string {
  return name.split('-', 2).join(' ');
}
