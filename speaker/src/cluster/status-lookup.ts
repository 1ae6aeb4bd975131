/**
 * Asks the API server, not a cache, which status objects there are for a service. Questions that come
 * close together are answered by one list, since take-overs come in crowds: of the services asked for when
 * they are few, of all when they are many. Thousands of first announcements ask a few at a time, as their
 * objects come about, and would else read all that there are hundreds of times.
 */
import { type Clock, type KubeApi, listAll } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import { STATUS_LABELS } from '@metallb-l2/sdk/settings';
import type { ServiceKey } from './service-ref.js';
import { byAge, keyOf } from './status-object.js';

export interface StatusLookupOptions {
  namespace: string;
}

/** How long a question waits for others, in milliseconds. */
const BATCH_MS = 50;
/** So many services are asked for by name: of 63 characters each, they still fit into a URL. */
const BY_NAME = 64;

type Answer = ReadonlyMap<ServiceKey | undefined, readonly ServiceL2Status[]>;

export class StatusLookup {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #namespace: string;
  #batch: { readonly services: Set<ServiceKey>; readonly answer: Promise<Answer> } | undefined;

  constructor(deps: { api: KubeApi; clock: Clock }, options: StatusLookupOptions) {
    this.#api = deps.api;
    this.#clock = deps.clock;
    this.#namespace = options.namespace;
  }

  /** The objects of `service`, whoever wrote them, those to keep first. @throws KubeError */
  async find(service: ServiceKey, signal: AbortSignal): Promise<readonly ServiceL2Status[]> {
    if (this.#batch === undefined) {
      const services = new Set<ServiceKey>();
      this.#batch = { services, answer: this.#listSoon(services, signal) };
    }
    this.#batch.services.add(service);
    const answer = await this.#batch.answer;
    return answer.get(service) ?? [];
  }

  async #listSoon(services: ReadonlySet<ServiceKey>, signal: AbortSignal): Promise<Answer> {
    try {
      await this.#clock.sleep(BATCH_MS, signal);
    } finally {
      // A question from here on may be about a change that this list is too early to see.
      this.#batch = undefined;
    }
    const selection = services.size <= BY_NAME ? { labelSelector: selectorOf(services) } : {};
    const options = { namespace: this.#namespace, signal, ...selection };
    const { items } = await listAll(this.#api, SERVICE_L2_STATUSES, options);
    return Map.groupBy(items.sort(byAge), keyOf);
  }
}

/** Objects of all services with these names; those of other namespaces are told apart by their keys. */
function selectorOf(services: ReadonlySet<ServiceKey>): string {
  const names = new Set([...services].map((service) => service.slice(service.indexOf('/') + 1)));
  return `${STATUS_LABELS.serviceName} in (${[...names].join(',')})`;
}
