/** Somebody outside who watches every service of a namespace, and whether two ever have one address. */
import { type KubeApi, type Service, SERVICES, type WatchUpdate } from '@metallb-l2/sdk/kube';
import { ResourceObserver } from './resource-observer.ts';
import { until } from './until.ts';

export class ServiceObserver extends ResourceObserver<Service> {
  /** Addresses that two services had at one moment, with the names of both. */
  readonly conflicts: string[] = [];
  /** How often the watch had to begin anew: what happened just before was not seen. */
  gaps = 0;
  /** Changes of an address that a service had. */
  readonly moves: string[] = [];
  /** The address of each service there is; nothing for one that waits. */
  readonly addresses = new Map<string, string | undefined>();

  constructor(api: KubeApi, namespace: string) {
    super(api, SERVICES, namespace);
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

  protected override take(update: WatchUpdate<Service>): void {
    if (update.type === 'synced') {
      if (this.addresses.size > 0) this.gaps++;
      this.addresses.clear();
      for (const service of update.objects) this.#note(service);
    } else if (update.type === 'applied') this.#note(update.object);
    else if (update.type === 'deleted') this.addresses.delete(update.object.metadata.name ?? '');
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
