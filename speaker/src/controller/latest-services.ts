/**
 * The services as this controller knows them: the cache, corrected by what the controller itself wrote
 * and the cache has not shown yet. Without it a plan made right after a write would hand the same address
 * out again.
 */
import type { Service } from '@metallb-l2/sdk/kube';

interface Correction {
  readonly object: Service;
  /** The cache has caught up once it shows at least this version of the service. */
  readonly caughtUpAt: bigint;
}

export class LatestServices {
  readonly #cached: () => readonly Service[];
  /** By UID. */
  readonly #corrections = new Map<string, Correction>();

  /** @param cached what the cache holds now */
  constructor(cached: () => readonly Service[]) {
    this.#cached = cached;
  }

  list(): readonly Service[] {
    const cached = this.#cached();
    if (this.#corrections.size === 0) return cached;
    const seen = new Set<string>();
    const services = cached.map((service) => {
      const uid = service.metadata.uid ?? '';
      seen.add(uid);
      const correction = this.#corrections.get(uid);
      if (correction === undefined) return service;
      if (versionOf(service) < correction.caughtUpAt) return correction.object;
      this.#corrections.delete(uid);
      return service;
    });
    for (const uid of this.#corrections.keys()) if (!seen.has(uid)) this.#corrections.delete(uid);
    return services;
  }

  /** The API server has answered with `service`. */
  remember(service: Service): void {
    this.#correct(service, versionOf(service));
  }

  /** `intended` was sent and the answer is not known: it counts until something newer is seen. */
  doubt(intended: Service): void {
    this.#correct(intended, versionOf(intended) + 1n);
  }

  #correct(object: Service, caughtUpAt: bigint): void {
    this.#corrections.set(object.metadata.uid ?? '', { object, caughtUpAt });
  }
}

/** Versions of one resource are decimal numbers that only grow (Kubernetes API concepts, since 1.35). */
function versionOf({ metadata }: Service): bigint {
  return BigInt(metadata.resourceVersion ?? '0');
}
