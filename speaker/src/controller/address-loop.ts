/**
 * Carries out the plan: on every change of services or pools it plans anew and writes what differs, one
 * write for each service, address and annotation together.
 *
 * A write carries the resourceVersion the plan was made from. Whenever one fails, for whatever reason,
 * what it meant to give stays reserved until the service has been read again.
 */
import {
  backoffDelayMs,
  type Clock,
  isKubeError,
  type KubeApi,
  type Random,
  type Service,
  SERVICES,
} from '@metallb-l2/sdk/kube';
import { type IPAddressPool, METALLB_API_VERSION } from '@metallb-l2/sdk/models';
import { type EventRecorder, subjectOf } from '../cluster/events.js';
import { Limiter } from '../cluster/limiter.js';
import type { Source } from '../cluster/spec-changes.js';
import { Notify } from '../notify.js';
import type { Health, Log, Meter } from '../ports.js';
import { LatestServices } from './latest-services.js';
import { type ControllerMetrics, declareControllerMetrics } from './metrics.js';
import { type Decision, type Plan, planAddresses } from './plan.js';
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
  /** Is told each plan. */
  readonly onPlan: (plan: Plan) => void;
}

const SERVICE = { apiVersion: 'v1', kind: 'Service' };
const POOL = { apiVersion: METALLB_API_VERSION, kind: 'IPAddressPool' };
const LOOP = 'addresses';
/** Enough to keep an API server's latency from adding up, few enough not to crowd it. */
const PARALLEL_WRITES = 8;
const RETRY = { initialMs: 200, maxMs: 60_000 };

export class AddressLoop {
  readonly #deps: AddressLoopDeps;
  readonly #metrics: ControllerMetrics;
  readonly #services: LatestServices;
  readonly #changed = new Notify();
  readonly #limiter = new Limiter(PARALLEL_WRITES);
  /** Failed writes in a row, by UID. */
  readonly #failures = new Map<string, number>();
  /** Services that are to be read again before anything else is done about them, by UID. */
  readonly #rereading = new Map<string, Promise<void>>();
  /** The refusals that have been said already, by UID of the service or pool. */
  readonly #said = new Map<string, string>();

  constructor(deps: AddressLoopDeps) {
    this.#deps = deps;
    this.#metrics = declareControllerMetrics(deps.meter);
    this.#services = new LatestServices(() => deps.services.list());
  }

  /** Works until `signal` is aborted. Gives nothing out before everything that is held is known. */
  async run(signal: AbortSignal): Promise<void> {
    const { services, pools, health } = this.#deps;
    const onChange = () => {
      this.#changed.notify();
    };
    const unsubscribe = [services.subscribe(onChange), pools.subscribe(onChange)];
    health.notReady(LOOP, 'services and pools are not known yet');
    try {
      await Promise.all([services.ready(signal), pools.ready(signal)]);
      health.ready(LOOP);
      while (!signal.aborted) {
        await this.#reconcile(signal);
        health.idle(LOOP);
        await this.#changed.notified(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      for (const end of unsubscribe) end();
      await Promise.all(this.#rereading.values());
    }
  }

  async #reconcile(signal: AbortSignal): Promise<void> {
    const { health, pools, loadBalancerClass } = this.#deps;
    health.busy(LOOP);
    const plan = planAddresses({ services: this.#services.list(), pools: pools.list(), loadBalancerClass });
    this.#metrics.report(plan);
    this.#deps.onPlan(plan);
    this.#forget(plan.decisions, plan.refusedPools);
    for (const refused of plan.refusedPools) this.#sayRefusedPool(refused);

    const due = plan.decisions.filter(({ service }) => !this.#rereading.has(service.metadata.uid ?? ''));
    const carryOut = async (decision: Decision) => {
      health.busy(LOOP);
      if (!signal.aborted) await this.#carryOut(decision, signal);
    };
    await Promise.all(due.map((decision) => this.#limiter.run(() => carryOut(decision))));
  }

  async #carryOut(decision: Decision, signal: AbortSignal): Promise<void> {
    const { service, write, notices, refusal } = decision;
    if (write !== undefined && !(await this.#write(write, signal))) return;
    const uid = service.metadata.uid ?? '';
    const news = notices.filter(({ message }) => refusal === undefined || this.#said.get(uid) !== message);
    for (const { type, reason, message } of news) {
      this.#deps.log.info({ service: keyOf(service), event: reason }, message);
      this.#deps.events.record(subjectOf(SERVICE, service), { type, reason, message });
      if (type === 'Warning') this.#said.set(uid, message);
    }
  }

  /** Whether `service` was written; if not, it is read again in a while and then planned for anew. */
  async #write(service: Service, signal: AbortSignal): Promise<boolean> {
    const { api, log } = this.#deps;
    const uid = service.metadata.uid ?? '';
    try {
      this.#services.remember(await api.replace(SERVICES, service, { subresource: 'status', signal }));
    } catch (error) {
      if (signal.aborted) return false;
      if (!isKubeError(error)) throw error;
      this.#services.doubt(service);
      const failures = this.#failures.get(uid) ?? 0;
      this.#failures.set(uid, failures + 1);
      this.#metrics.countFailedWrite();
      const level = error.code === 'Conflict' || error.code === 'NotFound' ? 'debug' : 'warn';
      log[level]({ service: keyOf(service), err: error, failures: failures + 1 }, 'writing a service failed');
      this.#rereading.set(uid, this.#readAgain(service, failures, signal));
      return false;
    }
    this.#failures.delete(uid);
    this.#metrics.countWrite();
    // What this write has freed may be what another service waits for.
    this.#changed.notify();
    return true;
  }

  async #readAgain(service: Service, failures: number, signal: AbortSignal): Promise<void> {
    const { api, clock, random, log } = this.#deps;
    const { uid = '', namespace = '', name = '' } = service.metadata;
    for (let attempt = failures; ; attempt += 1) {
      try {
        await clock.sleep(backoffDelayMs(RETRY, attempt, random), signal);
        const current = await api.get(SERVICES, { namespace, name }, { signal });
        if (current.metadata.uid === uid) this.#services.remember(current);
        break;
      } catch (error) {
        if (signal.aborted || isKubeError(error, 'NotFound')) break;
        log.warn({ service: keyOf(service), err: error }, 'reading a service again failed');
      }
    }
    this.#rereading.delete(uid);
    this.#changed.notify();
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

  /** What is refused no longer may be said again when it comes back. */
  #forget(decisions: readonly Decision[], refusedPools: readonly RefusedPool[]): void {
    const current = new Set([
      ...decisions.filter(({ refusal }) => refusal !== undefined).map(({ service }) => service.metadata.uid),
      ...refusedPools.map(({ object }) => object.metadata.uid),
    ]);
    for (const uid of this.#said.keys()) if (!current.has(uid)) this.#said.delete(uid);
  }
}
