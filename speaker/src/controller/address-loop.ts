/**
 * Carries out the plan: on every change of services or pools it plans anew and has written what differs, one
 * write for each service, address and annotation together. It plans while writes are under way.
 */
import type { Clock, KubeApi, KubeError, Namespace, Random, Service } from '@metallb-l2/sdk/kube';
import { type IPAddressPool, METALLB_API_VERSION } from '@metallb-l2/sdk/models';
import { type EventNote, type EventRecorder, subjectOf } from '../cluster/events.js';
import type { Source } from '../cluster/spec-changes.js';
import { Notify } from '../notify.js';
import type { Health, Log, Meter } from '../ports.js';
import type { Decision } from './decision.js';
import { LatestServices } from './latest-services.js';
import { type ControllerMetrics, declareControllerMetrics } from './metrics.js';
import { type Plan, planAddresses } from './plan.js';
import type { RefusedPool } from './pools.js';
import { keyOf } from './service-request.js';
import { ServiceWrites } from './service-writes.js';

export interface AddressLoopDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meter: Meter;
  readonly health: Health;
  readonly events: EventRecorder;
  readonly services: Source<Service>;
  readonly pools: Source<IPAddressPool>;
  /** The only class of services that is served; undefined for those without one. */
  readonly loadBalancerClass?: string | undefined;
  readonly namespaces: Source<Namespace>;
  /** Is told each plan. */
  readonly onPlan: (plan: Plan) => void;
}

const SERVICE = { apiVersion: 'v1', kind: 'Service' };
const POOL = { apiVersion: METALLB_API_VERSION, kind: 'IPAddressPool' };
const LOOP = 'addresses';
/**
 * A plan looks at every service. After one that took a while nothing is planned for so many times as long, so
 * that in a large cluster what happens meanwhile is planned for together.
 */
const REST_FACTOR = 3;

export class AddressLoop {
  readonly #deps: AddressLoopDeps;
  readonly #metrics: ControllerMetrics;
  readonly #services: LatestServices;
  readonly #changed = new Notify();
  readonly #writes: ServiceWrites;
  /** What has been said of what stands, by UID of the service or pool. */
  readonly #said = new Map<string, string>();
  #settled: Plan['settled'] = new Map();

  constructor(deps: AddressLoopDeps) {
    this.#deps = deps;
    this.#metrics = declareControllerMetrics(deps.meter);
    this.#services = new LatestServices(() => deps.services.list());
    this.#writes = new ServiceWrites({
      ...deps,
      metrics: this.#metrics,
      services: this.#services,
      onWritten: (decision) => {
        this.#sayAll(decision);
      },
      onRefused: ({ service }, why) => {
        this.#sayNotWritten(service, why);
      },
      onProgress: () => {
        this.#changed.notify();
      },
    });
  }

  /** Works until `signal` is aborted. Gives nothing out before everything that is held is known. */
  async run(signal: AbortSignal): Promise<void> {
    const { services, pools, namespaces, health, clock } = this.#deps;
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const sources = [services, pools, namespaces];
    const unfollow = this.#changed.follow(sources);
    health.notReady(LOOP, 'services, pools and namespaces are not known yet');
    try {
      await Promise.all(sources.map((source) => source.ready(signal)));
      health.ready(LOOP);
      while (!signal.aborted) {
        const startedAt = clock.monotonic();
        health.busy(LOOP);
        const againInMs = this.#reconcile(either);
        health.idle(LOOP);
        const restMs = REST_FACTOR * (clock.monotonic() - startedAt);
        if (restMs > 0) await clock.sleep(restMs, signal);
        if (againInMs === undefined) await this.#changed.notified(signal);
        else await this.#changed.notifiedWithin(againInMs, clock, signal);
        if (this.#writes.failure !== undefined) throw this.#writes.failure.error;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      unfollow();
      ended.abort();
      this.#metrics.takeBack();
      await this.#writes.ended();
    }
  }

  /** Gives the milliseconds after which to plan again though nothing changes, if it is to. */
  #reconcile(signal: AbortSignal): number | undefined {
    const { pools, namespaces, loadBalancerClass } = this.#deps;
    const plan = planAddresses({
      services: this.#services.settled(),
      underWay: this.#services.underWay(),
      pools: pools.list(),
      namespaces: namespaces.list(),
      loadBalancerClass,
      settled: this.#settled,
    });
    this.#settled = plan.settled;
    this.#metrics.report(plan);
    this.#deps.onPlan(plan);
    this.#forget(plan.decisions, plan.refusedPools);
    for (const refused of plan.refusedPools) this.#sayRefusedPool(refused);
    for (const decision of plan.decisions) if (decision.write === undefined) this.#sayAll(decision);
    return this.#writes.begin(plan.decisions, signal);
  }

  #sayAll({ service, notices, standing }: Decision): void {
    for (const note of notices) this.#say(service, note);
    const uid = service.metadata.uid ?? '';
    if (standing === undefined || this.#said.get(uid) === standing.message) return;
    this.#said.set(uid, standing.message);
    this.#say(service, standing);
  }

  #sayNotWritten(service: Service, why: KubeError): void {
    const message = `the status of the service cannot be written: ${String(why)}`;
    this.#say(service, { type: 'Warning', reason: 'statusNotWritten', message });
  }

  #say(service: Service, note: EventNote): void {
    this.#deps.log.info({ service: keyOf(service), event: note.reason }, note.message);
    this.#deps.events.record(subjectOf(SERVICE, service), note);
  }

  #sayRefusedPool({ object, message }: RefusedPool): void {
    const uid = object.metadata.uid ?? '';
    if (this.#said.get(uid) === message) return;
    this.#said.set(uid, message);
    this.#deps.log.error({ pool: object.metadata.name }, message);
    this.#deps.events.record(subjectOf(POOL, object), {
      type: 'Warning',
      reason: 'ConfigurationError',
      message,
    });
  }

  /** What stands no longer may be said again when it comes back. */
  #forget(decisions: readonly Decision[], refusedPools: readonly RefusedPool[]): void {
    const current = new Set([
      ...decisions
        .filter(({ standing }) => standing !== undefined)
        .map(({ service }) => service.metadata.uid),
      ...refusedPools.map(({ object }) => object.metadata.uid),
    ]);
    for (const uid of this.#said.keys()) if (!current.has(uid)) this.#said.delete(uid);
  }
}
