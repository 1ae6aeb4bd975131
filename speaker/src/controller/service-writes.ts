/**
 * Carries out what plans want written, side by side, so that one that takes its time holds nobody else up. A
 * write carries the resourceVersion the plan was made from. Until its outcome is known, and after a failure of
 * any kind that takes reading the service again, what the service had and what it was to get stay reserved.
 */
import {
  backoffDelayMs,
  type Clock,
  isKubeError,
  type KubeApi,
  type KubeError,
  type Random,
  type Service,
  SERVICES,
} from '@metallb-l2/sdk/kube';
import { SERVICE_ANNOTATIONS } from '@metallb-l2/sdk/settings';
import { Limiter } from '../cluster/limiter.js';
import type { Log } from '../ports.js';
import type { Decision } from './decision.js';
import type { LatestServices } from './latest-services.js';
import type { ControllerMetrics } from './metrics.js';
import { keyOf } from './service-request.js';
import { WritePatience } from './write-patience.js';

export interface ServiceWritesDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Pick<ControllerMetrics, 'countWrite' | 'countFailedWrite'>;
  /** Is told what is under way and what came of it. */
  readonly services: LatestServices;
  readonly onWritten: (decision: Decision) => void;
  /** The API server takes this write as little as the next one of its kind. Called once until one succeeds. */
  readonly onRefused: (decision: Decision, why: KubeError) => void;
  /** There is room for another write, or the outcome of one is known. */
  readonly onProgress: () => void;
}

/** A decision that takes a write. */
type Correction = Decision & { readonly write: Service };

/** Enough to keep an API server's latency from adding up, few enough not to crowd it. */
const PARALLEL_WRITES = 32;
/** Writes sent or waiting for their turn. More of them would be out of date when it comes. */
const MOST_UNANSWERED = 512;
/** One that has failed is tried again only while no more than this many are under way, most of them asleep. */
const MOST_WITH_RETRIES = 256;
const RETRY = { initialMs: 100, maxMs: 60_000 };

export class ServiceWrites {
  readonly #deps: ServiceWritesDeps;
  readonly #limiter = new Limiter(PARALLEL_WRITES);
  /** By UID. */
  readonly #underWay = new Map<string, Promise<void>>();
  #unanswered = 0;
  /** Failed writes in a row, by UID. */
  readonly #failures = new Map<string, number>();
  /** UIDs of services whose writes are refused, and that has been said. */
  readonly #refused = new Set<string>();
  /** With whoever overwrites a status as often as it is written here. */
  readonly #patience: WritePatience;
  #failure: { readonly error: unknown } | undefined;

  constructor(deps: ServiceWritesDeps) {
    this.#deps = deps;
    this.#patience = new WritePatience(deps.clock, deps.random);
  }

