/**
 * The documents of the OCI image format, as far as adding a layer needs them, and their Docker twins.
 * What a registry sends is parsed here; fields that are not ours are kept as they came.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';

export const MEDIA_TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  /** A layer as a plain tar: its digest does not hang on a compressor's version. */
  layer: 'application/vnd.oci.image.layer.v1.tar',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest,
  size: z.number().int().nonnegative(),
});

const platformSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});

const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
});

const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  manifests: z.array(descriptorSchema.extend({ platform: platformSchema.optional() })),
});

const configSchema = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  created: z.string().optional(),
  config: z
    .looseObject({
      Env: z.array(z.string()).nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
    })
    .nullish(),
  rootfs: z.looseObject({ type: z.literal('layers'), diff_ids: z.array(digest) }),
  history: z.array(z.looseObject({})).nullish(),
});

/** What a manifest says about a blob. */
export type Descriptor = z.infer<typeof descriptorSchema>;
export type ImageManifest = z.infer<typeof manifestSchema>;
export type ImageIndex = z.infer<typeof indexSchema>;
export type ImageConfig = z.infer<typeof configSchema>;

/** A document or a blob, with the digest and the size of exactly these bytes. */
export interface Content extends Descriptor {
  bytes: Uint8Array;
}

/** Describes bytes. */
export function contentOf(mediaType: string, bytes: Uint8Array): Content {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength, bytes };
}

/** The digest of bytes, `sha256:…`. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The document is not what the format promises. */
export class ImageFormatError extends Error {
  override readonly name = 'ImageFormatError';
}

/**
 * Reads a manifest or an index; which of the two is told by what it holds, because `mediaType` is optional
 * in OCI documents.
 *
 * @throws ImageFormatError
 */
export function parseManifest(
  bytes: Uint8Array,
): { kind: 'image'; manifest: ImageManifest } | { kind: 'index'; index: ImageIndex } {
  const json = parseJson(bytes, 'manifest');
  if (typeof json === 'object' && json !== null && 'manifests' in json) {
    return { kind: 'index', index: check(indexSchema, json, 'index') };
  }
  return { kind: 'image', manifest: check(manifestSchema, json, 'manifest') };
}

/** @throws ImageFormatError */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  return check(configSchema, parseJson(bytes, 'config'), 'config');
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new ImageFormatError(`the image's ${what} is not JSON`, { cause });
  }
}

function check<T>(schema: z.ZodType<T>, json: unknown, what: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? 'the document' : issue.path.join('.');
  throw new ImageFormatError(`the image's ${what} is malformed: ${path}: ${issue?.message ?? 'unknown'}`);
}
