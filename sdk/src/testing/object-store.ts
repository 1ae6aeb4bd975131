/**
 * The objects of the in-memory API server and the history of their changes, from which watches are served.
 * Knows nothing of requests: what may be written is decided above.
 */
import type { KubeObject, ObjectRef, ResourceType, WatchLine } from '../kube/kube-api.js';
import { Listeners } from '../kube/listeners.js';
import { qualifiedName } from '../kube/object-ref.js';
import type { ObjectFilter } from './selectors.js';

/** One change: created without `before`, deleted without `after`. */
export interface Change {
  readonly resource: string;
  readonly version: number;
  readonly before?: KubeObject;
  readonly after?: KubeObject;
}

/** A copy as it would come over the wire: plain JSON, without undefined fields. */
export function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

export class ObjectStore {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Listeners<[change: Change]>();
  #history: Change[] = [];
  #version = 1;
  /** Changes up to this version are forgotten. */
  #forgotten = 0;

  get version(): number {
    return this.#version;
  }

  list(type: ResourceType): KubeObject[] {
    const objects = [...(this.#objects.get(resourceKey(type)) ?? [])];
    return objects.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  get(type: ResourceType, ref: ObjectRef): KubeObject | undefined {
    return this.#objects.get(resourceKey(type))?.get(qualifiedName(ref));
  }

  /** Every object with its resource key, of all kinds. */
  *all(): Generator<{ resource: string; object: KubeObject }> {
    for (const [resource, objects] of this.#objects) {
      for (const object of [...objects.values()]) yield { resource, object };
    }
  }

  /** Writes `object` under the next resourceVersion and returns it as stored. */
  put(resource: string, object: KubeObject): KubeObject {
    const objects = this.#objects.get(resource) ?? new Map<string, KubeObject>();
    this.#objects.set(resource, objects);
    const key = qualifiedName(object.metadata);
    const before = objects.get(key);
    const version = ++this.#version;
    const after = copyOf({ ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    objects.set(key, after);
    this.#record({ resource, version, after, ...(before && { before }) });
    return after;
  }

  remove(resource: string, object: KubeObject): void {
    this.#objects.get(resource)?.delete(qualifiedName(object.metadata));
    this.#record({ resource, version: ++this.#version, before: object });
  }

  /** Changes after `version`, or undefined when some of them are forgotten. */
  changesSince(version: number): readonly Change[] | undefined {
    if (version < this.#forgotten) return undefined;
    return this.#history.filter((change) => change.version > version);
  }

  forgetHistory(): void {
    this.#history = [];
    this.#forgotten = this.#version;
  }

  listen(listener: (change: Change) => void): () => void {
    return this.#listeners.add(listener);
  }

  #record(change: Change): void {
    this.#history.push(change);
    this.#listeners.call(change);
  }
}

export function resourceKey(type: ResourceType): string {
  return `${type.group}/${type.version}/${type.plural}`;
}

/**
 * What a watch with `filter` says about a change: an object that comes into the selection is `ADDED`, one
 * that leaves it is `DELETED` with its last selected state.
 */
export function lineFor(change: Change, filter: ObjectFilter): WatchLine<KubeObject> | undefined {
  const { before, after } = change;
  const was = before !== undefined && filter(before);
  if (after !== undefined && filter(after))
    return { type: was ? 'MODIFIED' : 'ADDED', object: copyOf(after) };
  if (!was) return undefined;
  const object = copyOf(before);
  object.metadata.resourceVersion = String(change.version);
  return { type: 'DELETED', object };
}
