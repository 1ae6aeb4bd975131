/** The programs that go into the image, as the speaker package ships them: files and their checksums. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { LayerFile } from './layer.js';
import { digestOf } from './oci.js';

export interface Bundle {
  version: string;
  /** Changes whenever any file does. */
  digest: string;
  files: LayerFile[];
  /** The program to run, with its absolute path in the image. */
  entry: string;
}

/** The speaker package is missing its bundle, or the bundle is damaged. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** Where the bundle lies in the image. */
const ROOT = 'app';

const manifestSchema = z.strictObject({
  version: z.literal(1),
  entrypoint: z.string().min(1),
  files: z
    .array(
      z.strictObject({
        path: z
          .string()
          .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'must be relative and stay inside the bundle'),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        mode: z.number().int(),
      }),
    )
    .min(1),
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
    manifest.files.map(async ({ path, sha256, mode }): Promise<LayerFile> => {
      const bytes = await read(folder, path);
      if (digestOf(bytes) !== `sha256:${sha256}`) {
        throw new BundleError(`${join(folder, path)} is not the file its manifest describes; ${REMEDY}`);
      }
      return { path: `${ROOT}/${path}`, executable: (mode & 0o100) !== 0, bytes };
    }),
  );
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readText(folder, '../../package.json')));
  return { version, digest: digestOf(manifestBytes), files, entry: `/${ROOT}/${manifest.entrypoint}` };
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
