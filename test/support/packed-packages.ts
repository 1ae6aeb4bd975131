/** The packages as npm packs them, and folders that have them installed, as a user's project has. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { arch } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from '../toolchain/cache.ts';
import { withFileLock } from '../toolchain/file-lock.ts';
import { type Task, withProgress } from '../toolchain/progress.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

/** Packs sdk, component and speaker into `folder`. @returns the tarballs by the name of the package's folder */
export async function packPackages(folder: string): Promise<ReadonlyMap<string, string>> {
  const workspaces = ['sdk', 'component', 'speaker'].flatMap((name) => ['-w', name]);
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, ...workspaces], { cwd: ROOT });
  const tarballs = new Map<string, string>();
  for (const file of await readdir(folder)) {
    const [, name] = /^metallb-l2-(.*?)-\d/.exec(file) ?? [];
    if (name !== undefined) tarballs.set(name, join(folder, file));
  }
  return tarballs;
}

/** The versions a project of today, or of some years ago, may have. */
const TYPESCRIPTS = { 5.4: '5.4.5', 5.7: '5.7.3', 5.8: '5.8.3', 5.9: '5.9.3', '6.0': '6.0.3' } as const;
const NODES = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0' } as const;
export type TypeScriptVersion = keyof typeof TYPESCRIPTS;
export type NodeVersion = keyof typeof NODES;

/** Compilers and Nodes, installed once into the cache. */
export class Versions {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async install({ log, signal }: Task): Promise<Versions> {
    const wanted = [
      ...Object.entries(TYPESCRIPTS).map(([name, version]) => `typescript-${name}@npm:typescript@${version}`),
      ...Object.entries(NODES).map(([name, version]) => `node-${name}@npm:node-linux-${arch()}@${version}`),
    ];
    const key = createHash('sha256').update(wanted.join()).digest('hex').slice(0, 12);
    const folder = join(cacheFolder(process.env), 'npm', key);
    await withFileLock(`${folder}.lock`, { signal }, async () => {
      const done = join(folder, 'done');
      if ((await stat(done).catch(() => undefined)) !== undefined) return;
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'package.json'), '{ "private": true }');
      await withProgress(log, 'compilers and Nodes of users, once', () =>
        run('npm', ['install', ...QUIET, ...wanted], { cwd: folder, signal }),
      );
      await writeFile(done, '');
    });
    return new Versions(join(folder, 'node_modules'));
  }

  typescript(version: TypeScriptVersion): string {
    return join(this.#folder, `typescript-${version}`);
  }

  /** The folder of the `node` executable. */
  node(version: NodeVersion): string {
    return join(this.#folder, `node-${version}`, 'bin');
  }
}

/**
 * Installs the tarballs into the project in `folder`, an empty one if there is none, with what a Pulumi program
 * has beside them, but no compiler.
 */
export async function installPackages(folder: string, tarballs: Iterable<string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const beside = ['@pulumi/pulumi@3.270.0', '@pulumi/kubernetes@4.34.2', '@types/node@24', 'ts-node@10.9.2'];
  await run('npm', ['install', ...QUIET, ...tarballs, ...beside], { cwd: folder });
  // npm adds the newest that @pulumi/pulumi would work with; each project brings its own, or none.
  await rm(join(folder, 'node_modules/typescript'), { recursive: true });
}

/** The same again in another folder, with hard links in place of copies. */
export async function cloneInstalled(from: string, to: string, typescript?: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await run('cp', ['-al', join(from, 'node_modules'), join(to, 'node_modules')]);
  if (typescript !== undefined) await symlink(typescript, join(to, 'node_modules/typescript'));
}

export async function writeProject(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}
