/**
 * The images a lab offers, made from what the machine has: a base with the pinned Node, and the pause
 * container of every pod. Each is built once into the cache as an OCI layout.
 */
import { createHash } from 'node:crypto';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { cacheFolder } from '../toolchain/cache.ts';
import { withFileLock } from '../toolchain/file-lock.ts';
import { type Task, withProgress } from '../toolchain/progress.ts';
import { runChecked } from './run.ts';

export interface LabImage {
  /** Name and tag without a registry. */
  readonly name: string;
  /** The OCI layout and the tag in it, as umoci and skopeo write it. */
  readonly layout: string;
}

interface Recipe {
  readonly name: string;
  /** Files by their path in the image. */
  readonly files: ReadonlyMap<string, string>;
  /** Content of files by their path in the image. */
  readonly texts: Readonly<Record<string, string>>;
  readonly settings: readonly string[];
}

/** The pause image by name and tag. */
export const PAUSE_IMAGE = 'base/pause:1';

const NODE_PACKAGE = join(import.meta.dirname, '../../node_modules/node');
const CATATONIT = '/usr/bin/catatonit';

/** The only image of a layout. */
const TAG = 'image';

const USERS = {
  '/etc/passwd': 'root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n',
  '/etc/group': 'root:x:0:\nnogroup:x:65534:\n',
};

const packageSchema = z.object({ version: z.string() });

/** The base image by name and tag, which is the version of the pinned Node. */
export async function baseImageName(): Promise<string> {
  const text = await readFile(join(NODE_PACKAGE, 'package.json'), 'utf8');
  return `base/node:${packageSchema.parse(JSON.parse(text)).version}`;
}

/** An image with `node` in `/usr/local/bin`, the libraries it needs, `/tmp` and nothing else. */
export async function ensureBaseImage(task: Task): Promise<LabImage> {
  const node = await realpath(join(NODE_PACKAGE, 'bin/node'));
  const { stdout } = await runChecked(['ldd', node]);
  const files = new Map([['/usr/local/bin/node', node]]);
  for (const library of parseLibraries(stdout)) files.set(library, library);
  const settings = ['--config.env=PATH=/usr/local/bin', '--config.entrypoint=/usr/local/bin/node'];
  return ensureImage({ name: await baseImageName(), files, texts: USERS, settings }, task);
}

/** The image that holds a pod's namespaces. */
export async function ensurePauseImage(task: Task): Promise<LabImage> {
  const { stdout } = await runChecked(['sh', '-c', `ldd ${CATATONIT} || true`]);
  const files = new Map([['/catatonit', CATATONIT]]);
  for (const library of parseLibraries(stdout)) files.set(library, library);
  const settings = ['--config.entrypoint=/catatonit', '--config.entrypoint=-P'];
  return ensureImage({ name: PAUSE_IMAGE, files, texts: USERS, settings }, task);
}

/** An image with one static executable, which it runs. */
export async function ensureProgramImage(name: string, executable: string, task: Task): Promise<LabImage> {
  const path = `/${basename(executable)}`;
  const settings = [`--config.entrypoint=${path}`];
  return ensureImage({ name, files: new Map([[path, executable]]), texts: USERS, settings }, task);
}

/** The files `ldd` lists: those a dynamic executable loads, its loader included. */
export function parseLibraries(listing: string): string[] {
  return [...listing.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/gm)].map(([, path = '']) => path);
}

async function ensureImage(recipe: Recipe, task: Task): Promise<LabImage> {
  const entry = `${recipe.name.replaceAll(/[/:]/g, '-')}-${await hashOf(recipe)}`;
  const folder = join(cacheFolder(process.env), 'images', entry);
  const image = { name: recipe.name, layout: `${folder}:${TAG}` };
  await withFileLock(`${folder}.lock`, { signal: task.signal }, async () => {
    if (await stat(folder).catch(() => undefined)) return;
    // Nobody else builds this one now: these are left of builds that were killed.
    const left = (await readdir(dirname(folder))).filter((name) => name.startsWith(`${entry}.unfinished-`));
    for (const name of left) await rm(join(dirname(folder), name), { recursive: true, force: true });
    const unfinished = await mkdtemp(`${folder}.unfinished-`);
    try {
      await withProgress(task.log, `image ${image.name}: building`, () => build(recipe, unfinished, task));
      await rename(join(unfinished, 'layout'), folder);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  });
  return image;
}

async function build({ files, texts, settings }: Recipe, folder: string, { signal }: Task): Promise<void> {
  const root = join(folder, 'root');
  const place = async (path: string, write: (target: string) => Promise<void>) => {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await write(target);
  };
  for (const [path, source] of files) {
    await place(path, async (target) => {
      await copyFile(source, target);
      await chmod(target, 0o755);
    });
  }
  for (const [path, text] of Object.entries(texts)) await place(path, (target) => writeFile(target, text));
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777);
  const layout = join(folder, 'layout');
  const image = `--image=${layout}:${TAG}`;
  await runChecked(['umoci', 'init', `--layout=${layout}`], { signal });
  await runChecked(['umoci', 'new', image], { signal });
  await runChecked(['umoci', 'insert', image, root, '/'], { signal });
  await runChecked(['umoci', 'config', image, ...settings], { signal });
}

async function hashOf({ name, files, texts, settings }: Recipe): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([name, texts, settings]));
  for (const [path, source] of files) hash.update(`\n${path}\n`).update(await readFile(source));
  return hash.digest('hex').slice(0, 12);
}
