/**
 * Asks the API server, not a cache, which status objects there are for a service. Questions that come
 * close together are answered by one list, since take-overs come in crowds.
 */
import type { Clock, KubeApi } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import type { ServiceKey } from './service-ref.js';
import { byAge, keyOf } from './status-object.js';

export interface StatusLookupOptions {
  namespace: string;
}

/** How long a question waits for others, in milliseconds. */
const BATCH_MS = 50;

type Answer = ReadonlyMap<ServiceKey | undefined, readonly ServiceL2Status[]>;

export class StatusLookup {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #namespace: string;
  #batch: Promise<Answer> | undefined;

  constructor(deps: { api: KubeApi; clock: Clock }, options: StatusLookupOptions) {
    this.#api = deps.api;
    this.#clock = deps.clock;
    this.#namespace = options.namespace;
  }

  /** The objects of `service`, whoever wrote them, those to keep first. @throws KubeError */
  async find(service: ServiceKey, signal: AbortSignal): Promise<readonly ServiceL2Status[]> {
    this.#batch ??= this.#listSoon(signal);
    const answer = await this.#batch;
    return answer.get(service) ?? [];
  }

  async #listSoon(signal: AbortSignal): Promise<Answer> {
    try {
      await this.#clock.sleep(BATCH_MS, signal);
    } finally {
      // A question from here on may be about a change that this list is too early to see.
      this.#batch = undefined;
    }
    const { items } = await this.#api.list(SERVICE_L2_STATUSES, { namespace: this.#namespace, signal });
    return Map.groupBy(items.sort(byAge), keyOf);
  }
}
