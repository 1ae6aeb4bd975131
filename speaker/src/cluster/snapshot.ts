/**
 * The part of the cluster that announcements depend on. Caches are kept by watches; a snapshot is what
 * they held at one moment, resolved, and does not change afterwards.
 */
import { resolveLayer2Config, type Layer2Config } from '@metallb-l2/sdk/election';
import {
  ENDPOINT_SLICES,
  NODES,
  ResourceCache,
  SERVICE_NAME_LABEL,
  SERVICES,
  type EndpointSlice,
  type KubeObject,
  type Node,
  type Service,
  type WatchDeps,
} from '@metallb-l2/sdk/kube';
import {
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  type IPAddressPool,
  type L2Advertisement,
} from '@metallb-l2/sdk/models';
import type { Log } from '../ports.js';
import { sayProblems } from './say-problems.js';
import { refOf, serviceKey, type ServiceKey } from './service-ref.js';
import { withoutStatusChanges } from './spec-changes.js';

export interface ClusterObjects {
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly nodes: readonly Node[];
  readonly pools: readonly IPAddressPool[];
  readonly advertisements: readonly L2Advertisement[];
  /** The only class of services that is announced; undefined for those without one. */
  readonly loadBalancerClass?: string | undefined;
}

export interface ClusterSnapshot {
  /** Services of type LoadBalancer. */
  readonly services: ReadonlyMap<ServiceKey, Service>;
  readonly endpointSlices: ReadonlyMap<ServiceKey, readonly EndpointSlice[]>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly config: Layer2Config;
  readonly loadBalancerClass: string | undefined;
}

/** Resolves what the caches hold. */
export function takeSnapshot(objects: ClusterObjects): ClusterSnapshot {
  return {
    services: new Map(
      objects.services
        .filter(({ spec }) => spec?.type === 'LoadBalancer')
        .map((service) => [serviceKey(refOf(service)), service]),
    ),
    endpointSlices: Map.groupBy(objects.endpointSlices, (slice) =>
      serviceKey({ ...refOf(slice), name: slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? '' }),
    ),
    nodes: new Map(objects.nodes.map((node) => [refOf(node).name, node])),
    config: resolveLayer2Config(objects),
    loadBalancerClass: objects.loadBalancerClass,
  };
}

/** What of the cluster is looked at. */
export interface ClusterScope {
  /** Where pools and advertisements are looked for. */
  readonly namespace: string;
  /** The only class of services that is announced; undefined for those without one. */
  readonly loadBalancerClass?: string | undefined;
}

/** The caches behind the snapshots. */
export class ClusterWatch {
  readonly #log: Log;
  readonly #services: ResourceCache<Service>;
  readonly #endpointSlices: ResourceCache<EndpointSlice>;
  readonly #nodes: ResourceCache<Node>;
  readonly #pools: ResourceCache<IPAddressPool>;
  readonly #advertisements: ResourceCache<L2Advertisement>;
  readonly #loadBalancerClass: string | undefined;

  constructor(deps: WatchDeps & { log: Log }, { namespace, loadBalancerClass }: ClusterScope) {
    this.#log = deps.log;
    this.#loadBalancerClass = loadBalancerClass;
    this.#services = new ResourceCache(deps, SERVICES);
    this.#endpointSlices = new ResourceCache(deps, ENDPOINT_SLICES);
    this.#nodes = new ResourceCache(deps, NODES);
    this.#pools = new ResourceCache(deps, IP_ADDRESS_POOLS, { namespace });
    this.#advertisements = new ResourceCache(deps, L2_ADVERTISEMENTS, { namespace });
  }

  /** Keeps the caches current until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const caches = this.#caches();
    const unsubscribes = caches.map(([what, cache]) => sayProblems(this.#log, what, cache));
    await Promise.all(caches.map(([, cache]) => cache.run(signal)));
    unsubscribes.forEach((unsubscribe) => unsubscribe());
  }

  /** Resolves once every cache has been filled. */
  async ready(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#caches().map(([, cache]) => cache.ready(signal)));
  }

  /** What the cluster looks like now. */
  snapshot(): ClusterSnapshot {
    return takeSnapshot({
      services: this.#services.list(),
      endpointSlices: this.#endpointSlices.list(),
      nodes: this.#nodes.list(),
      pools: this.#pools.list(),
      advertisements: this.#advertisements.list(),
      loadBalancerClass: this.#loadBalancerClass,
    });
  }

  /** Calls `listener` after each change that announcements may depend on; returns what ends that. */
  subscribe(listener: () => void): () => void {
    let known = electionView(this.#nodes.list());
    const onNodeChange = () => {
      const now = electionView(this.#nodes.list());
      if (now === known) return;
      known = now;
      listener();
    };
    const unsubscribes = this.#caches().map(([, cache]) =>
      cache === (this.#pools as ResourceCache<KubeObject>)
        ? withoutStatusChanges(cache).subscribe(listener)
        : cache.subscribe(cache === this.#nodes ? onNodeChange : listener),
    );
    return () => unsubscribes.forEach((unsubscribe) => unsubscribe());
  }

  #caches(): readonly (readonly [what: string, cache: ResourceCache<KubeObject>])[] {
    return [
      ['services', this.#services],
      ['endpoint slices', this.#endpointSlices],
      ['nodes', this.#nodes],
      ['address pools', this.#pools],
      ['advertisements', this.#advertisements],
    ] as [string, ResourceCache<KubeObject>][];
  }
}

/**
 * What the election sees of nodes. Kubelets write the rest of a node's status every few seconds to minutes; deciding
 * about thousands of services each time would be most of what a speaker at rest does.
 */
function electionView(nodes: readonly Node[]): string {
  const views = nodes.map(({ metadata: { name, labels }, status }) => {
    const conditions = (status?.conditions ?? []).map(({ type, status: value }) => [type, value]);
    return JSON.stringify([name, labels, conditions]);
  });
  return views.sort().join('\n');
}
