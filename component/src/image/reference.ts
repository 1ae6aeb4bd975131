/**
 * Names of images: `registry/repository[:tag][@digest]`, read with the short forms everybody writes
 * (`node:24` is `docker.io/library/node:24`).
 */

export interface ImageReference {
  /** Host, with the port if it has one: `docker.io`, `registry.local:5000`. */
  registry: string;
  repository: string;
  tag?: string;
  /** `sha256:` and 64 hexadecimal digits. */
  digest?: string;
}

/** The text names no image. The message has the text, what is wrong with it and the remedy. */
export class ImageNameError extends Error {
  override readonly name = 'ImageNameError';
}

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

const EXAMPLE = 'write it as registry.example.com:5000/team/name:tag';

/**
 * Reads the name of an image.
 *
 * @throws ImageNameError
 */
export function parseImageReference(text: string): ImageReference {
  const fail = (problem: string) =>
    new ImageNameError(`"${text}" is not an image name: ${problem}; ${EXAMPLE}`);

  const [named = '', digest, ...rest] = text.split('@');
  if (rest.length > 0) throw fail('more than one "@"');
  if (digest !== undefined && !DIGEST.test(digest)) {
    throw fail('a digest is "sha256:" and 64 lower-case hexadecimal digits');
  }
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const path = colon === -1 ? named : named.slice(0, colon);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) throw fail(`the tag "${tag}" has characters a tag may not have`);

  const { registry, repository } = splitPath(path);
  if (!REGISTRY.test(registry)) throw fail(`"${registry}" is not a registry host`);
  if (!REPOSITORY.test(repository)) {
    throw fail(`the repository "${repository}" must be lower-case letters, digits and single separators`);
  }
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The full name of an image, as a container runtime reads it. */
export function formatImageReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** A first part with a dot or a port, or `localhost`, is a registry; anything else lives on Docker Hub. */
function splitPath(path: string): { registry: string; repository: string } {
  const slash = path.indexOf('/');
  const first = slash === -1 ? '' : path.slice(0, slash);
  if (first === 'localhost' || /[.:[]/.test(first)) {
    const registry = first === 'index.docker.io' ? 'docker.io' : first;
    return { registry, repository: path.slice(slash + 1) };
  }
  return { registry: 'docker.io', repository: slash === -1 ? `library/${path}` : path };
}
