/** The image the pods run: the one that is named, or the one that is built. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as pulumi from '@pulumi/pulumi';
import { BundleError, bundleFolder, readBundle } from './image/bundle.js';
import { dockerLogin } from './image/docker-login.js';
import { ImageFormatError } from './image/oci.js';
import { PLATFORMS } from './image/platform.js';
import {
  type BuildRequest,
  type PublishDeps,
  previewImage,
  publishImage,
  tagImage,
} from './image/publish.js';
import { formatImageReference } from './image/reference.js';
import { RegistryError } from './image/registry-error.js';
import { Registry } from './image/registry.js';
import type { ParsedArgs } from './args/parse-args.js';

/**
 * The name of the image. One to be built is pushed while this output resolves, if the registry lacks it,
 * and never in a preview: there the name has the digest the image will have, or no digest when the
 * registry does not answer.
 */
export function resolveImage(
  image: ParsedArgs['image'],
  parent: pulumi.Resource,
  openDeps: (parent: pulumi.Resource) => Promise<PublishDeps> = systemDeps,
): pulumi.Output<string> {
  if ('reference' in image) return pulumi.output(image.reference);
  const asked = pulumi.all([image.build, registered(parent)]);
  const name = asked.apply(async ([{ platforms, credentials, ...build }]) => {
    const request: BuildRequest = {
      ...build,
      platforms: PLATFORMS.filter((platform) => platforms.includes(platform)),
      ...(credentials === undefined ? {} : { credentials }),
    };
    try {
      const deps = await openDeps(parent);
      return await (pulumi.runtime.isDryRun()
        ? planImage(deps, request, parent)
        : publishImage(deps, request));
    } catch (error) {
      // The message says it all; a stack trace would bury it.
      if (isExpected(error)) throw new pulumi.ResourceError(error.message, parent, true);
      throw error;
    }
  });
  // The password made the whole build a secret; the name of the image is none.
  return pulumi.unsecret(name);
}

/**
 * Once `resource` is, and so all that it depends on, such as a registry of the same program. As a promise, since what
 * comes of an output of the component would wait for everything in it.
 */
function registered({ urn }: pulumi.Resource): Promise<void> {
  return new Promise((resolve) => void urn.apply(() => resolve()));
}

async function planImage(deps: PublishDeps, request: BuildRequest, parent: pulumi.Resource): Promise<string> {
  try {
    return await previewImage(deps, request);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    await pulumi.log.warn(`the digest of the image is not known in this preview: ${error.message}`, parent);
    return formatImageReference(tagImage(deps.bundle, request));
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof RegistryError || error instanceof ImageFormatError || error instanceof BundleError;
}

async function systemDeps(parent: pulumi.Resource): Promise<PublishDeps> {
  const http = {
    fetch,
    clock: { sleep: (ms: number, signal?: AbortSignal) => sleep(ms, undefined, signal && { signal }) },
    random: Math.random,
  };
  return {
    bundle: await readBundle(bundleFolder()),
    openRegistry: (options) => new Registry(http, options),
    loginFor: (registry) => dockerLogin(registry),
    report: (progress, kind) => void pulumi.log.info(progress, parent, undefined, kind === 'share'),
  };
}
