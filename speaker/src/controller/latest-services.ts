/**
 * The services as this controller knows them: the cache, corrected by what the API server has answered and
 * the cache has not shown yet, and apart from them those that are being written. Without it a plan made
 * right after a write would hand the same address out again.
 */
import type { Service } from '@metallb-l2/sdk/kube';
import type { WriteUnderWay } from './plan.js';

export class LatestServices {
  readonly #cached: () => readonly Service[];
  /** What the API server has answered, by UID, until the cache shows at least that version. */
  readonly #answers = new Map<string, Service>();
  /** By UID. */
  readonly #underWay = new Map<string, WriteUnderWay>();

  /** @param cached what the cache holds now */
  constructor(cached: () => readonly Service[]) {
    this.#cached = cached;
  }

  /** Those that are not being written. */
  settled(): readonly Service[] {
    const cached = this.#cached();
    if (this.#answers.size === 0 && this.#underWay.size === 0) return cached;
    const seen = new Set<string>();
    const services: Service[] = [];
    for (const service of cached) {
      const uid = service.metadata.uid ?? '';
      seen.add(uid);
      if (!this.#underWay.has(uid)) services.push(this.#latest(uid, service));
    }
    for (const uid of this.#answers.keys()) if (!seen.has(uid)) this.#answers.delete(uid);
    return services;
  }

  /** Writes whose outcome is not known. */
  underWay(): readonly WriteUnderWay[] {
    return [...this.#underWay.values()];
  }

  /** From now on `write` may have arrived, or may not. */
  begin(uid: string, write: WriteUnderWay): void {
    this.#underWay.set(uid, write);
  }

  /** The API server has said what became of the write: the service as it is now, or that it is gone. */
  settle(uid: string, answer: Service | undefined): void {
    this.#underWay.delete(uid);
    if (answer !== undefined) this.#answers.set(uid, answer);
  }

  #latest(uid: string, cached: Service): Service {
    const answer = this.#answers.get(uid);
    if (answer === undefined) return cached;
    if (versionOf(cached) < versionOf(answer)) return answer;
    this.#answers.delete(uid);
    return cached;
  }
}

/** Versions of one resource are decimal numbers that only grow (Kubernetes API concepts, since 1.35). */
function versionOf({ metadata }: Service): bigint {
  return BigInt(metadata.resourceVersion ?? '0');
}
