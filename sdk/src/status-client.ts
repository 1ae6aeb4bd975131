/** Asks a cluster which node announces which service. */
import { diagnose } from './doctor/doctor.js';
import { readDoctorFacts } from './doctor/facts.js';
import type { Finding } from './doctor/finding.js';
import { type Explanation, explain } from './explain/explain.js';
import { readExplainFacts } from './explain/facts.js';
import { type BackoffOptions, backoff } from './kube/backoff.js';
import { systemClock, systemRandom } from './kube/clock.js';
import type { KubeConnection } from './kube/connect/index.js';
import { isKubeError } from './kube/errors.js';
import type { KubeApi } from './kube/kube-api.js';
import { listAll } from './kube/list-all.js';
import type { WatchDeps } from './kube/watch.js';
import { SERVICE_L2_STATUSES } from './models/service-l2-status.js';
import { DEFAULT_NAMESPACE } from './settings/labels.js';
import {
  type Announcement,
  type InvalidStatus,
  type ServiceRef,
  latestAnnouncement,
  readAnnouncement,
  statusSelectorOf,
} from './status/announcement.js';
import { checkMilliseconds, checkNamespace, checkNode, checkService } from './status/check-arguments.js';
import { ServiceL2StatusError, statusErrorOf } from './status/errors.js';
import { leavable } from './status/leavable.js';
import { readEvidence } from './status/read-evidence.js';
import { StatusCache } from './status/status-cache.js';
import type { ServiceL2StatusEvent } from './status/status-tracker.js';
import { type Wish, waitFor } from './status/wait.js';
import { watchStatuses } from './status/watch-statuses.js';
import { type WhoAnnounces, resolveAnnouncer } from './status/who-announces.js';
import { type AnnouncementWish, announced, withdrawn } from './status/wishes.js';

export interface ServiceL2StatusClientOptions {
  /** The cluster to ask; it stays open when the client is closed. @default one of `kubeconfig` */
  api?: KubeApi;
  /** Content of a kubeconfig file. @default `$KUBECONFIG`, `~/.kube/config`, the pod's service account */
  kubeconfig?: string;
  /** @default the current context of the kubeconfig */
  context?: string;
  /** The namespace of MetalLB, where the status objects are. @default 'metallb-system' */
  namespace?: string;
  /**
   * How long a watch waits, after the last status object of a service has gone, for another one before it
   * says `withdrawn`: upstream's speakers move a service by delete and create. Milliseconds. @default 2000
   */
  settleMs?: number;
}

/** An API server that is busy, or has just learnt of ServiceL2Status, asks to come again. */
const MAX_ATTEMPTS = 4;
/** One that asks for more patience than this, in milliseconds, is not waited for: sooner is in vain. */
const MAX_RETRY_AFTER_MS = 10_000;
const RETRY_BACKOFF: BackoffOptions = { initialMs: 500, maxMs: 5000 };

/** What is asked for; everything when empty. */
export interface StatusFilter {
  service?: ServiceRef;
  /** Only what this node announces; in a watch also what leaves it. */
  node?: string;
}

export interface QuestionOptions {
  /** Ends the question, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface WithdrawalOptions extends QuestionOptions {
  /** Milliseconds; 0 only looks, `Infinity` waits until the signal is aborted. @default 60000 */
  timeoutMs?: number;
}

export interface WaitOptions extends AnnouncementWish, WithdrawalOptions {}

export interface StatusList {
  /** One for each status object: more than one for a service is possible while it moves. */
  statuses: Announcement[];
  /** Objects that say nothing usable. */
  invalid: InvalidStatus[];
}

/**
 * Works with upstream MetalLB's speakers as with ours. Nothing is sent before the first question.
 * Questions reject with a {@link ServiceL2StatusError}, or with the reason of their signal.
 *
 * @example
 * const client = new ServiceL2StatusClient();
 * const { node, certainty, why } = await client.whoAnnounces({ namespace: 'default', name: 'web' });
 * console.log(node ?? 'nobody', certainty, why);
 * client.close();
 */
export class ServiceL2StatusClient {
  readonly #options: ServiceL2StatusClientOptions & { namespace: string; settleMs: number };
  readonly #time: Omit<WatchDeps, 'api'>;
  readonly #closed = new AbortController();
  #connection: Promise<KubeConnection> | undefined;

