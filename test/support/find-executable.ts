import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The first of `folders` and of PATH that has an executable of this name. */
export async function findExecutable(name: string, ...folders: string[]): Promise<string | undefined> {
  for (const folder of [...folders, ...(process.env['PATH'] ?? '').split(delimiter)]) {
    if (folder !== '' && (await isExecutable(join(folder, name)))) return folder;
  }
  return undefined;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
