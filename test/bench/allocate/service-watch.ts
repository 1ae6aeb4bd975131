/** Follows which services have an address, and since when. */
import { type KubeApi, type Service, SERVICES } from '@metallb-l2/sdk/kube';

export class ServiceWatch {
  readonly #api: KubeApi;
  readonly #stop = new AbortController();
  readonly #addresses = new Map<string, string>();
  #done: Promise<void> = Promise.resolve();
  #lastServedAt = Number.NaN;
  #failure: Error | undefined;

  private constructor(api: KubeApi) {
    this.#api = api;
  }

  static async open(api: KubeApi, signal: AbortSignal): Promise<ServiceWatch> {
    const watch = new ServiceWatch(api);
    const { resourceVersion } = (await api.list(SERVICES, { signal })).metadata;
    watch.#done = watch.#follow(resourceVersion, AbortSignal.any([signal, watch.#stop.signal]));
    return watch;
  }

  /** How many services have an address. @throws when the watch has failed */
  get served(): number {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#addresses.size;
  }

  /** When a service got its first address last, on the clock of `performance.now()`. */
  get lastServedAt(): number {
    return this.#lastServedAt;
  }

  /** @throws when two services have one address */
  requireDistinctAddresses(): void {
    const distinct = new Set(this.#addresses.values()).size;
    if (distinct === this.#addresses.size) return;
    throw new Error(`${this.#addresses.size} services have only ${distinct} addresses between them`);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #follow(from: string, signal: AbortSignal): Promise<void> {
    let resourceVersion = from;
    try {
      while (!signal.aborted) {
        for await (const line of this.#api.watch(SERVICES, { resourceVersion, signal })) {
          if (line.type === 'BOOKMARK') {
            ({ resourceVersion } = line);
          } else {
            resourceVersion = line.object.metadata.resourceVersion ?? resourceVersion;
            this.#take(line.object);
          }
        }
      }
    } catch (error) {
      if (!signal.aborted)
        this.#failure = new Error('the services can be followed no more', { cause: error });
    }
  }

  #take({ metadata, status }: Service): void {
    const uid = metadata.uid ?? '';
    const ip = status?.loadBalancer?.ingress?.[0]?.ip;
    if (ip === undefined) {
      this.#addresses.delete(uid);
      return;
    }
    if (!this.#addresses.has(uid)) this.#lastServedAt = performance.now();
    this.#addresses.set(uid, ip);
  }
}
