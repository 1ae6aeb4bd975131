/** Somebody outside who watches every service of a namespace, and whether two ever have one address. */
import {
  type KubeApi,
  type Service,
  SERVICES,
  systemClock,
  systemRandom,
  watchResource,
} from '@metallb-l2/sdk/kube';
import { until } from './until.ts';

export class ServiceObserver {
  /** Addresses that two services had at one moment, with the names of both. */
  readonly conflicts: string[] = [];
  /** How often the watch had to begin anew: what happened just before was not seen. */
  gaps = 0;
  /** Changes of an address that a service had. */
  readonly moves: string[] = [];
  /** The address of each service there is; nothing for one that waits. */
  readonly addresses = new Map<string, string | undefined>();
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<undefined>();
  readonly #ended: Promise<void>;

  constructor(api: KubeApi, namespace: string) {
    this.#ended = this.#watch(api, namespace);
  }

  /** Resolves once the watch is under way. */
  async ready(): Promise<void> {
    await this.#synced.promise;
  }

  /** How many services have an address. */
  get served(): number {
    return [...this.addresses.values()].filter((address) => address !== undefined).length;
  }

  /** Waits until `count` services are there and at least `served` of them have an address. */
  until(served: number, count = served): Promise<void> {
    const what = `${served} of ${count} services have an address`;
    return until(what, () => Promise.resolve(this.addresses.size >= count && this.served >= served), 90_000);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #watch(api: KubeApi, namespace: string): Promise<void> {
    const deps = { api, clock: systemClock, random: systemRandom };
    for await (const update of watchResource(deps, SERVICES, { namespace }, this.#stop.signal)) {
      if (update.type === 'synced') {
        if (this.addresses.size > 0) this.gaps++;
        this.addresses.clear();
        for (const service of update.objects) this.#note(service);
        this.#synced.resolve(undefined);
      } else if (update.type === 'applied') this.#note(update.object);
      else if (update.type === 'deleted') this.addresses.delete(update.object.metadata.name ?? '');
    }
  }

  #note({ metadata: { name = '' }, status }: Service): void {
    const address = status?.loadBalancer?.ingress?.[0]?.ip;
    const before = this.addresses.get(name);
    if (before !== undefined && before !== address)
      this.moves.push(`${name}: ${before} to ${address ?? 'none'}`);
    this.addresses.set(name, address);
    if (address === undefined) return;
    for (const [other, theirs] of this.addresses) {
      if (other !== name && theirs === address) this.conflicts.push(`${address}: ${other} and ${name}`);
    }
  }
}
