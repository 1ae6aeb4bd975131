/** Brings an object to the state the inputs ask for: makes it, changes it, or gives it up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PATCH_FORCE } from './annotations.ts';
import { isGone, isNamespaceMissing, isStatus } from './errors.ts';
import { inheritFields, isOwnedByOthers } from './field-managers.ts';
import { annotationOf, apiVersionOf, isCrd, withMetadata } from './kinds.ts';
import { referenceTo, type Objects, type Reference, type WriteOptions } from './objects.ts';
import { isObject, valueAt, type Properties, type Value } from './properties.ts';
import type { ResourceLog } from './engine-log.ts';

export interface ApplyDeps {
  readonly objects: Objects;
  readonly log: ResourceLog;
  readonly signal: AbortSignal;
}

export interface ApplyOptions {
  /** Owner of the fields from the first server-side apply on. */
  readonly fieldManager: string;
  /** The resource owns fields of an object that may be someone else's. */
  readonly patch: boolean;
  /** Take fields over from other managers even without the annotation. */
  readonly force: boolean;
  readonly dryRun: boolean;
}

/** The manager of what is created, as the real provider has it: the first update hands over to the resource's own. */
const CREATOR = 'pulumi-kubernetes';

/** Waits for a namespace or a CRD that another resource is just making: 250 ms, doubling, half a minute in all. */
const RETRIES = { first: 250, count: 7 };

const STALE_RETRIES = 5;

const ALREADY_EXISTS_HINT =
  'The resource already exists in the cluster. Either give the renamed resource an alias of its old name, ' +
  'adopt the object with the import option, ' +
  'manage only some of its fields with a Patch resource (such as NamespacePatch), ' +
  'or set upsertExistingObjects on the provider.';

/**
 * Creates the object. One that exists is an error, unless `upsert` or a Patch resource applies over it.
 *
 * @throws StatusError, NoMatchError or UnreachableError; 409 with what to do about it
 */
export async function createObject(
  deps: ApplyDeps,
  object: Properties,
  options: ApplyOptions & { upsert: boolean },
): Promise<Properties> {
  const write = () => {
    const writing = writeOptions(deps, options);
    return options.patch || options.upsert
      ? deps.objects.apply(object, { ...writing, force: isForced(object, options) })
      : deps.objects.create(object, { ...writing, fieldManager: CREATOR });
  };
  try {
    return await retryWhileMissing(deps, options.dryRun, write);
  } catch (error) {
    if (isStatus(error, 409) && error.status.reason === 'AlreadyExists') {
      error.message = `${error.message}\n\n${ALREADY_EXISTS_HINT}`;
    }
    throw explainConflict(error, options.fieldManager);
  }
}

/**
 * Changes the live object to the inputs by server-side apply; a CRD is put in place whole, which also takes
 * away what others added to it.
 *
 * @throws StatusError 409 that names the other manager and the field, when a field is someone else's
 */
export async function updateObject(
  deps: ApplyDeps,
  object: Properties,
  options: ApplyOptions & { ignored: readonly string[] },
): Promise<Properties> {
  const reference = referenceTo(object);
  if (isCrd(reference.kind)) return replaceCrd(deps, object, options);

  const live = await (options.dryRun || options.patch
    ? deps.objects.get(reference)
    : takeOver(deps, reference, options.fieldManager));
  const desired = options.ignored.reduce(
    (inputs, path) => ignoreField(inputs, live, path.split('.'), options.fieldManager),
    object,
  );
  try {
    const force = isForced(object, options);
    return await deps.objects.apply(desired, { ...writeOptions(deps, options), force });
  } catch (error) {
    throw explainConflict(error, options.fieldManager);
  }
}

/**
 * Gives up every field of a manager. Fields nobody else owns disappear from the object.
 *
 * @throws StatusError 422 when one of them is required
 */
export async function relinquish(deps: ApplyDeps, reference: Reference, fieldManager: string): Promise<void> {
  const { kind, namespace, name } = reference;
  const identity = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, ...(namespace === '' ? {} : { namespace }) },
  };
  await deps.objects.apply(identity, {
    fieldManager,
    dryRun: false,
    force: false,
    onWarning: () => undefined,
  });
}

function replaceCrd(deps: ApplyDeps, crd: Properties, options: ApplyOptions): Promise<Properties> {
  return retryWhileStale(async () => {
    const resourceVersion = valueAt(await deps.objects.get(referenceTo(crd)), 'metadata', 'resourceVersion');
    return deps.objects.replace(
      withMetadata(crd, { resourceVersion: resourceVersion ?? '' }),
      writeOptions(deps, options),
    );
  });
}

function takeOver(deps: ApplyDeps, reference: Reference, fieldManager: string): Promise<Properties> {
  return retryWhileStale(async () => {
    const live = await deps.objects.get(reference);
    const patch = inheritFields(live, fieldManager);
    return patch.length === 0 ? live : deps.objects.jsonPatch(reference, patch);
  });
}

/** An ignored field is left out when it is someone else's, and sent with its live value when it is ours. */
function ignoreField(
  inputs: Properties,
  live: Properties,
  path: readonly string[],
  fieldManager: string,
): Properties {
  if (isOwnedByOthers(live, path, fieldManager)) return replaceAt(inputs, path, undefined);
  const value = valueAt(live, ...path);
  return value === undefined ? inputs : replaceAt(inputs, path, value);
}

function replaceAt(object: Properties, path: readonly string[], value: Value | undefined): Properties {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  const { [key]: child, ...others } = object;
  if (rest.length > 0) return isObject(child) ? { ...object, [key]: replaceAt(child, rest, value) } : object;
  return value === undefined ? others : { ...others, [key]: value };
}

function writeOptions({ log }: ApplyDeps, { fieldManager, dryRun }: ApplyOptions): WriteOptions {
  return { fieldManager, dryRun, onWarning: (text) => log.warn(text) };
}

/** A dry run never conflicts: that a field is someone else's is only known when it is really written. */
function isForced(object: Properties, { force, dryRun }: ApplyOptions): boolean {
  return force || dryRun || annotationOf(object, PATCH_FORCE) === 'true';
}

async function retryWhileMissing<T>(deps: ApplyDeps, dryRun: boolean, attempt: () => Promise<T>): Promise<T> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await attempt();
    } catch (error) {
      const final = retry === RETRIES.count || !isGone(error) || (dryRun && isNamespaceMissing(error));
      if (final) throw error;
      deps.log.status(`Retry #${retry}; creation failed: ${(error as Error).message}`);
      await sleep(RETRIES.first * 2 ** retry, undefined, { signal: deps.signal });
    }
  }
}

/** A controller may write the object between our reading and our writing it. */
async function retryWhileStale<T>(attempt: () => Promise<T>): Promise<T> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (retry === STALE_RETRIES || !isStatus(error, 409)) throw error;
    }
  }
}

function explainConflict(error: unknown, fieldManager: string): unknown {
  if (!isStatus(error, 409) || error.status.reason !== 'Conflict') return error;
  error.message =
    'server-side apply field conflict detected; to take the fields over set the annotation ' +
    `${PATCH_FORCE}: "true", or leave them out of the program.\n` +
    `The resource managed by field manager "${fieldManager}" had an apply conflict: ${error.message}`;
  return error;
}
