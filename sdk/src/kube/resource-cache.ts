/**
 * A live copy of all objects of one kind. Objects in it are shared: readers must not change them.
 * Their `managedFields` are left out.
 */
import type { KubeError } from './errors.js';
import type { KubeObject, ObjectRef, ResourceType } from './kube-api.js';
import { Listeners } from './listeners.js';
import { qualifiedName } from './object-ref.js';
import { slim } from './slim.js';
import { unlessAborted } from './unless-aborted.js';
import type { WatchUpdate } from './watch-machine.js';
import { type WatchDeps, type WatchSelection, watchResource } from './watch.js';

export class ResourceCache<T extends KubeObject> {
  readonly #deps: WatchDeps;
  readonly #type: ResourceType<T>;
  readonly #selection: WatchSelection;
  readonly #listeners = new Listeners();
  readonly #ready = Promise.withResolvers<undefined>();
  #objects = new Map<string, T>();
  #list: readonly T[] | undefined;
  #synced = false;
  #problem: KubeError | undefined;

  constructor(deps: WatchDeps, type: ResourceType<T>, options: WatchSelection = {}) {
    this.#deps = deps;
    this.#type = type;
    this.#selection = options;
  }

  /** Whether the first list has completed. Stays true: a stale cache is better than none. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Why what is here may be stale, as long as it may be. */
  get problem(): KubeError | undefined {
    return this.#problem;
  }

  /** Keeps the cache up to date until `signal` is aborted, then resolves. To be called once. */
  async run(signal: AbortSignal): Promise<void> {
    const updates = watchResource(this.#deps, this.#type, this.#selection, signal);
    try {
      while (await this.#takeNext(updates));
    } finally {
      await updates.return();
    }
  }

  /** Resolves when the first list has completed; rejects with the signal's reason when that comes first. */
  async ready(signal?: AbortSignal): Promise<void> {
    await unlessAborted(this.#ready.promise, signal);
  }

  /** All objects, in no order; the same array until something changes. */
  list(): readonly T[] {
    this.#list ??= [...this.#objects.values()];
    return this.#list;
  }

  get(ref: ObjectRef): T | undefined {
    return this.#objects.get(qualifiedName(ref));
  }

  /** Calls `listener` after each change of objects or of {@link problem}; returns what ends that. */
  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** On its own, so that no frame keeps the last update, which may be a whole list, while it waits for the next. */
  async #takeNext(updates: AsyncIterator<WatchUpdate<T>>): Promise<boolean> {
    const result = await updates.next();
    if (result.done === true) return false;
    this.#take(result.value);
    this.#listeners.call();
    return true;
  }

  #take(update: WatchUpdate<T>): void {
    this.#problem = update.type === 'desynced' ? update.error : undefined;
    switch (update.type) {
      case 'synced':
        this.#objects = new Map(
          update.objects.map((object) => [qualifiedName(object.metadata), slim(object)]),
        );
        this.#synced = true;
        this.#ready.resolve(undefined);
        break;
      case 'applied':
        this.#objects.set(qualifiedName(update.object.metadata), slim(update.object));
        break;
      case 'deleted':
        this.#objects.delete(qualifiedName(update.object.metadata));
        break;
      case 'desynced':
      case 'resumed':
        return;
    }
    this.#list = undefined;
  }
}
