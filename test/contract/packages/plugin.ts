/** The plugin for other languages as its user has it: packed, unpacked, its dependencies installed. */
import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installPackages, packPackages } from '../../support/packed-packages.ts';
import { type Pulumi, openPulumi } from '../../support/pulumi-project.ts';
import { cacheFolder } from '../../toolchain/cache.ts';
import { createOwnedFolder } from '../../toolchain/owned-folder.ts';

const PLUGIN = fileURLToPath(new URL('../../../component/plugin', import.meta.url));
const run = promisify(execFile);

interface PluginRig {
  /** Where the plugin lies in a folder `plugin`. */
  readonly folder: string;
  readonly pulumi: Pulumi;
  /** What `pulumi package get-schema` prints, parsed. */
  readonly schema: () => Promise<unknown>;
}

/** Gives `work` a plugin, and removes everything afterwards. @param path a folder with further language hosts */
export async function withPlugin<T>(work: (rig: PluginRig) => Promise<T>, path?: string): Promise<T> {
  const folder = await createOwnedFolder(join(cacheFolder(process.env), 'consumers'));
  const pulumi = await openPulumi({ log: () => undefined, ...(path === undefined ? {} : { path }) });
  try {
    const plugin = join(folder, 'plugin');
    const tar = join(folder, 'tar');
    await mkdir(tar);
    const tarballs = [...(await packPackages(tar)).values()];
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', tar, PLUGIN]);
    await mkdir(plugin);
    await run('tar', ['-xzf', join(tar, stdout.trim()), '--strip-components=1', '-C', plugin]);
    await installPackages(plugin, tarballs);
    const schema = async () => {
      const { code, stdout, output } = await pulumi.run(folder, ['package', 'get-schema', './plugin']);
      if (code !== 0) throw new Error(`pulumi package get-schema failed:\n${output}`);
      return JSON.parse(stdout) as unknown;
    };
    return await work({ folder, pulumi, schema });
  } finally {
    await pulumi.dispose();
    await rm(folder, { recursive: true });
  }
}
