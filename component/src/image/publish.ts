/**
 * From the bundle to an image in a registry. The tag is a hash of everything the image is made of, so an
 * image that is already there is used as it is: one request, nothing built, nothing pushed.
 */
import { createHash } from 'node:crypto';
import { type BaseSource, type BuiltImage, buildImage } from './build.js';
import type { Bundle } from './bundle.js';
import type { Credentials, KeptLogin } from './credentials.js';
import { inParallel } from './in-parallel.js';
import { type Content, type Descriptor, ImageFormatError } from './oci.js';
import type { Platform } from './platform.js';
import { type ImageReference, formatImageReference, parseImageReference } from './reference.js';
import { RegistryError } from './registry-error.js';
import type { Registry, RegistryOptions } from './registry.js';

export interface BuildRequest {
  /** Where the image goes, without a tag: `registry.local:5000/metallb-l2`. */
  repository: string;
  /** The image it is built on; must have Node 22 or later. */
  base: string;
  /** At least one; their order does not matter. */
  platforms: readonly Platform[];
  /** The repository's registry speaks plain HTTP. */
  insecure: boolean;
  /** For the repository's registry; the base's is asked with what `loginFor` knows. */
  credentials?: Credentials;
}

export interface PublishDeps {
  bundle: Bundle;
  openRegistry(options: RegistryOptions): Registry;
  /** The log-in kept on this machine for a registry. */
  loginFor(registry: string): Promise<KeptLogin>;
  /** Told what takes time: steps, and how far one has got, many times over. */
  report(progress: string, kind: 'step' | 'share'): void;
}

/** The image's name without a digest: known without asking anybody. */
export function tagImage(bundle: Bundle, request: BuildRequest): ImageReference & { tag: string } {
  const { registry, repository } = parseImageReference(request.repository);
  const ingredients = JSON.stringify([RECIPE, bundle.digest, request.base, [...request.platforms].sort()]);
  const tag = createHash('sha256').update(ingredients).digest('hex').slice(0, 16);
  return { registry, repository, tag };
}

/**
 * The image's name with its digest, without writing anything: that of the image in the registry, or else
 * of the one {@link publishImage} would put there.
 *
 * @throws RegistryError, ImageFormatError, BundleError
 */
export async function previewImage(deps: PublishDeps, request: BuildRequest): Promise<string> {
  const { target, name, existing } = await findImage(deps, request);
  const digest = existing ?? (await buildFor(deps, request, target)).built.index.digest;
  return formatImageReference({ ...name, digest });
}

/**
 * The image's name with its digest, once the registry holds it.
 *
 * @throws RegistryError, ImageFormatError, BundleError
 */
export async function publishImage(deps: PublishDeps, request: BuildRequest): Promise<string> {
  const { target, name, existing } = await findImage(deps, request);
  if (existing !== undefined) return formatImageReference({ ...name, digest: existing });

  deps.report(`building ${formatImageReference(name)} on ${request.base}`, 'step');
  const { built, base } = await buildFor(deps, request, target);
  await pushBlobs(deps, request, { built, base, target, repository: name.repository });
  await onRepository(request, async () => {
    // The name comes last: who finds it finds all of the image.
    for (const { manifest } of built.images) {
      await target.putManifest(name.repository, manifest.digest, manifest);
    }
    await target.putManifest(name.repository, name.tag, built.index);
  });
  deps.report(`pushed ${formatImageReference(name)}`, 'step');
  return formatImageReference({ ...name, digest: built.index.digest });
}

/** Goes up whenever the same ingredients give other bytes, so that old images are not taken for new ones. */
const RECIPE = 2;

/** Requests are mostly waiting; more at a time would hold too many layers in memory. */
const AT_A_TIME = 4;

interface Push {
  built: BuiltImage;
  base: BaseSource;
  target: Registry;
  repository: string;
}

