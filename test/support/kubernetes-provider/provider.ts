/** The operations the engine asks for, in the terms of the engine: properties in, properties out. */
import { randomBytes } from 'node:crypto';
import { PATCH_FIELD_MANAGER } from './annotations.ts';
import { createObject, relinquish, updateObject, type ApplyDeps } from './apply.ts';
import { getIfPresent, requireReady, timeoutMs, waitUntilReady } from './await.ts';
import { checkInputs, normalizeInputs } from './check.ts';
import { fromCheckpoint, inputsOfLive, toCheckpoint, withDrift } from './checkpoint.ts';
import { deleteObject } from './delete.ts';
import { diffInputs, type InputDiff } from './diff.ts';
import { Discovery } from './discovery.ts';
import type { EngineLog, ResourceLog } from './engine-log.ts';
import { isNamespaceMissing, isStatus, NoMatchError, NotReadyError, UnreachableError } from './errors.ts';
import { annotationOf, idOf, isPatch, isProbablyNamespaced, kindOf, parseId } from './kinds.ts';
import type { GroupVersionKind } from './kinds.ts';
import { openCluster } from './kube-client.ts';
import { fieldManagerName } from './names.ts';
import { Objects, type Reference } from './objects.ts';
import {
  copySecrets,
  hasUnknown,
  omit,
  reveal,
  toSdkKeys,
  toServerKeys,
  type Properties,
} from './properties.ts';
import type { Settings } from './settings.ts';

/** The resource an operation is about. */
export interface ResourceIdentity {
  readonly urn: string;
  readonly type: string;
}

export interface Outcome {
  readonly id: string;
  readonly properties: Properties;
}

export interface ReadOutcome extends Outcome {
  readonly inputs: Properties;
}

/** The object is there but not ready: what there is goes into the state together with the reasons. */
export class InitializationError extends Error {
  override readonly name = 'InitializationError';
  readonly outcome: Outcome & { readonly inputs?: Properties };
  readonly reasons: readonly string[];

  constructor(outcome: Outcome & { readonly inputs?: Properties }, cause: NotReadyError) {
    super(cause.message, { cause });
    this.outcome = outcome;
    this.reasons = [cause.message, ...cause.reasons];
  }
}

/** How long the first answer of a cluster is waited for before it counts as unreachable. */
const PROBE_TIMEOUT_MS = 6_000;

/** A configured provider: the objects of one cluster, or of one that does not answer. */
export class KubernetesProvider {
  readonly #settings: Settings;
  readonly #engineLog: EngineLog;
  readonly #signal: AbortSignal;
  readonly #objects: Objects | UnreachableError;
  readonly #defaultNamespace: string;

  private constructor(
    deps: { log: EngineLog; signal: AbortSignal },
    settings: Settings,
    cluster: { objects: Objects | UnreachableError; namespace: string },
  ) {
    this.#settings = settings;
    this.#engineLog = deps.log;
    this.#signal = deps.signal;
    this.#objects = cluster.objects;
    this.#defaultNamespace = settings.namespace || cluster.namespace || 'default';
  }

