/**
 * One layer on top of a base image, and the images of several platforms under one name: documents in,
 * documents out. The same base and the same layer give the same bytes, so the same digest, on every machine.
 */
import {
  type Content,
  type Descriptor,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  ImageFormatError,
  MEDIA_TYPES,
  contentOf,
} from './oci.js';
import type { Platform } from './platform.js';

export interface BaseImage {
  manifest: ImageManifest;
  config: ImageConfig;
}

/** Everything a registry must hold for the image, besides the layers of its base. */
export interface AssembledImage {
  /** The platform, as an index names it. */
  platform: { os: string; architecture: string; variant?: string };
  manifest: Content;
  config: Content;
  baseLayers: Descriptor[];
  layer: Content;
}

/**
 * Puts `layer` on top of `base` and makes `node <entry>` the entrypoint. Environment, user and working
 * directory stay the base's; its node binary is taken from its own entrypoint or command.
 *
 * @param labels added to the base's, which they override
 * @throws ImageFormatError when the base is for another platform
 */
export function assembleImage(
  base: BaseImage,
  layer: Content,
  options: { platform: Platform; entry: string; labels: Readonly<Record<string, string>> },
): AssembledImage {
  const found = `${base.config.os}/${base.config.architecture}`;
  if (found !== options.platform) {
    throw new ImageFormatError(`the base image is for ${found}, not for ${options.platform}`);
  }
  const settings = { ...base.config.config };
  const entrypoint = [nodeOf(settings.Entrypoint ?? [], settings.Cmd ?? []), options.entry];
  delete settings.Cmd;
  const config = contentOf(
    MEDIA_TYPES.config,
    encode({
      ...base.config,
      config: { ...settings, Entrypoint: entrypoint, Labels: { ...settings.Labels, ...options.labels } },
      rootfs: { ...base.config.rootfs, diff_ids: [...base.config.rootfs.diff_ids, layer.digest] },
      history: [
        ...(base.config.history ?? []),
        { created: base.config.created, created_by: `metallb-l2: ${options.entry}` },
      ],
    }),
  );
  const baseLayers = base.manifest.layers.map(toOciLayer);
  const manifest = contentOf(
    MEDIA_TYPES.manifest,
    encode({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      config: describe(config),
      layers: [...baseLayers, describe(layer)],
    }),
  );
  const { os, architecture, variant } = base.config;
  const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  return { platform, manifest, config, baseLayers, layer };
}

/** The index a container runtime picks the image of its node's platform from. */
export function assembleIndex(
  images: readonly AssembledImage[],
  annotations: Readonly<Record<string, string>>,
): Content {
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.index,
    manifests: images.map(({ platform, manifest }) => ({ ...describe(manifest), platform })),
    annotations,
  };
  return contentOf(MEDIA_TYPES.index, encode(index));
}

/**
 * The manifest for `platform` in an index.
 *
 * @throws ImageFormatError when the index has none; the message lists what it has
 */
export function choosePlatform(index: ImageIndex, platform: Platform): Descriptor {
  const nameOf = (entry: ImageIndex['manifests'][number]) =>
    entry.platform === undefined ? 'unknown' : `${entry.platform.os}/${entry.platform.architecture}`;
  const found = index.manifests.find((entry) => nameOf(entry) === platform);
  if (found !== undefined) return found;
  const offered = [...new Set(index.manifests.map(nameOf))].filter((name) => !name.startsWith('unknown'));
  throw new ImageFormatError(`no image for ${platform} among ${offered.join(', ') || 'nothing'}`);
}

/** The argument that names a node binary, or plain `node`, which the runtime looks up in the PATH. */
function nodeOf(...commands: readonly string[][]): string {
  return commands.flat().find((argument) => /(^|\/)node(js)?$/.test(argument)) ?? 'node';
}

/** Docker's and OCI's layers are the same bytes under two names; a manifest must not mix them. */
function toOciLayer(layer: Descriptor): Descriptor {
  const [, compression] =
    /^application\/vnd\.docker\.image\.rootfs\.diff\.tar(?:\.(gzip|zstd))?$/.exec(layer.mediaType) ?? [];
  const docker = layer.mediaType.startsWith('application/vnd.docker.');
  const mediaType = docker
    ? `${MEDIA_TYPES.layer}${compression === undefined ? '' : `+${compression}`}`
    : layer.mediaType;
  return { mediaType, digest: layer.digest, size: layer.size };
}

function describe({ mediaType, digest, size }: Content): Descriptor {
  return { mediaType, digest, size };
}

function encode(document: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(document));
}
