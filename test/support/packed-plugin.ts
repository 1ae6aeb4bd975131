/** The plugin for other languages as its user has it: packed, unpacked, its dependencies installed. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installPackages, packPackages } from './packed-packages.ts';

const PLUGIN = fileURLToPath(new URL('../../component/plugin', import.meta.url));
const run = promisify(execFile);

/** Installs it into `folder`; what npm packs is left in `folder` with `.tar` behind. */
export async function installPlugin(folder: string): Promise<void> {
  const tar = `${folder}.tar`;
  await mkdir(tar);
  const tarballs = [...(await packPackages(tar)).values()];
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', tar, PLUGIN]);
  await mkdir(folder);
  await run('tar', ['-xzf', join(tar, stdout.trim()), '--strip-components=1', '-C', folder]);
  await installPackages(folder, tarballs);
}
