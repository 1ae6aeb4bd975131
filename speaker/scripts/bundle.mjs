// Bundles the built program and everything it imports into dist/image, the files that go into the image:
// JavaScript by esbuild, koffi as it is (its binary cannot be bundled), for each platform a list of the packages
// in it, and a manifest with the checksum of each file and the platform it is for, unless it is for all. Two
// runs over the same sources give the same bytes. Another folder may be given as the argument.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { billOfMaterials, packageFoldersOf } from './sbom.mjs';

const require = createRequire(import.meta.url);
const speaker = fileURLToPath(new URL('..', import.meta.url));
const koffiFolder = dirname(require.resolve('koffi'));
const image = resolve(process.argv[2] ?? join(speaker, 'dist', 'image'));

const MANIFEST = 'manifest.json';

/** Machines the image can run on; without the binary of a required one there is no image. */
const ARCHITECTURES = [
  { name: 'x64', platform: 'linux/amd64', required: true },
  { name: 'arm64', platform: 'linux/arm64', required: false },
];
/** Both: whether it is glibc or musl is up to the base the image is built on. */
const LIBCS = ['linux', 'musl'];

/**
 * Spares the image 1.5 MB that nobody runs: of client-node, which is not marked as free of side effects, only what
 * is imported comes along, and without the HTTP client in it that nobody calls.
 */
const lean = {
  name: 'lean',
  setup({ onLoad, onResolve, resolve }) {
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'nothing' }));
    onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {}' }));
    onResolve({ filter: /.*/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === lean || !from.importer.includes('client-node')) return undefined;
      const found = await resolve(path, { ...from, pluginData: lean });
      return found.path.includes('client-node') ? { ...found, sideEffects: false } : found;
    });
  },
};

/**
 * Has node:http required, also where it is imported: an import asks for each of its names, which loads what is
 * behind `http.WebSocket`: another client for HTTP that nobody here uses, 14 MB of memory at the start.
 */
const requiredHttp = {
  name: 'required-http',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'require-call' ? undefined : { path: 'http', namespace: 'required' },
    );
    onLoad({ filter: /.*/, namespace: 'required' }, () => ({
      contents: "module.exports = require('node:http');",
    }));
  },
};

/** How both threads are bundled. */
const options = {
  absWorkingDir: speaker,
  metafile: true,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  external: ['koffi'],
  plugins: [lean, requiredHttp],
  // Without comments; names and lines stay, for the traces of errors.
  legalComments: 'none',
  minifyWhitespace: true,
  lineLimit: 120,
  logLevel: 'warning',
  // How CommonJS packages inside the bundle ask for the modules of Node.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
  },
};

/** Resolves with the folders of the packages that went in. */
async function bundleProgram(target) {
  const program = await build({
    ...options,
    entryPoints: { main: 'dist/main.js' },
    outdir: target,
    chunkNames: 'chunks/[name]-[hash]',
    // One file for each role, so that a controller does not even load the speaker's sockets.
    splitting: true,
  });
  // On its own: what it shared with the main thread would come with all that is in the same file there.
  const worker = await build({
    ...options,
    entryPoints: { 'lan/lan-worker': 'dist/lan/lan-worker.js' },
    outdir: target,
  });
  const outputs = { ...program.metafile.outputs, ...worker.metafile.outputs };
  return packageFoldersOf({ outputs }, speaker);
}

/**
 * koffi's JavaScript, and its binaries where its loader looks for them: build/koffi/<libc>_<architecture>. Resolves
 * with the folder of the package of each platform's binaries.
 */
async function copyKoffi(target) {
  const koffi = join(target, 'node_modules', 'koffi');
  for (const file of [
    'package.json',
    'LICENSE.txt',
    'index.js',
    'src/koffi/index.js',
    'src/koffi/src/static.js',
  ]) {
    await cp(join(koffiFolder, file), join(koffi, file));
  }
  const { version } = JSON.parse(await readFile(join(koffiFolder, 'package.json'), 'utf8'));
  const natives = [];
  for (const { name, platform, required } of ARCHITECTURES) {
    const binaries = await findBinaries(name, version, required);
    if (binaries === undefined) continue;
    for (const libc of LIBCS) {
      const folder = `${libc}_${name}`;
      await cp(join(binaries, folder, 'koffi.node'), join(koffi, 'build', 'koffi', folder, 'koffi.node'));
    }
    natives.push({ platform, folder: binaries });
  }
  return natives;
}

