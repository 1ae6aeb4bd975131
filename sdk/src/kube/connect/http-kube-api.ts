/** The {@link KubeApi} port over a real API server. */
import { KubeError, describeCall } from '../errors.js';
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
} from '../kube-api.js';
import { refOf } from '../object-ref.js';
import { parseList, parseObject, parseWatchLine } from './answers.js';
import type { CredentialSource } from './credentials.js';
import { type HttpRequest, HttpTransport } from './http-transport.js';
import { linesOf } from './lines.js';
import { queryOf, resourcePath, selectionOf } from './resource-url.js';

/** A connection to one API server. */
export interface KubeConnection extends KubeApi {
  /** URL of the API server. */
  readonly server: string;
  /** Namespace of the kubeconfig's context or of the pod, which is taken unless told otherwise. */
  readonly namespace: string | undefined;
  /** Ends every connection, those of calls and watches under way included. Calls fail from then on. */
  close(): void;
}

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  // Server-side apply takes YAML, of which JSON is a part.
  apply: 'application/apply-patch+yaml',
} as const;

export class HttpKubeApi implements KubeConnection {
  readonly server: string;
  readonly namespace: string | undefined;
  readonly #transport: HttpTransport;

  constructor(credentials: CredentialSource) {
    this.server = credentials.server;
    this.namespace = credentials.namespace;
    this.#transport = new HttpTransport(credentials);
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, limit, continue: token, signal, beforeSend } = options;
    const ref = namespace === undefined ? {} : { namespace };
    const operation = describeCall('list', type, ref);
    const query = queryOf({ ...selectionOf(options), limit, continue: token });
    const path = resourcePath(type, ref) + query;
    return parseList<T>(
      await this.#transport.send({ method: 'GET', path, operation, signal, beforeSend }),
      operation,
    );
  }

  async get<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    { signal, beforeSend }: CallOptions = {},
  ): Promise<T> {
    const operation = describeCall('get', type, ref);
    const path = resourcePath(type, ref);
    return this.#sendForObject({ method: 'GET', path, operation, signal, beforeSend });
  }

  async create<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    { signal, beforeSend }: CallOptions = {},
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    const operation = describeCall('create', type, refOf(object));
    if (type.namespaced && namespace === undefined) {
      const message = `metadata.namespace of "${name ?? ''}" is missing`;
      throw new KubeError('BadRequest', message, { operation });
    }
    const path = resourcePath(type, namespace === undefined ? {} : { namespace });
    const body = jsonOf(type, object);
    return this.#sendForObject({ method: 'POST', path, body, operation, signal, beforeSend });
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T> {
    const { subresource, fieldManager, force, signal, beforeSend } = options;
    const operation = describeCall('patch', type, ref, subresource);
    const path = resourcePath(type, ref, subresource) + queryOf({ fieldManager, force });
    const body = { contentType: PATCH_TYPES[options.type], json: patch };
    return this.#sendForObject({ method: 'PATCH', path, body, operation, signal, beforeSend });
  }

  async replace<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    { subresource, signal, beforeSend }: CallOptions & { subresource?: 'status' } = {},
  ): Promise<T> {
    const ref = refOf(object);
    const operation = describeCall('replace', type, ref, subresource);
    const path = resourcePath(type, ref, subresource);
    const body = jsonOf(type, object);
    return this.#sendForObject({ method: 'PUT', path, body, operation, signal, beforeSend });
  }

  async delete<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    { preconditions, propagationPolicy, signal, beforeSend }: DeleteOptions = {},
  ): Promise<void> {
    const json = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy };
    await this.#transport.send({
      method: 'DELETE',
      path: resourcePath(type, ref),
      body: { contentType: 'application/json', json },
      operation: describeCall('delete', type, ref),
      signal,
      beforeSend,
    });
  }

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchLine<T>, void> {
    const { namespace, timeoutSeconds, idleTimeoutMs, signal, beforeSend } = options;
    const ref = namespace === undefined ? {} : { namespace };
    const operation = describeCall('watch', type, ref);
    const query = queryOf({
      ...selectionOf(options),
      watch: true,
      allowWatchBookmarks: true,
      timeoutSeconds,
    });
    const path = resourcePath(type, ref) + query;
    const chunks = this.#transport.stream(
      { method: 'GET', path, operation, signal, beforeSend },
      idleTimeoutMs,
    );
    const taken: WatchLine<T> = { type: 'BOOKMARK', resourceVersion: options.resourceVersion };
    for await (const line of linesOf(chunks)) yield line === '' ? taken : parseWatchLine<T>(line, operation);
  }

  close(): void {
    this.#transport.close();
  }

  /** For calls whose answer is the object they are about. */
  async #sendForObject<T extends KubeObject>(request: HttpRequest): Promise<T> {
    return parseObject(await this.#transport.send(request), request.operation) as T;
  }
}

/** Objects from a list may lack what says their kind, and custom resources are refused without it. */
function jsonOf(type: ResourceType, object: KubeObject): { contentType: string; json: unknown } {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { contentType: 'application/json', json: { apiVersion, kind: type.kind, ...object } };
}
