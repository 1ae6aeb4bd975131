/**
 * An API server in memory, for tests and for the simulated demo. The suite `test/contract/sdk` runs on it
 * and on the real one. What it leaves out: schemas (no defaulting, pruning or CEL), server-side apply,
 * admission, the life of namespaces, and clean-up of objects whose owner never existed. Owned objects go
 * at once when their owner is deleted. `idleTimeoutMs` has no effect: its streams are never half open.
 */
import { type Clock, type Random, systemClock } from '../kube/clock.js';
import { KubeError, describeCall } from '../kube/errors.js';
import type {
  CallOptions,
  DeleteOptions,
  KubeApi,
  KubeList,
  KubeObject,
  ListOptions,
  ObjectRef,
  PatchOptions,
  ResourceType,
  WatchLine,
  WatchOptions,
} from '../kube/kube-api.js';
import { refOf } from '../kube/object-ref.js';
import { unlessAborted } from '../kube/unless-aborted.js';
import { ObjectStore, copyOf, resourceKey } from './object-store.js';
import { canonicalJson, patched } from './patches.js';
import { filterOf } from './selectors.js';
import { WatchServer } from './watch-server.js';
import {
  failure,
  generatedName,
  isBuiltIn,
  listItem,
  metadataProblem,
  prepareCreate,
  prepareUpdate,
} from './write-rules.js';

/** One call as the fault hook and the log see it. */
export interface ApiCall {
  readonly verb: 'list' | 'get' | 'create' | 'patch' | 'replace' | 'delete' | 'watch';
  readonly type: ResourceType;
  readonly ref: Partial<ObjectRef>;
  readonly subresource?: 'status';
  /** The object of a create or replace, the patch of a patch. */
  readonly body?: unknown;
}

/**
 * Decides what becomes of a call: nothing special (undefined), refused with an error before it has any
 * effect, or carried out while its answer is lost. May wait, which delays the call.
 */
export type FaultHook = (
  call: ApiCall,
) =>
  | undefined
  | { refuse: KubeError }
  | { loseAnswer: KubeError }
  | Promise<undefined | { refuse: KubeError } | { loseAnswer: KubeError }>;

export interface InMemoryKubeApiOptions {
  /** Gives creation times and ends watches after `timeoutSeconds`. @default systemClock */
  clock?: Clock;
  /** Gives the suffixes of generated names. @default a fixed sequence */
  random?: Random;
}

export class InMemoryKubeApi implements KubeApi {
  /** Asked before every call. */
  fault: FaultHook = () => undefined;
  readonly #store = new ObjectStore();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #calls: ApiCall[] = [];
  readonly #watches: WatchServer;
  /** What is left of paged lists, by continue token. */
  readonly #pages = new Map<string, { version: number; items: KubeObject[] }>();
  #nextUid = 1;

  constructor(options: InMemoryKubeApiOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? fixedSequence();
    this.#watches = new WatchServer(this.#store, this.#clock);
  }

  /** Every call so far, in order, refused ones included. */
  get calls(): readonly ApiCall[] {
    return this.#calls;
  }

  /** The calls that change something. */
  get writes(): readonly ApiCall[] {
    return this.#calls.filter(({ verb }) => verb !== 'list' && verb !== 'get' && verb !== 'watch');
  }

  forgetCalls(): void {
    this.#calls.length = 0;
  }

  /** Stores `object` as it is, status included, in place of one of the same name. Returns it as stored. */
  seed<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    const before = this.#store.get(type, refOf(object));
    const prepared = before ? { ...object, metadata: { ...before.metadata, ...object.metadata } } : object;
    return copyOf(this.#store.put(resourceKey(type), this.#identify(type, prepared)) as T);
  }

  /** Sends a bookmark on every open watch. */
  sendBookmarks(): void {
    this.#watches.sendBookmarks();
  }

  /** Ends every open watch, or breaks it off with `error`. */
  endWatches(error?: KubeError): void {
    this.#watches.endAll(error);
  }