  /** @throws ServiceL2StatusError `InvalidArgument` */
  constructor(
    options: ServiceL2StatusClientOptions = {},
    time: Omit<WatchDeps, 'api'> = { clock: systemClock, random: systemRandom },
  ) {
    const { namespace = DEFAULT_NAMESPACE, settleMs = 2000 } = options;
    checkNamespace(namespace);
    checkMilliseconds(settleMs, 'settleMs');
    this.#options = { ...options, namespace, settleMs };
    this.#time = time;
  }

  /** What all status objects say, apart from those that say nothing usable. */
  async list(filter: StatusFilter & QuestionOptions = {}): Promise<StatusList> {
    checkNode(filter.node);
    const { items } = await this.#ask(filter, (api, signal) =>
      listAll(api, SERVICE_L2_STATUSES, { ...this.#selection(filter), signal }),
    );
    const list: StatusList = { statuses: [], invalid: [] };
    for (const item of items) {
      const read = readAnnouncement(item);
      if (!read.ok) list.invalid.push(read.invalid);
      else if (filter.node === undefined || read.announcement.node === filter.node) {
        list.statuses.push(read.announcement);
      }
    }
    return list;
  }

  /** Where `service` is announced, undefined when it is not. Of several status objects the latest holds. */
  async get(service: ServiceRef, options: QuestionOptions = {}): Promise<Announcement | undefined> {
    checkService(service);
    const { statuses } = await this.list({ ...options, service });
    return latestAnnouncement(statuses);
  }

  /**
   * Which node announces `service`, and how sure that is: judged from its status objects, however many, and
   * from the nodes and speakers behind them. Where reading nodes or pods is not allowed it says so in
   * `unchecked`, and judges without.
   */
  async whoAnnounces(service: ServiceRef, options: QuestionOptions = {}): Promise<WhoAnnounces> {
    checkService(service);
    return this.#ask({ service, ...options }, async (api, signal) => {
      const { items } = await listAll(api, SERVICE_L2_STATUSES, { ...this.#selection({ service }), signal });
      const evidence = await readEvidence(api, items, signal);
      return resolveAnnouncer(service, { ...evidence, now: this.#time.clock.now() });
    });
  }

  /**
   * Why `service` is or is not announced: a chain of checks from its type to its status, from the objects of
   * the API alone. What one is not allowed to read leaves its check `unknown`, with the permission it takes.
   */
  async explain(service: ServiceRef, options: QuestionOptions = {}): Promise<Explanation> {
    checkService(service);
    const { namespace } = this.#selection({ service });
    return this.#ask({ service, ...options }, async (api, signal) => {
      return explain(await readExplainFacts(api, { ref: service, namespace }, signal));
    });
  }

  /**
   * What is wrong with MetalLB's layer 2 in the cluster, the worst first: the installation, the status
   * objects and the configuration. A cluster in which all is well has findings of severity `info` only.
   */
  async doctor(options: QuestionOptions = {}): Promise<Finding[]> {
    const { namespace } = this.#selection({});
    return this.#ask(options, async (api, signal) => diagnose(await readDoctorFacts(api, namespace, signal)));
  }

  /**
   * Waits until `service` is announced as wished, and resolves at once when it is already. Waits on while the API
   * server is away, but not when it refuses the question.
   *
   * @throws ServiceL2StatusError `Timeout`, with what was seen last
   */
  async waitUntilAnnounced(service: ServiceRef, options: WaitOptions = {}): Promise<Announcement> {
    checkService(service);
    const { node, not } = options;
    checkNode(node);
    checkNode(not, 'not');
    if (node !== undefined && node === not) {
      const message = `node and not: both are "${node}", so no node can be meant; keep one of them`;
      throw new ServiceL2StatusError('InvalidArgument', message, { service });
    }
    return this.#waitFor(service, announced(service, options), options);
  }

  /**
   * Waits until nobody announces `service` any more, as {@link waitUntilAnnounced} does; resolves at once when
   * nobody does.
   *
   * @throws ServiceL2StatusError `Timeout`, with what was seen last
   */
  async waitUntilWithdrawn(service: ServiceRef, options: WithdrawalOptions = {}): Promise<void> {
    checkService(service);
    await this.#waitFor(service, withdrawn(service), options);
  }

  /** A live copy of everything that is announced, until its `close`, the signal or {@link close} ends it. */
  cache({ signal }: QuestionOptions = {}): StatusCache {
    return new StatusCache((left) => this.watch({}, { signal: eitherOf(signal, left) })).start();
  }

  /**
   * What is announced and every change from now on, through interruptions of any length. Begins with
   * `synced` (or `desynced`). Ends, without an error, when it is left (`break`, `return()`, `await using`), the
   * signal is aborted or the client is closed; nothing of it is left then.
   *
   * @throws ServiceL2StatusError `InvalidArgument` or `NoKubeconfig`, from the first `next()`
   */
  watch(
    filter: StatusFilter = {},
    { signal }: QuestionOptions = {},
  ): AsyncGenerator<ServiceL2StatusEvent, void> {
    return leavable((left) => this.#events(filter, this.#untilClosed(eitherOf(signal, left))));
  }

  async *#events(filter: StatusFilter, ended: AbortSignal): AsyncGenerator<ServiceL2StatusEvent, void> {
    checkNode(filter.node);
    if (ended.aborted) return;
    const deps = { ...this.#time, api: await this.#api() };
    const { settleMs } = this.#options;
    for await (const event of watchStatuses(deps, this.#selection(filter), settleMs, ended)) {
      const relevant = filter.node === undefined ? event : onNode(event, filter.node);
      if (relevant) yield relevant;
    }
  }

  /** Ends every question and watch under way, and the connection, unless it was given; so does `using`. */
  close(): void {
    this.#closed.abort(new ServiceL2StatusError('Closed', 'the client was closed'));
    this.#connection?.then(
      (connection) => connection.close(),
      () => undefined,
    );
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #waitFor<T>(
    service: ServiceRef,
    wish: Wish<T>,
    { timeoutMs = 60_000, signal }: WithdrawalOptions,
  ): Promise<T> {
    checkMilliseconds(timeoutMs, 'timeoutMs', service);
    this.#untilClosed(signal).throwIfAborted();
    const watch = (over: AbortSignal) => this.watch({ service }, { signal: eitherOf(signal, over) });
    const granted = await waitFor(watch, this.#time.clock, service, wish, timeoutMs);
    if (granted !== undefined) return granted;
    this.#untilClosed(signal).throwIfAborted();
    throw new ServiceL2StatusError('Closed', 'the watch has ended', { service });
  }

  async #ask<T>(
    about: Pick<StatusFilter, 'service'> & QuestionOptions,
    question: (api: KubeApi, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signal = this.#untilClosed(about.signal);
    signal.throwIfAborted();
    const api = await this.#api();
    const { clock, random } = this.#time;
    const delays = backoff(RETRY_BACKOFF, random);
    for (let attempt = 1; ; attempt++) {
      try {
        return await question(api, signal);
      } catch (error) {
        if (!isKubeError(error)) throw error;
        const { code, retryAfterMs = 0 } = error;
        const isPassing = code === 'TooManyRequests' && retryAfterMs <= MAX_RETRY_AFTER_MS;
        if (!isPassing || attempt === MAX_ATTEMPTS) throw statusErrorOf(error, about.service);
        await clock.sleep(Math.max(delays.next().value, retryAfterMs), signal);
      }
    }
  }

  #untilClosed(signal: AbortSignal | undefined): AbortSignal {
    return eitherOf(signal, this.#closed.signal);
  }

  async #api(): Promise<KubeApi> {
    const { api, kubeconfig, context } = this.#options;
    if (api) return api;
    // client-node takes a quarter of a second to load: only who needs it waits for it.
    this.#connection ??= import('./kube/connect/index.js').then(({ connect }) =>
      connect({ ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) }),
    );
    try {
      return await this.#connection;
    } catch (cause) {
      this.#connection = undefined;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new ServiceL2StatusError('NoKubeconfig', message, { cause });
    }
  }

  #selection({ service }: StatusFilter): { namespace: string; labelSelector?: string } {
    const { namespace } = this.#options;
    if (!service) return { namespace };
    checkService(service);
    return { namespace, labelSelector: statusSelectorOf(service) };
  }
}

/** Aborted with the first of both, as far as they are there. */
function eitherOf(signal: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return signal ? AbortSignal.any([signal, other]) : other;
}

/**
 * What `event` says of one node. The selection is made here, not by the label of the node: while a status is
 * taken over its label changes before its status does, and names longer than a label are shortened there.
 */
function onNode(event: ServiceL2StatusEvent, node: string): ServiceL2StatusEvent | undefined {
  switch (event.type) {
    case 'synced':
      return { ...event, statuses: event.statuses.filter((status) => status.node === node) };
    case 'moved':
      return event.from === node || event.to === node ? event : undefined;
    case 'desynced':
      return event;
    default:
      return event.status.node === node ? event : undefined;
  }
}
