/**
 * From the bundle to an image in a registry. The tag is a hash of everything the image is made of, so an
 * image that is already there is used as it is: one request, nothing built, nothing pushed.
 */
import { createHash } from 'node:crypto';
import { type AssembledImage, assembleImage, choosePlatform } from './assemble.js';
import type { Bundle } from './bundle.js';
import type { Credentials } from './credentials.js';
import { packLayer } from './layer.js';
import { type Content, type Descriptor, ImageFormatError, parseConfig, parseManifest } from './oci.js';
import type { Platform } from './platform.js';
import { type ImageReference, formatImageReference, parseImageReference } from './reference.js';
import type { Registry, RegistryOptions } from './registry.js';

export interface BuildRequest {
  /** Where the image goes, without a tag: `registry.local:5000/metallb-l2`. */
  repository: string;
  /** The image it is built on; must have Node 22 or later. */
  base: string;
  platform: Platform;
  /** The repository's registry speaks plain HTTP. */
  insecure: boolean;
  /** For the repository's registry; the base's is asked with what `credentialsFor` knows. */
  credentials?: Credentials;
}

export interface PublishDeps {
  bundle: Bundle;
  openRegistry(options: RegistryOptions): Registry;
  /** The log-in kept on this machine for a registry. */
  credentialsFor(registry: string): Promise<Credentials | undefined>;
  /** Told what takes time, one line at a time. */
  report(progress: string): void;
}

/** The image's name without a digest: known without asking anybody. */
export function tagImage(bundle: Bundle, request: BuildRequest): ImageReference & { tag: string } {
  const { registry, repository } = parseImageReference(request.repository);
  const ingredients = JSON.stringify([RECIPE, bundle.digest, request.base, request.platform]);
  const tag = createHash('sha256').update(ingredients).digest('hex').slice(0, 16);
  return { registry, repository, tag };
}

/**
 * The image's name with its digest, without writing anything: that of the image in the registry, or else
 * of the one {@link publishImage} would put there.
 *
 * @throws RegistryError, ImageFormatError
 */
export async function previewImage(deps: PublishDeps, request: BuildRequest): Promise<string> {
  const { target, name, existing } = await findImage(deps, request);
  const digest = existing ?? (await buildImage(deps, request, target)).image.manifest.digest;
  return formatImageReference({ ...name, digest });
}

/**
 * The image's name with its digest, once the registry holds it.
 *
 * @throws RegistryError, ImageFormatError
 */
export async function publishImage(deps: PublishDeps, request: BuildRequest): Promise<string> {
  const { target, name, existing } = await findImage(deps, request);
  if (existing !== undefined) return formatImageReference({ ...name, digest: existing });

  deps.report(`building ${formatImageReference(name)} on ${request.base}`);
  const { image, base } = await buildImage(deps, request, target);
  const progress = (layer: Descriptor) =>
    deps.report(`pushing ${formatImageReference(name)}: layer of ${(layer.size / 1e6).toFixed(1)} MB`);

  for (const layer of image.baseLayers) {
    if (await target.hasBlob(name.repository, layer.digest)) continue;
    const mounted =
      base.registry === target && (await target.mountBlob(name.repository, layer.digest, base.repository));
    if (mounted) continue;
    progress(layer);
    await target.putBlob(name.repository, await base.registry.getBlob(base.repository, layer));
  }
  if (!(await target.hasBlob(name.repository, image.layer.digest))) {
    progress(image.layer);
    await target.putBlob(name.repository, image.layer);
  }
  await target.putBlob(name.repository, image.config);
  await target.putManifest(name.repository, name.tag, image.manifest);
  deps.report(`pushed ${formatImageReference(name)}`);
  return formatImageReference({ ...name, digest: image.manifest.digest });
}

/** Goes up whenever the same ingredients give other bytes, so that old images are not taken for new ones. */
const RECIPE = 1;

interface FoundImage {
  target: Registry;
  name: ReturnType<typeof tagImage>;
  existing: string | undefined;
}

async function findImage(deps: PublishDeps, request: BuildRequest): Promise<FoundImage> {
  const name = tagImage(deps.bundle, request);
  const credentials = request.credentials ?? (await deps.credentialsFor(name.registry));
  const target = deps.openRegistry({
    host: name.registry,
    insecure: request.insecure,
    ...(credentials === undefined ? {} : { credentials }),
  });
  return { target, name, existing: await target.findManifest(name.repository, name.tag) };
}

interface SourceRepository {
  registry: Registry;
  repository: string;
}

async function buildImage(
  deps: PublishDeps,
  request: BuildRequest,
  target: Registry,
): Promise<{ image: AssembledImage; base: SourceRepository }> {
  const baseName = parseImageReference(request.base);
  const base: SourceRepository = {
    registry: await baseRegistry(deps, baseName, target),
    repository: baseName.repository,
  };
  const fetched = await fetchBase(base, baseName.digest ?? baseName.tag ?? 'latest', request);
  const image = assembleImage(
    { manifest: fetched.manifest, config: fetched.config },
    await packLayer(deps.bundle.files),
    {
      platform: request.platform,
      entry: deps.bundle.entry,
      labels: {
        'org.opencontainers.image.title': 'metallb-l2',
        'org.opencontainers.image.version': deps.bundle.version,
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.base.name': request.base,
        'org.opencontainers.image.base.digest': fetched.digest,
      },
    },
  );
  return { image, base };
}

async function baseRegistry(deps: PublishDeps, name: ImageReference, target: Registry): Promise<Registry> {
  if (name.registry === target.host) return target;
  const credentials = await deps.credentialsFor(name.registry);
  return deps.openRegistry({
    host: name.registry,
    insecure: false,
    ...(credentials === undefined ? {} : { credentials }),
  });
}

async function fetchBase(base: SourceRepository, reference: string, request: BuildRequest) {
  const { registry, repository } = base;
  try {
    let document: Content = await registry.getManifest(repository, reference);
    let parsed = parseManifest(document.bytes);
    if (parsed.kind === 'index') {
      const chosen = choosePlatform(parsed.index, request.platform);
      document = await registry.getManifest(repository, chosen.digest);
      parsed = parseManifest(document.bytes);
    }
    if (parsed.kind === 'index') throw new ImageFormatError('an index inside an index');
    const config = await registry.getBlob(repository, parsed.manifest.config);
    return { manifest: parsed.manifest, config: parseConfig(config.bytes), digest: document.digest };
  } catch (error) {
    if (!(error instanceof ImageFormatError)) throw error;
    throw new ImageFormatError(
      `cannot build on ${request.base}: ${error.message}; choose another "base" or "platform"`,
      { cause: error },
    );
  }
}
