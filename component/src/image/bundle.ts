/** The programs that go into the image, as the speaker package ships them: files and their checksums. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { LayerFile } from './layer.js';
import { digestOf } from './oci.js';
import { PLATFORMS, type Platform } from './platform.js';

export interface Bundle {
  version: string;
  /** Where the sources are, if the package says so. */
  source?: string;
  /** Changes whenever any file does. */
  digest: string;
  /** The program to run, with its absolute path in the image. */
  entry: string;
  /** What the image of a platform is made of; a platform without native code is missing. */
  contents: ReadonlyMap<Platform, BundleContents>;
}

export interface BundleContents {
  files: LayerFile[];
  /** The bill of materials among the files, with its absolute path in the image. */
  sbom: string;
}

/** The speaker package is missing its bundle, or the bundle is damaged. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** Where the bundle lies in the image. */
const ROOT = 'app';

const path = z
  .string()
  .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'must be relative and stay inside the bundle');

const manifestSchema = z.strictObject({
  version: z.literal(2),
  entrypoint: path,
  platforms: z.array(z.strictObject({ platform: z.enum(PLATFORMS), sbom: path })).min(1),
  files: z
    .array(
      z.strictObject({
        path,
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        mode: z.number().int(),
        /** The only platform the file is for; without it, every. */
        platform: z.enum(PLATFORMS).exactOptional(),
      }),
    )
    .min(1),
});

const packageSchema = z.object({
  version: z.string(),
  repository: z.object({ url: z.string() }).optional(),
});

/** The folder of the bundle inside the installed speaker package. */
export function bundleFolder(): string {
  const manifest = createRequire(import.meta.url).resolve('@metallb-l2/speaker/package.json');
  return join(dirname(manifest), 'dist', 'image');
}

/**
 * Reads the bundle in `folder` and compares every file with its checksum.
 *
 * @throws BundleError
 */
export async function readBundle(folder: string): Promise<Bundle> {
  const manifestBytes = await read(folder, 'manifest.json');
  const manifest = parseManifest(manifestBytes, folder);
  const files = await Promise.all(
    manifest.files.map(async ({ path, sha256, mode, platform }) => {
      const bytes = await read(folder, path);
      if (digestOf(bytes) !== `sha256:${sha256}`) {
        throw new BundleError(`${join(folder, path)} is not the file its manifest describes; ${REMEDY}`);
      }
      return { platform, file: { path: `${ROOT}/${path}`, executable: (mode & 0o100) !== 0, bytes } };
    }),
  );
  const contentsOf = (wanted: Platform, sbom: string): BundleContents => ({
    files: files.flatMap(({ platform = wanted, file }) => (platform === wanted ? [file] : [])),
    sbom: `/${ROOT}/${sbom}`,
  });
  const { version, repository } = packageSchema.parse(
    JSON.parse(await readText(folder, '../../package.json')),
  );
  return {
    version,
    ...(repository === undefined ? {} : { source: repository.url.replace(/^git\+/, '') }),
    digest: digestOf(manifestBytes),
    entry: `/${ROOT}/${manifest.entrypoint}`,
    contents: new Map(manifest.platforms.map(({ platform, sbom }) => [platform, contentsOf(platform, sbom)])),
  };
}

/** @throws BundleError when the bundle has nothing for `platform` */
export function contentsFor({ contents }: Bundle, platform: Platform): BundleContents {
  const found = contents.get(platform);
  if (found !== undefined) return found;
  throw new BundleError(
    `@metallb-l2/speaker has no native code for ${platform}, only for ${[...contents.keys()].join(', ')}; ` +
      `leave it out of "platforms", or ${REMEDY}`,
  );
}

const REMEDY = 'install @metallb-l2/speaker again (in a clone of the repository: npm run build)';

async function read(folder: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, path));
  } catch (cause) {
    throw new BundleError(`cannot read ${join(folder, path)}; ${REMEDY}`, { cause });
  }
}

async function readText(folder: string, path: string): Promise<string> {
  return Buffer.from(await read(folder, path)).toString('utf8');
}

function parseManifest(bytes: Uint8Array, folder: string): z.infer<typeof manifestSchema> {
  const result = manifestSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (result.success) return result.data;
  throw new BundleError(
    `${join(folder, 'manifest.json')} is malformed: ${z.prettifyError(result.error)}; ${REMEDY}`,
  );
}
