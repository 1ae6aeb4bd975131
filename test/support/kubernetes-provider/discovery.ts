/** Where the API server serves a kind. Answers are kept; a kind that is missing is asked for again. */
import { isStatus, NoMatchError } from './errors.ts';
import type { KubeClient } from './kube-client.ts';
import { apiVersionOf, type GroupVersionKind } from './kinds.ts';

export interface Endpoint {
  readonly plural: string;
  readonly namespaced: boolean;
  /** The URL path of the group and version. */
  readonly root: string;
}

/** Knows the kinds of one API server. */
export class Discovery {
  readonly #client: KubeClient;
  readonly #known = new Map<string, Promise<ReadonlyMap<string, Endpoint>>>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /**
   * The endpoint of a kind.
   *
   * @throws NoMatchError when the API server does not know the kind
   */
  async endpoint(kind: GroupVersionKind, signal: AbortSignal): Promise<Endpoint> {
    const apiVersion = apiVersionOf(kind);
    const cached = this.#known.get(apiVersion);
    const known = (await cached)?.get(kind.kind);
    if (known !== undefined) return known;
    // Calls that miss at the same time share one look.
    if (this.#known.get(apiVersion) === cached) this.#known.set(apiVersion, this.#load(kind, signal));
    const endpoint = (await this.#known.get(apiVersion))?.get(kind.kind);
    if (endpoint === undefined) throw new NoMatchError(kind);
    return endpoint;
  }

  /** Forgets everything: a CRD was made or changed. */
  reset(): void {
    this.#known.clear();
  }

  async #load(kind: GroupVersionKind, signal: AbortSignal): Promise<ReadonlyMap<string, Endpoint>> {
    const apiVersion = apiVersionOf(kind);
    const root = kind.group === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
    try {
      const list = (await this.#client.call(root, { signal })) as unknown as ResourceList;
      return new Map(
        list.resources
          .filter(({ name }) => !name.includes('/'))
          .map(({ name, kind: served, namespaced }) => [served, { plural: name, namespaced, root }]),
      );
    } catch (error) {
      if (isStatus(error, 404)) return new Map();
      this.#known.delete(apiVersion);
      throw error;
    }
  }
}

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean }[];
}