  /** Connects. A cluster that does not answer is no error yet: a preview can do without. */
  static async configure(
    deps: { log: EngineLog; signal: AbortSignal },
    settings: Settings,
  ): Promise<KubernetesProvider> {
    try {
      const client = await openCluster(settings);
      const probe = AbortSignal.any([deps.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
      await client.call('/version', { signal: probe }).catch((error: unknown) => {
        throw error instanceof UnreachableError ? error : new UnreachableError((error as Error).message);
      });
      const objects = new Objects(client, new Discovery(client), deps.signal);
      return new KubernetesProvider(deps, settings, { objects, namespace: client.namespace });
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      return new KubernetesProvider(deps, settings, { objects: error, namespace: '' });
    }
  }

  /** @throws when the resource cannot be managed as it is written */
  async check(
    { urn, type }: ResourceIdentity,
    olds: Properties,
    news: Properties,
    seed: Uint8Array,
  ): Promise<Properties> {
    const namespaced = await this.#isNamespaced(kindOf(reveal(news), type));
    const defaultNamespace = namespaced ? this.#defaultNamespace : undefined;
    return checkInputs({ urn, type, olds, news, seed, defaultNamespace });
  }

  async diff({ type }: ResourceIdentity, olds: Properties, news: Properties): Promise<InputDiff> {
    const kind = kindOf(reveal(news), type);
    return diffInputs(this.#plain(olds, kind), this.#plain(news, kind), {
      type,
      patch: isPatch(type, kind),
      namespaced: await this.#isNamespaced(kind),
      mutableConfigMaps: this.#settings.mutableConfigMaps,
      mutableSecrets: this.#settings.mutableSecrets,
    });
  }

  /**
   * Creates the object and waits until it is ready. A preview asks the API server for a dry run, and answers
   * with the inputs where that cannot work yet.
   *
   * @throws InitializationError when it exists but did not become ready in time
   */
  async create(
    resource: ResourceIdentity,
    inputs: Properties,
    { preview, timeoutSeconds }: { preview: boolean; timeoutSeconds: number },
  ): Promise<Outcome> {
    const object = toServerKeys(reveal(inputs));
    const kind = kindOf(object, resource.type);
    const patch = isPatch(resource.type, kind);
    if (preview && (patch || !(await this.#canDryRun(kind, object)))) return { id: '', properties: inputs };

    const deps = this.#deps(resource);
    const fieldManager = this.#fieldManager(object, undefined);
    const options = {
      fieldManager,
      patch,
      dryRun: preview,
      force: this.#settings.patchForce,
      upsert: this.#settings.upsertExistingObjects,
    };
    try {
      const written = await createObject(deps, object, options);
      if (preview)
        return { id: '', properties: toCheckpoint(inputs, omit(written, ['status']), fieldManager) };
      const live = await waitUntilReady(deps, object, written, timeoutMs(timeoutSeconds, object));
      return { id: idOf(live), properties: toCheckpoint(inputs, live, fieldManager) };
    } catch (error) {
      if (preview && cannotTell(error)) return { id: '', properties: inputs };
      throw keepingState(error, inputs, fieldManager);
    }
  }

  /**
   * Changes the object to the new inputs and waits until it is ready.
   *
   * @throws InitializationError when it was changed but did not become ready in time
   */
  async update(
    resource: ResourceIdentity,
    oldState: Properties,
    inputs: Properties,
    options: { preview: boolean; timeoutSeconds: number; ignored: readonly string[] },
  ): Promise<Properties> {
    const kind = kindOf(reveal(inputs), resource.type);
    const object = this.#plain(inputs, kind);
    if (options.preview && !(await this.#canDryRun(kind, object))) return inputs;

    const deps = this.#deps(resource);
    const { fieldManager: formerManager } = fromCheckpoint(oldState);
    const fieldManager = this.#fieldManager(object, formerManager);
    const patch = isPatch(resource.type, kind);
    try {
      const written = await updateObject(deps, object, {
        fieldManager,
        patch,
        dryRun: options.preview,
        force: this.#settings.patchForce,
        ignored: options.ignored,
      });
      if (options.preview) return toCheckpoint(inputs, written, fieldManager);
      if (formerManager !== undefined && formerManager !== fieldManager) {
        await relinquish(deps, { kind, ...parseId(idOf(written)) }, formerManager);
      }
      const live = await waitUntilReady(deps, object, written, timeoutMs(options.timeoutSeconds, object));
      return toCheckpoint(inputs, live, fieldManager);
    } catch (error) {
      if (options.preview && isStatus(error, 403)) return inputs;
      throw keepingState(error, inputs, fieldManager);
    }
  }

  /**
   * Looks at the object: for a refresh with the state before, for `.get` and an import without. Gives
   * `undefined` when it is gone.
   *
   * @throws InitializationError when it is there but not ready
   */
  async read(
    resource: ResourceIdentity,
    id: string,
    oldState: Properties,
    oldInputs: Properties,
  ): Promise<ReadOutcome | undefined> {
    const seen = fromCheckpoint(oldState);
    const inputs = reveal(oldInputs);
    const known = Object.keys(inputs).length > 0;
    const kind = kindOf(known ? inputs : seen.live, resource.type);
    if (this.#objects instanceof UnreachableError && this.#settings.deleteUnreachable) return undefined;
    const deps = this.#deps(resource);
    const live = await getIfPresent(deps, { kind, ...parseId(id) });
    if (live === undefined) return undefined;

    const spelled = toSdkKeys(live);
    const drifted = known ? withDrift(inputs, seen.live, spelled) : inputsOfLive(spelled);
    const newInputs = copySecrets(drifted as Properties, oldInputs);
    const fieldManager = this.#fieldManager(inputs, seen.fieldManager);
    const outcome = { id, properties: toCheckpoint(newInputs, live, fieldManager), inputs: newInputs };
    try {
      if (known) await requireReady(deps, inputs, live);
      return outcome;
    } catch (error) {
      throw error instanceof NotReadyError ? new InitializationError(outcome, error) : error;
    }
  }

  /** @throws when the object does not go in time */
  async delete(
    resource: ResourceIdentity,
    id: string,
    oldState: Properties,
    timeoutSeconds: number,
  ): Promise<void> {
    const { live, inputs, fieldManager } = fromCheckpoint(oldState);
    const kind = kindOf(live, resource.type);
    if (this.#objects instanceof UnreachableError && this.#settings.deleteUnreachable) {
      this.#engineLog.forResource(resource.urn).warn(`${this.#objects.message}; only the state forgets it`);
      return;
    }
    const reference: Reference = { kind, ...parseId(id) };
    await deleteObject(this.#deps(resource), reference, {
      inputs,
      patch: isPatch(resource.type, kind),
      fieldManager: this.#fieldManager(inputs, fieldManager),
      limitMs: timeoutMs(timeoutSeconds, inputs),
    });
  }

  #deps({ urn }: ResourceIdentity): ApplyDeps {
    if (this.#objects instanceof UnreachableError) throw this.#objects;
    const log: ResourceLog = this.#engineLog.forResource(urn);
    return { objects: this.#objects, log, signal: this.#signal };
  }

  #plain(inputs: Properties, kind: GroupVersionKind): Properties {
    return normalizeInputs(toServerKeys(reveal(inputs)), kind);
  }

  async #isNamespaced(kind: GroupVersionKind): Promise<boolean> {
    if (this.#objects instanceof UnreachableError) return isProbablyNamespaced(kind);
    try {
      return await this.#objects.isNamespaced(kind);
    } catch (error) {
      if (error instanceof NoMatchError) return isProbablyNamespaced(kind);
      throw error;
    }
  }

  async #canDryRun(kind: GroupVersionKind, object: Properties): Promise<boolean> {
    if (this.#objects instanceof UnreachableError || hasUnknown(object)) return false;
    try {
      await this.#objects.isNamespaced(kind);
      return true;
    } catch (error) {
      if (error instanceof NoMatchError) return false;
      throw error;
    }
  }

  #fieldManager(inputs: Properties, former: string | undefined): string {
    return annotationOf(inputs, PATCH_FIELD_MANAGER) || (former ?? fieldManagerName(randomBytes(16)));
  }
}

/** Whether a dry run failed for a reason the update will not meet: no right to it, or what the same update makes first. */
function cannotTell(error: unknown): boolean {
  return isStatus(error, 403) || isNamespaceMissing(error) || isStatus(error, 409);
}

function keepingState(error: unknown, inputs: Properties, fieldManager: string): unknown {
  if (!(error instanceof NotReadyError)) return error;
  const properties = toCheckpoint(inputs, error.live, fieldManager);
  return new InitializationError({ id: idOf(error.live), properties }, error);
}