  /** Forgets history and pages, so that watches and continue tokens from before answer `Gone`. */
  compact(): void {
    this.#store.forgetHistory();
    this.#pages.clear();
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    return this.#call({ verb: 'list', type, ref: nsOnly(options) }, options, (operation) => {
      let { version } = this.#store;
      let items: KubeObject[];
      if (options.continue === undefined) {
        items = this.#store.list(type).filter(filterOf(options, operation));
      } else {
        const rest = this.#pages.get(options.continue);
        if (!rest) throw failure('Gone', 410, 'The provided continue parameter is too old', operation);
        ({ version, items } = rest);
      }
      const page = items.slice(0, options.limit ?? items.length);
      const rest = items.slice(page.length);
      const metadata: KubeList<T>['metadata'] = { resourceVersion: String(version) };
      if (rest.length > 0) {
        metadata.continue = `page-${String(version)}-${String(rest.length)}-${String(this.#pages.size)}`;
        metadata.remainingItemCount = rest.length;
        this.#pages.set(metadata.continue, { version, items: rest });
      }
      return { metadata, items: page.map((object) => listItem(type, object) as T) };
    });
  }

  async get<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options: CallOptions = {},
  ): Promise<T> {
    const call: ApiCall = { verb: 'get', type, ref };
    return this.#call(call, options, (operation) => this.#existing(type, ref, operation) as T);
  }

  async create<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: CallOptions = {},
  ): Promise<T> {
    const call: ApiCall = { verb: 'create', type, ref: refOf(object), body: copyOf(object) };
    return this.#call(call, options, (operation) => {
      const created = prepareCreate(type, copyOf(object), operation);
      if (created.metadata.name === undefined && created.metadata.generateName !== undefined) {
        created.metadata.name = generatedName(created.metadata.generateName, this.#random);
      }
      this.#validate(created, operation);
      if (this.#store.get(type, refOf(created))) {
        const message = `${type.plural} "${created.metadata.name}" already exists`;
        throw failure('AlreadyExists', 409, message, operation);
      }
      return this.#store.put(resourceKey(type), this.#identify(type, created)) as T;
    });
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T> {
    const { subresource } = options;
    const call: ApiCall = {
      verb: 'patch',
      type,
      ref,
      body: copyOf(patch),
      ...(subresource && { subresource }),
    };
    return this.#call(call, options, (operation) => {
      const before = this.#existing(type, ref, operation);
      const wanted = patched(before, patch, options, operation);
      return this.#update(type, before, wanted, operation, subresource) as T;
    });
  }

  async replace<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: CallOptions & { subresource?: 'status' } = {},
  ): Promise<T> {
    const { subresource } = options;
    const ref = refOf(object);
    const call: ApiCall = {
      verb: 'replace',
      type,
      ref,
      body: copyOf(object),
      ...(subresource && { subresource }),
    };
    return this.#call(call, options, (operation) => {
      const before = this.#existing(type, ref, operation);
      if (object.metadata.resourceVersion === undefined && !isBuiltIn(type)) {
        const message = 'metadata.resourceVersion: Invalid value: 0: must be specified for an update';
        throw failure('Invalid', 422, message, operation);
      }
      return this.#update(type, before, copyOf(object), operation, subresource) as T;
    });
  }

  async delete<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options: DeleteOptions = {},
  ): Promise<void> {
    await this.#call({ verb: 'delete', type, ref }, options, (operation) => {
      const object = this.#existing(type, ref, operation);
      for (const field of ['uid', 'resourceVersion'] as const) {
        const wanted = options.preconditions?.[field];
        if (wanted !== undefined && wanted !== object.metadata[field]) {
          const message = `the ${field} in the precondition (${wanted}) is not the object's (${String(object.metadata[field])})`;
          throw failure('Conflict', 409, message, operation);
        }
      }
      this.#delete(resourceKey(type), object, options.propagationPolicy === 'Orphan');
    });
  }

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchLine<T>, void> {
    const call: ApiCall = { verb: 'watch', type, ref: nsOnly(options) };
    const watch = await this.#call(call, options, () => this.#watches.open(type, options));
    try {
      yield* watch.lines as AsyncGenerator<WatchLine<T>, void>;
    } finally {
      watch.close();
    }
  }

  /** @param run gets the call as errors name it */
  async #call<R>(call: ApiCall, options: CallOptions, run: (operation: string) => R): Promise<R> {
    this.#calls.push(call);
    options.signal?.throwIfAborted();
    const fault = await unlessAborted(this.fault(call), options.signal);
    options.signal?.throwIfAborted();
    options.beforeSend?.();
    if (fault && 'refuse' in fault) throw fault.refuse;
    const result = run(describeCall(call.verb, call.type, call.ref, call.subresource));
    if (fault) throw fault.loseAnswer;
    return call.verb === 'watch' || result === undefined ? result : copyOf(result);
  }

  #existing(type: ResourceType, ref: ObjectRef, operation: string): KubeObject {
    const object = this.#store.get(type, ref);
    if (object) return object;
    throw failure('NotFound', 404, `${type.plural} "${ref.name}" not found`, operation);
  }

  #validate(object: KubeObject, operation: string): void {
    const problem = metadataProblem(object.metadata);
    if (problem !== undefined) throw failure('Invalid', 422, problem, operation);
  }

  /** Fills in what the server gives every object. */
  #identify(type: ResourceType, object: KubeObject): KubeObject {
    return {
      ...object,
      apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
      kind: type.kind,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? `00000000-0000-4000-8000-${String(this.#nextUid++).padStart(12, '0')}`,
        creationTimestamp: object.metadata.creationTimestamp ?? secondsOf(this.#clock.now()),
      },
    };
  }

  #update(
    type: ResourceType,
    before: KubeObject,
    wanted: KubeObject,
    operation: string,
    subresource: 'status' | undefined,
  ): KubeObject {
    const version = wanted.metadata.resourceVersion;
    if (version !== undefined && version !== before.metadata.resourceVersion) {
      const message =
        'the object has been modified; please apply your changes to the latest version and try again';
      throw failure('Conflict', 409, message, operation);
    }
    const after = prepareUpdate(type, before, wanted, subresource);
    this.#validate(after, operation);
    if (canonicalJson(after) === canonicalJson(before)) return before;
    const stored = this.#store.put(resourceKey(type), after);
    const { deletionTimestamp, finalizers = [] } = stored.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) this.#delete(resourceKey(type), stored);
    return stored;
  }

  #delete(resource: string, object: KubeObject, orphan = false): void {
    if ((object.metadata.finalizers ?? []).length > 0) {
      if (object.metadata.deletionTimestamp !== undefined) return;
      const metadata = { ...object.metadata, deletionTimestamp: secondsOf(this.#clock.now()) };
      this.#store.put(resource, { ...object, metadata });
      return;
    }
    this.#store.remove(resource, object);
    if (!orphan) this.#collectOwnedBy(object.metadata.uid);
  }

  #collectOwnedBy(uid: string | undefined): void {
    const uids = new Set([...this.#store.all()].map(({ object }) => object.metadata.uid));
    for (const { resource, object } of [...this.#store.all()]) {
      const owners = object.metadata.ownerReferences ?? [];
      const owned = owners.some((owner) => owner.uid === uid);
      if (owned && !owners.some((owner) => uids.has(owner.uid))) this.#delete(resource, object);
    }
  }
}

function nsOnly(options: { namespace?: string }): Partial<ObjectRef> {
  return options.namespace === undefined ? {} : { namespace: options.namespace };
}

/** RFC 3339 in whole seconds, as the API server writes times. */
function secondsOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** A linear congruential sequence: names differ, and are the same in every run. */
function fixedSequence(): Random {
  let state = 42;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
