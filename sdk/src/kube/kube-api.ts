/**
 * The Kubernetes API as this project needs it: a port of seven calls, so that everything above it runs
 * unchanged over the real API server and over the in-memory one of the tests.
 *
 * Objects travel as plain JSON: timestamps stay RFC 3339 strings, unknown fields are kept.
 */

/** One kind of resource, as the API server addresses it. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** API group; empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower-case plural, the name in the URL. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Carries the object's type only; never present at run time. */
  readonly __object?: T;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  /** RFC 3339. */
  creationTimestamp?: string;
  /** RFC 3339; present once deletion was asked for. */
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** Names one object; `namespace` is left out for cluster-scoped kinds. */
export interface ObjectRef {
  namespace?: string;
  name: string;
}

export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Called right before the request leaves, after every wait for credentials or a connection. What it throws
   * the call rejects with, and then nothing was sent.
   */
  beforeSend?: () => void;
}

export interface ListOptions extends CallOptions {
  /** One namespace, or all of them when left out. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Most objects in one page. */
  limit?: number;
  /** The token of the page before. */
  continue?: string;
  resourceVersion?: string;
}

export interface KubeList<T> {
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: T[];
}

export interface WatchOptions extends CallOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion: string;
  /** After this many seconds the server ends the stream by itself. */
  timeoutSeconds?: number;
  /**
   * Longest silence on the stream, in milliseconds, before it is given up as half open
   * (rejects with code `Timeout`).
   */
  idleTimeoutMs?: number;
}

/** One line of a watch stream. An `ERROR` line is thrown as a {@link KubeError} and never delivered. */
export type WatchLine<T> =
  { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T } | { type: 'BOOKMARK'; resourceVersion: string };

export interface PatchOptions extends CallOptions {
  /** `merge` is RFC 7386, `json` is RFC 6902 (then the body is an array), `apply` is server-side apply. */
  type: 'merge' | 'json' | 'apply';
  subresource?: 'status';
  /** Required with `apply`. */
  fieldManager?: string;
  /** With `apply`: take fields over from other managers. */
  force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** The delete is refused (`Conflict`) unless the object still has this UID and resourceVersion. */
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/**
 * The port. Every method rejects with a `KubeError` (see `errors.ts`) for what the server or the network
 * answers, and with the signal's reason when aborted. No method retries.
 */
export interface KubeApi {
  /** One page of a list. */
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<T>>;
  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options?: CallOptions): Promise<T>;
  /** Creates `object`; its namespace is taken from `object.metadata.namespace`. */
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: CallOptions): Promise<T>;
  /** A `resourceVersion` inside a merge patch's metadata is a precondition (`Conflict` when it is stale). */
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T>;
  /** PUT of the whole object, or of its `/status`; `metadata.resourceVersion` is the precondition. */
  replace<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options?: CallOptions & { subresource?: 'status' },
  ): Promise<T>;
  delete<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /**
   * A watch stream from `resourceVersion` on, with bookmarks; one of that version comes as soon as the server
   * has taken the watch. Ends when the server ends it.
   */
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchLine<T>>;
}