/** Uploads what the repository lacks; what another platform or an interrupted push has brought there is kept. */
async function pushBlobs(deps: PublishDeps, request: BuildRequest, push: Push): Promise<void> {
  const { built, base, target, repository } = push;
  const own = built.images.flatMap(({ layer, config }): Content[] => [layer, config]);
  const ownBytes = new Map(own.map((blob) => [blob.digest, blob]));
  const all = [...built.images.flatMap(({ baseLayers }) => baseLayers), ...own];
  const missing: Descriptor[] = [];
  await inParallel([...new Map(all.map((blob) => [blob.digest, blob])).values()], AT_A_TIME, async (blob) => {
    if (!(await onRepository(request, () => target.hasBlob(repository, blob.digest)))) missing.push(blob);
  });

  const total = sizeOf(missing);
  let done = 0;
  await inParallel(missing, AT_A_TIME, async (blob) => {
    const content = ownBytes.get(blob.digest);
    const mounted =
      content === undefined &&
      base.registry === target &&
      (await onRepository(request, () => target.mountBlob(repository, blob.digest, base.repository)));
    if (!mounted) {
      const bytes = content ?? (await onBase(request, () => base.registry.getBlob(base.repository, blob)));
      await onRepository(request, () => target.putBlob(repository, bytes));
    }
    done += blob.size;
    deps.report(`${target.host}/${repository} has ${megabytes(done)} of ${megabytes(total)} MB`, 'share');
  });
}

interface FoundImage {
  target: Registry;
  name: ReturnType<typeof tagImage>;
  existing: string | undefined;
}

async function findImage(deps: PublishDeps, request: BuildRequest): Promise<FoundImage> {
  const name = tagImage(deps.bundle, request);
  const { credentials } = request;
  const { login, problem } =
    credentials === undefined ? await deps.loginFor(name.registry) : { login: credentials };
  const howTo = `give "username" and "password", or log in with: docker login ${name.registry}`;
  const target = deps.openRegistry({
    host: name.registry,
    insecure: request.insecure,
    howToLogIn: problem === undefined ? howTo : `${problem}, or ${howTo}`,
    ...(login === undefined ? {} : { login }),
  });
  const existing = await onRepository(request, () => target.findManifest(name.repository, name.tag));
  return { target, name, existing };
}

async function buildFor(
  deps: PublishDeps,
  request: BuildRequest,
  target: Registry,
): Promise<{ built: BuiltImage; base: BaseSource }> {
  const { registry, repository, digest, tag = 'latest' } = parseImageReference(request.base);
  const base = {
    registry: await baseRegistry(deps, registry, target),
    repository,
    reference: digest ?? tag,
    name: request.base,
  };
  const platforms = [...request.platforms].sort();
  return { built: await onBase(request, () => buildImage(deps.bundle, base, platforms)), base };
}

async function baseRegistry(deps: PublishDeps, host: string, target: Registry): Promise<Registry> {
  if (host === target.host) return target;
  const { login, problem } = await deps.loginFor(host);
  const howTo = `log in with: docker login ${host}`;
  return deps.openRegistry({
    host,
    insecure: false,
    howToLogIn: problem === undefined ? howTo : `${problem}, or ${howTo}`,
    ...(login === undefined ? {} : { login }),
  });
}

function onRepository<T>({ repository }: BuildRequest, work: () => Promise<T>): Promise<T> {
  return blaming(`image.build.repository "${repository}"`, work);
}

async function onBase<T>({ base }: BuildRequest, work: () => Promise<T>): Promise<T> {
  return blaming(`image.build.base "${base}"`, work);
}

/** Begins what goes wrong with the argument it comes from. */
async function blaming<T>(argument: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RegistryError) {
      throw new RegistryError(`${argument}: ${error.message}`, error.status, { cause: error });
    }
    if (error instanceof ImageFormatError) {
      const remedy = 'choose another base, or leave the platform out of "platforms"';
      throw new ImageFormatError(`${argument}: ${error.message}; ${remedy}`, { cause: error });
    }
    throw error;
  }
}

function sizeOf(blobs: readonly Descriptor[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