/** Resolves with the file of each platform. */
async function writeBills(target, packages, natives) {
  return Promise.all(
    natives.map(async ({ platform, folder }) => {
      const sbom = `sbom-${platform.split('/')[1]}.cdx.json`;
      await writeFile(join(target, sbom), await billOfMaterials([speaker, ...packages, koffiFolder, folder]));
      return { platform, sbom };
    }),
  );
}

/** The platform a file is for, undefined when it is for all. */
function platformOf(path, platforms) {
  const { platform } = ARCHITECTURES.find(({ name }) => path.includes(`_${name}/`)) ?? {};
  return platform ?? platforms.find(({ sbom }) => sbom === path)?.platform;
}

/** The package with koffi's binaries for `architecture`: the installed one, else one fetched once by npm. */
async function findBinaries(architecture, version, required) {
  const name = `@koromix/koffi-linux-${architecture}`;
  const installed = packageFolder(name);
  if (installed !== undefined && (await versionIn(installed)) === version) return installed;
  const kept = join(dirname(koffiFolder), '.cache', 'metallb-l2', `koffi-${version}-${architecture}`);
  const fetched = join(kept, 'node_modules', name);
  if (await isThere(fetched)) return fetched;
  await mkdir(dirname(kept), { recursive: true });
  // What is kept is whole, and has been checked: an npm that was stopped leaves half a package.
  const place = await mkdtemp(`${kept}-`);
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  // `--force` because npm otherwise refuses what does not run on the machine it is on.
  const platform = ['--force', '--os=linux', `--cpu=${architecture}`];
  try {
    const args = ['install', '--prefix', place, ...options, ...platform, `${name}@${version}`];
    await promisify(execFile)('npm', args, { cwd: place });
    await checkAgainstLock(place, name);
    await rename(place, kept).catch(async (error) => {
      if (!(await isThere(fetched))) throw error; // else somebody was faster
    });
    return fetched;
  } catch (error) {
    const [, reason = error.message] = /^npm error (?!code|syscall|errno)(.*)$/m.exec(error.stderr) ?? [];
    if (required) throw new Error(`${name}@${version} cannot be installed: ${reason}`, { cause: error });
    process.stderr.write(`bundle: no image for linux/${architecture}: ${name}@${version}: ${reason}\n`);
    return undefined;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** What npm fetched beside the lock file must be what the lock file names. */
async function checkAgainstLock(place, name) {
  const key = `node_modules/${name}`;
  const integrityIn = async (file) => JSON.parse(await readFile(file, 'utf8')).packages[key]?.integrity;
  const locked = await integrityIn(join(speaker, '..', 'package-lock.json'));
  const fetched = await integrityIn(join(place, 'node_modules', '.package-lock.json'));
  if (locked !== undefined && fetched === locked) return;
  throw new Error(`${name} is not what package-lock.json names (${locked})`);
}

function packageFolder(name) {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

async function versionIn(folder) {
  try {
    return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

/** The manifest of what is in `folder`, as text. */
async function manifestOf(folder, platforms) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = [];
  for (const path of paths) {
    const name = relative(folder, path);
    if (name === MANIFEST) continue;
    const sha256 = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    const platform = platformOf(name, platforms);
    files.push({ path: name, sha256, mode: 0o644, ...(platform === undefined ? {} : { platform }) });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const manifest = { version: 2, entrypoint: 'main.mjs', platforms, files };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Whether `folder` has this manifest, and what it says. */
async function has(folder, manifest, platforms) {
  if ((await readFile(join(folder, MANIFEST), 'utf8').catch(() => undefined)) !== manifest) return false;
  return (await manifestOf(folder, platforms)) === manifest;
}

async function isThere(path) {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

if (!(await isThere(join(speaker, 'dist', 'main.js')))) {
  throw new Error('speaker/dist/main.js is missing: run `npm run build` first');
}
// Built beside its place and moved there whole, so that no reader meets half a bundle; and not at all when it is what
// is there, so that whoever runs or packs that is not disturbed by another command that builds.
await mkdir(dirname(image), { recursive: true });
const work = await mkdtemp(`${image}-`);
try {
  const target = join(work, 'image');
  const packages = await bundleProgram(target);
  const natives = await copyKoffi(target);
  const platforms = await writeBills(target, packages, natives);
  const manifest = await manifestOf(target, platforms);
  await writeFile(join(target, MANIFEST), manifest);
  if (!(await has(image, manifest, platforms))) {
    if (await isThere(image)) await rename(image, join(work, 'before'));
    await rename(target, image);
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
