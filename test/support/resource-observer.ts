/** Somebody outside who watches every object of one kind in a namespace. */
import {
  type KubeApi,
  type KubeObject,
  type ResourceType,
  systemClock,
  systemRandom,
  watchResource,
  type WatchUpdate,
} from '@metallb-l2/sdk/kube';

/** Watches from the moment it is made until it is stopped. */
export abstract class ResourceObserver<T extends KubeObject> {
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<undefined>();
  readonly #ended: Promise<void>;

  constructor(api: KubeApi, type: ResourceType<T>, namespace: string) {
    this.#ended = this.#watch(api, type, namespace);
  }

  /** Gets all that the watch tells, and nothing before the constructor has returned. */
  protected abstract take(update: WatchUpdate<T>): void;

  /** Resolves once the watch is under way. */
  async ready(): Promise<void> {
    await this.#synced.promise;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #watch(api: KubeApi, type: ResourceType<T>, namespace: string): Promise<void> {
    const deps = { api, clock: systemClock, random: systemRandom };
    for await (const update of watchResource(deps, type, { namespace }, this.#stop.signal)) {
      this.take(update);
      if (update.type === 'synced') this.#synced.resolve(undefined);
    }
  }
}