  /** What should never have been thrown. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Begins what is due, as far as there is room; gives the milliseconds after which more will be, if that is known. */
  begin(decisions: readonly Decision[], signal: AbortSignal): number | undefined {
    const corrections = decisions.filter((each): each is Correction => each.write !== undefined);
    this.#forget(corrections);
    const failuresOf = ({ write }: Correction) => this.#failures.get(uidOf(write)) ?? 0;
    // However many fail for ever, another's turn comes.
    corrections.sort((a, b) => failuresOf(a) - failuresOf(b));
    let againInMs: number | undefined;
    for (const each of corrections) {
      const waitMs = this.#patience.waitMs(uidOf(each.write), resultOf(each.write));
      const hasFailed = failuresOf(each) > 0;
      if (waitMs > 0) againInMs = Math.min(againInMs ?? Infinity, waitMs);
      else if (hasFailed && this.#underWay.size >= MOST_WITH_RETRIES) continue;
      else if (this.#unanswered < MOST_UNANSWERED) this.#begin(each, signal);
    }
    return againInMs;
  }

  /** Resolves when nothing is under way any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  #begin(correction: Correction, signal: AbortSignal): void {
    const { service, write } = correction;
    const uid = uidOf(write);
    this.#unanswered += 1;
    this.#deps.services.begin(uid, { service, write });
    const outcome = this.#carryOut(correction, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#failure = { error };
      })
      .then(() => {
        this.#underWay.delete(uid);
        // What this write has freed may be what another service waits for.
        this.#deps.onProgress();
      });
    this.#underWay.set(uid, outcome);
  }

  /** Writes, or reads again in a while when that fails: either way the outcome is known in the end. */
  async #carryOut(correction: Correction, signal: AbortSignal): Promise<void> {
    const { services } = this.#deps;
    const { write } = correction;
    let current: Service | undefined;
    try {
      current = await this.#limiter
        .run(() => this.#write(write, signal))
        .finally(() => (this.#unanswered -= 1));
      this.#takeSuccess(correction);
    } catch (error) {
      signal.throwIfAborted();
      if (!isKubeError(error)) throw error;
      this.#takeFailure(correction, error);
      this.#deps.onProgress();
      current = await this.#readAgain(write, error, signal);
    } finally {
      services.settle(uidOf(write), current);
    }
  }

  #write(service: Service, signal: AbortSignal): Promise<Service> {
    signal.throwIfAborted();
    return this.#deps.api.replace(SERVICES, service, { subresource: 'status', signal });
  }

  #takeSuccess(correction: Correction): void {
    const { metrics, log, onWritten } = this.#deps;
    const { write } = correction;
    this.#failures.delete(uidOf(write));
    this.#refused.delete(uidOf(write));
    metrics.countWrite();
    const times = this.#patience.count(uidOf(write), resultOf(write));
    if (times > 0) {
      log.warn({ service: keyOf(write), times }, 'somebody else had overwritten the status of a service');
    }
    onWritten(correction);
  }

  #takeFailure(correction: Correction, error: KubeError): void {
    const { metrics, log, onRefused } = this.#deps;
    const { write } = correction;
    const uid = uidOf(write);
    const failures = (this.#failures.get(uid) ?? 0) + 1;
    this.#failures.set(uid, failures);
    metrics.countFailedWrite();
    const level = isKubeError(error, 'Conflict', 'NotFound') ? 'debug' : 'warn';
    log[level]({ service: keyOf(write), err: error, failures }, 'writing a service failed');
    if (!isKubeError(error, 'Forbidden', 'Invalid', 'BadRequest') || this.#refused.has(uid)) return;
    this.#refused.add(uid);
    onRefused(correction, error);
  }

  /** The service as it is now, after it could not be written; undefined when it is gone. */
  async #readAgain({ metadata }: Service, why: KubeError, signal: AbortSignal): Promise<Service | undefined> {
    const { api, clock, random, log } = this.#deps;
    const { uid = '', namespace = '', name = '' } = metadata;
    let { retryAfterMs } = why;
    for (let attempt = this.#failures.get(uid) ?? 1; ; attempt += 1) {
      await clock.sleep(backoffDelayMs(RETRY, attempt - 1, random, retryAfterMs), signal);
      try {
        const read = () => api.get(SERVICES, { namespace, name }, { signal });
        const current = await this.#limiter.run(read);
        return current.metadata.uid === uid ? current : undefined;
      } catch (error) {
        signal.throwIfAborted();
        if (!isKubeError(error)) throw error;
        if (error.code === 'NotFound') return undefined;
        ({ retryAfterMs } = error);
        log.warn({ service: `${namespace}/${name}`, err: error }, 'reading a service again failed');
      }
    }
  }

  /** Those that need no other try have none to count. */
  #forget(corrections: readonly Correction[]): void {
    if (this.#failures.size === 0) return;
    const wanted = new Set(corrections.map(({ write }) => uidOf(write)));
    for (const uid of this.#failures.keys()) {
      if (wanted.has(uid) || this.#underWay.has(uid)) continue;
      this.#failures.delete(uid);
      this.#refused.delete(uid);
    }
  }
}

function uidOf({ metadata }: Service): string {
  return metadata.uid ?? '';
}

/** What `write` brings about. */
function resultOf({ metadata, status }: Service): unknown {
  return [metadata.annotations?.[SERVICE_ANNOTATIONS.allocatedFromPool], status?.loadBalancer];
}
