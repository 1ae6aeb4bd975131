/** The image for every platform, in memory: all that its registry must hold. */
import { type AssembledImage, assembleImage, assembleIndex, choosePlatform } from './assemble.js';
import { type Bundle, contentsFor } from './bundle.js';
import { packLayer } from './layer.js';
import {
  type Content,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  ImageFormatError,
  parseConfig,
  parseManifest,
} from './oci.js';
import type { Platform } from './platform.js';
import type { Registry } from './registry.js';

/** Where a base image is. */
export interface BaseSource {
  registry: Registry;
  repository: string;
  /** Tag or digest. */
  reference: string;
  /** As the user wrote it. */
  name: string;
}

export interface BuiltImage {
  /** One for each platform, in the order asked for. */
  images: AssembledImage[];
  index: Content;
}

/**
 * Puts the bundle on the base. Of the base only documents are read, no layers.
 *
 * @throws RegistryError, ImageFormatError when the base cannot be used, BundleError
 */
export async function buildImage(
  bundle: Bundle,
  base: BaseSource,
  platforms: readonly Platform[],
): Promise<BuiltImage> {
  const contents = platforms.map((platform) => ({ platform, ...contentsFor(bundle, platform) }));
  const found = await findBase(base);
  const about = {
    'org.opencontainers.image.title': 'metallb-l2',
    'org.opencontainers.image.version': bundle.version,
    'org.opencontainers.image.licenses': 'Apache-2.0',
    ...(bundle.source === undefined ? {} : { 'org.opencontainers.image.source': bundle.source }),
    'org.opencontainers.image.base.name': base.name,
  };
  const images = await Promise.all(
    contents.map(async ({ platform, files, sbom }) => {
      const [{ manifest, config, digest }, layer] = await Promise.all([
        readBase(base, found, platform),
        packLayer(files),
      ]);
      const labels = { ...about, 'org.opencontainers.image.base.digest': digest, [SBOM_LABEL]: sbom };
      return assembleImage({ manifest, config }, layer, { platform, entry: bundle.entry, labels });
    }),
  );
  const annotations = { ...about, 'org.opencontainers.image.base.digest': found.digest };
  return { images, index: assembleIndex(images, annotations) };
}

/** Names the file of the image that lists the packages in it, in CycloneDX's JSON. */
const SBOM_LABEL = 'metallb-l2.sbom';

type FoundBase = { digest: string } & (
  { kind: 'image'; manifest: ImageManifest } | { kind: 'index'; index: ImageIndex }
);

async function findBase({ registry, repository, reference }: BaseSource): Promise<FoundBase> {
  const { bytes, digest } = await registry.getManifest(repository, reference);
  return { digest, ...parseManifest(bytes) };
}

async function readBase(
  { registry, repository }: BaseSource,
  found: FoundBase,
  platform: Platform,
): Promise<{ manifest: ImageManifest; config: ImageConfig; digest: string }> {
  let { digest } = found;
  let parsed: ReturnType<typeof parseManifest> = found;
  if (parsed.kind === 'index') {
    ({ digest } = choosePlatform(parsed.index, platform));
    parsed = parseManifest((await registry.getManifest(repository, digest)).bytes);
  }
  if (parsed.kind === 'index') throw new ImageFormatError('an index inside an index');
  const config = await registry.getBlob(repository, parsed.manifest.config);
  return { manifest: parsed.manifest, config: parseConfig(config.bytes), digest };
}
