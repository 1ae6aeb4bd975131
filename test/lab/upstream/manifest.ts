/**
 * Upstream's plain manifest as its users apply it, webhook and all, out of the Go module that its programs are
 * built from. Only the images are the lab's: no node reaches the registry the manifest names.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { type Task } from '../../toolchain/progress.ts';
import { TOOLS } from '../../toolchain/tools.ts';
import { kubectl } from '../kubectl.ts';
import type { Lab } from '../lab.ts';
import { provideImage } from './images.ts';

const MODULE = 'go.universe.tf/metallb';
const { version: VERSION } = TOOLS['metallb-controller'];
const MANIFEST = 'config/manifests/metallb-native.yaml';
const TOOLCHAIN = fileURLToPath(new URL('../../toolchain/metallb', import.meta.url));

const downloadSchema = z.object({ Dir: z.string() });

/** The text of the manifest; the images it names are in the lab's registry. */
export async function prepareManifest(lab: Lab, task: Task): Promise<string> {
  let manifest = await readManifest(task.signal);
  for (const role of ['controller', 'speaker'] as const) {
    const image = await provideImage(lab, `metallb-${role}`, task);
    manifest = manifest.replaceAll(new RegExp(`image: \\S+/${role}:${VERSION}$`, 'gm'), `image: ${image}`);
  }
  return manifest;
}

/** The definitions in the manifest, as they stand there. */
export async function readDefinitions(signal: AbortSignal): Promise<string> {
  const documents = (await readManifest(signal)).split(/^---$/m);
  return documents.filter((text) => /^kind: CustomResourceDefinition$/m.test(text)).join('---');
}

async function readManifest(signal: AbortSignal): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', `${MODULE}@${VERSION}`], {
    cwd: TOOLCHAIN,
    env: { ...process.env, GOWORK: 'off' },
    signal,
  });
  const { Dir: folder } = downloadSchema.parse(JSON.parse(stdout));
  return readFile(join(folder, MANIFEST), 'utf8');
}

/** `kubectl apply` of it; returns at once, as that does. */
export async function applyManifest(lab: Lab, manifest: string, signal: AbortSignal): Promise<void> {
  await kubectl(lab, ['apply', '-f', '-'], { input: manifest, signal });
}
