/**
 * Upstream's plain manifest as its users apply it, webhook and all. Only the images are the lab's: no node reaches
 * the registry the manifest names.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Task } from '../../toolchain/progress.ts';
import { kubectl } from '../kubectl.ts';
import type { Lab } from '../lab.ts';
import { provideImage } from './images.ts';
import { UPSTREAM_VERSION, upstreamFolder } from './module.ts';

const MANIFEST = 'config/manifests/metallb-native.yaml';

/** The text of the manifest; the images it names are in the lab's registry. */
export async function prepareManifest(lab: Lab, task: Task): Promise<string> {
  let manifest = await readManifest(task.signal);
  for (const role of ['controller', 'speaker'] as const) {
    const image = await provideImage(lab, `metallb-${role}`, task);
    manifest = manifest.replaceAll(
      new RegExp(`image: \\S+/${role}:${UPSTREAM_VERSION}$`, 'gm'),
      `image: ${image}`,
    );
  }
  return manifest;
}

/** The definitions in the manifest, as they stand there. */
export async function readDefinitions(signal: AbortSignal): Promise<string> {
  const documents = (await readManifest(signal)).split(/^---$/m);
  return documents.filter((text) => /^kind: CustomResourceDefinition$/m.test(text)).join('---');
}

async function readManifest(signal: AbortSignal): Promise<string> {
  return readFile(join(await upstreamFolder(signal), MANIFEST), 'utf8');
}

/** `kubectl apply` of it; returns at once, as that does. */
export async function applyManifest(lab: Lab, manifest: string, signal: AbortSignal): Promise<void> {
  await kubectl(lab, ['apply', '-f', '-'], { input: manifest, signal });
}
