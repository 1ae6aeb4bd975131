/**
 * Carries out the plan: on every change of services or pools it plans anew and writes what differs, one
 * write for each service, address and annotation together.
 *
 * It plans while writes are under way, so one that takes its time holds nobody else up. A write carries the
 * resourceVersion the plan was made from. Until its outcome is known, and after a failure of any kind that
 * takes reading the service again, what the service had and what it was to get stay reserved.
 */
import {
  backoffDelayMs,
  type Clock,
  isKubeError,
  type KubeApi,
  type KubeError,
  type Namespace,
  type Random,
  type Service,
  SERVICES,
} from '@metallb-l2/sdk/kube';
import { type IPAddressPool, METALLB_API_VERSION } from '@metallb-l2/sdk/models';
import { type EventNote, type EventRecorder, subjectOf } from '../cluster/events.js';
import { Limiter } from '../cluster/limiter.js';
import type { Source } from '../cluster/spec-changes.js';
import { Notify } from '../notify.js';
import type { Health, Log, Meter } from '../ports.js';
import { LatestServices } from './latest-services.js';
import { type ControllerMetrics, declareControllerMetrics } from './metrics.js';
import type { Decision } from './decision.js';
import { type Plan, planAddresses } from './plan.js';
import type { RefusedPool } from './pools.js';
import { keyOf } from './service-request.js';

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
/** Enough to keep an API server's latency from adding up, few enough not to crowd it. */
const PARALLEL_WRITES = 32;
/** Writes begun or waiting for their turn. More of them would be out of date when it comes. */
const MOST_UNDER_WAY = 512;
const RETRY = { initialMs: 100, maxMs: 60_000 };
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
  readonly #limiter = new Limiter(PARALLEL_WRITES);
  /** Writes under way, by UID. */
  readonly #writes = new Map<string, Promise<void>>();
  /** Failed writes in a row, by UID. */
  readonly #failures = new Map<string, number>();
  /** What has been said of what stands, by UID of the service or pool. */
  readonly #said = new Map<string, string>();
  #settled: Plan['settled'] = new Map();
  /** What should never have been thrown ends the loop. */
  #failure: { readonly error: unknown } | undefined;

  constructor(deps: AddressLoopDeps) {
    this.#deps = deps;
    this.#metrics = declareControllerMetrics(deps.meter);
    this.#services = new LatestServices(() => deps.services.list());
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
        const startedAt = clock.now();
        health.busy(LOOP);
        this.#reconcile(either);
        health.idle(LOOP);
        const restMs = REST_FACTOR * (clock.now() - startedAt);
        if (restMs > 0) await clock.sleep(restMs, signal);
        await this.#changed.notified(signal);
        if (this.#failure !== undefined) throw this.#failure.error;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      unfollow();
      ended.abort();
      this.#metrics.takeBack();
      await Promise.all(this.#writes.values());
    }
  }

  #reconcile(signal: AbortSignal): void {
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
    for (const decision of plan.decisions) {
      if (decision.write === undefined) this.#sayAll(decision);
      else if (this.#writes.size < MOST_UNDER_WAY) this.#begin(decision, decision.write, signal);
    }
    // Those that need no other try have none to count.
    for (const uid of this.#failures.keys()) if (!this.#writes.has(uid)) this.#failures.delete(uid);
  }

  #begin(decision: Decision, write: Service, signal: AbortSignal): void {
    const uid = write.metadata.uid ?? '';
    this.#services.begin(uid, { service: decision.service, write });
    const outcome = this.#carryOut(decision, write, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#failure = { error };
      })
      .then(() => {
        this.#writes.delete(uid);
        // What this write has freed may be what another service waits for.
        this.#changed.notify();
      });
    this.#writes.set(uid, outcome);
  }

  /** Writes, or reads again in a while when that fails: either way the outcome is known in the end. */
  async #carryOut(decision: Decision, write: Service, signal: AbortSignal): Promise<void> {
    const uid = write.metadata.uid ?? '';
    let current: Service | undefined;
    try {
      current = await this.#limiter.run(() => this.#write(write, signal));
      this.#failures.delete(uid);
      this.#metrics.countWrite();
      this.#sayAll(decision);
    } catch (error) {
      signal.throwIfAborted();
      if (!isKubeError(error)) throw error;
      const failures = (this.#failures.get(uid) ?? 0) + 1;
      this.#failures.set(uid, failures);
      this.#metrics.countFailedWrite();
      const level = error.code === 'Conflict' || error.code === 'NotFound' ? 'debug' : 'warn';
      this.#deps.log[level]({ service: keyOf(write), err: error, failures }, 'writing a service failed');
      current = await this.#readAgain(write, error, signal);
    } finally {
      this.#services.settle(uid, current);
    }
  }

  #write(service: Service, signal: AbortSignal): Promise<Service> {
    signal.throwIfAborted();
    return this.#deps.api.replace(SERVICES, service, { subresource: 'status', signal });
  }

  /** The service as it is now, after it could not be written; undefined when it is gone. */
  async #readAgain({ metadata }: Service, why: KubeError, signal: AbortSignal): Promise<Service | undefined> {
    const { api, clock, random, log } = this.#deps;
    const { uid = '', namespace = '', name = '' } = metadata;
    let { retryAfterMs = 0 } = why;
    for (let attempt = this.#failures.get(uid) ?? 1; ; attempt += 1) {
      await clock.sleep(Math.max(backoffDelayMs(RETRY, attempt - 1, random), retryAfterMs), signal);
      try {
        const read = () => api.get(SERVICES, { namespace, name }, { signal });
        const current = await this.#limiter.run(read);
        return current.metadata.uid === uid ? current : undefined;
      } catch (error) {
        signal.throwIfAborted();
        if (!isKubeError(error)) throw error;
        if (error.code === 'NotFound') return undefined;
        ({ retryAfterMs = 0 } = error);
        log.warn({ service: `${namespace}/${name}`, err: error }, 'reading a service again failed');
      }
    }
  }

  #sayAll({ service, notices, standing }: Decision): void {
    for (const note of notices) this.#say(service, note);
    const uid = service.metadata.uid ?? '';
    if (standing === undefined || this.#said.get(uid) === standing.message) return;
    this.#said.set(uid, standing.message);
    this.#say(service, standing);
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
