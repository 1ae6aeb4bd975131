/** Single objects of any kind on the API server, addressed by what they say of themselves. */
import type { Discovery } from './discovery.ts';
import { isCrd, kindOf, nameOf, namespaceOf, type GroupVersionKind } from './kinds.ts';
import type { Call, KubeClient } from './kube-client.ts';
import { isObject, omit, textOf, type Properties, type Value } from './properties.ts';

/** Names one object; `namespace` is ignored for a kind that has none. */
export interface Reference {
  readonly kind: GroupVersionKind;
  readonly namespace: string;
  readonly name: string;
}

export interface WriteOptions {
  readonly fieldManager: string;
  /** Asks what would happen and changes nothing. */
  readonly dryRun: boolean;
  readonly onWarning: (text: string) => void;
}

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

/** The objects of one cluster. Every method rejects with the errors of `errors.ts`; none repeats a call. */
export class Objects {
  readonly #client: KubeClient;
  readonly #discovery: Discovery;
  readonly #signal: AbortSignal;

  constructor(client: KubeClient, discovery: Discovery, signal: AbortSignal) {
    this.#client = client;
    this.#discovery = discovery;
    this.#signal = signal;
  }

  /** Whether the kind's objects live in a namespace. */
  async isNamespaced(kind: GroupVersionKind): Promise<boolean> {
    return (await this.#discovery.endpoint(kind, this.#signal)).namespaced;
  }

  async get(reference: Reference): Promise<Properties> {
    return this.#call(await this.#path(reference), {});
  }

  /** The objects of a namespace that carry all of `labels`. */
  async list(kind: GroupVersionKind, namespace: string, labels: Properties): Promise<Properties[]> {
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${textOf(value)}`)
      .join(',');
    const path = await this.#path({ kind, namespace, name: '' });
    const { items } = await this.#call(path, { query: { labelSelector } });
    return Array.isArray(items) ? items.filter(isObject) : [];
  }

  async create(object: Properties, options: WriteOptions): Promise<Properties> {
    const path = await this.#path({ ...referenceTo(object), name: '' });
    const body = await this.#placed(object);
    return this.#changed(object, await this.#write('POST', path, body, 'application/json', options));
  }

  /** Server-side apply. `force` takes the fields of other managers over; without it they are a conflict (409). */
  async apply(object: Properties, options: WriteOptions & { force: boolean }): Promise<Properties> {
    const path = await this.#path(referenceTo(object));
    const body = await this.#placed(object);
    const written = await this.#write('PATCH', path, body, 'application/apply-patch+yaml', options, {
      force: options.force,
    });
    return this.#changed(object, written);
  }

  /** Puts `object` in the place of the live one, whose `resourceVersion` it must carry. */
  async replace(object: Properties, options: WriteOptions): Promise<Properties> {
    const path = await this.#path(referenceTo(object));
    return this.#changed(object, await this.#write('PUT', path, object, 'application/json', options));
  }

  /** RFC 6902. */
  async jsonPatch(reference: Reference, patch: Value): Promise<Properties> {
    return this.#call(await this.#path(reference), {
      method: 'PATCH',
      body: patch,
      contentType: 'application/json-patch+json',
    });
  }

  async delete(reference: Reference, propagationPolicy: Propagation): Promise<void> {
    await this.#call(await this.#path(reference), { method: 'DELETE', body: { propagationPolicy } });
  }

  async #path({ kind, namespace, name }: Reference): Promise<string> {
    const { root, plural, namespaced } = await this.#discovery.endpoint(kind, this.#signal);
    return [
      root,
      ...(namespaced ? ['namespaces', encodeURIComponent(namespace || 'default')] : []),
      plural,
      ...(name === '' ? [] : [encodeURIComponent(name)]),
    ].join('/');
  }

  /** Before its CRD was there, a cluster-scoped object was taken for a namespaced one. */
  async #placed(object: Properties): Promise<Properties> {
    const { metadata } = object;
    if (!isObject(metadata) || (await this.isNamespaced(kindOf(object, '')))) return object;
    return { ...object, metadata: omit(metadata, ['namespace']) };
  }

  #write(
    method: 'POST' | 'PUT' | 'PATCH',
    path: string,
    body: Properties,
    contentType: string,
    { fieldManager, dryRun, onWarning }: WriteOptions,
    query: Call['query'] = {},
  ): Promise<Properties> {
    return this.#call(path, {
      method,
      body,
      contentType,
      onWarning,
      query: { ...query, fieldManager, fieldValidation: 'Warn', dryRun: dryRun ? 'All' : undefined },
    });
  }

  #call(path: string, call: Omit<Call, 'signal'>): Promise<Properties> {
    return this.#client.call(path, { ...call, signal: this.#signal });
  }

  #changed(object: Properties, written: Properties): Properties {
    if (isCrd(kindOf(object, ''))) this.#discovery.reset();
    return written;
  }
}

export function referenceTo(object: Properties, type = ''): Reference {
  return { kind: kindOf(object, type), namespace: namespaceOf(object), name: nameOf(object) };
}
