/** A live copy of all announcements, indexed by service and by node, fed by the events of a watch. */
import { Listeners } from '../kube/listeners.js';
import { unlessAborted } from '../kube/unless-aborted.js';
import { type Announcement, type InvalidStatus, type ServiceRef, serviceKey } from './announcement.js';
import { ServiceL2StatusError } from './errors.js';
import type { ServiceL2StatusEvent } from './status-tracker.js';

/**
 * Answers from memory. Between the first list and the end it always holds the latest that is known, through
 * interruptions too; {@link problem} tells when that may be out of date.
 *
 * @example
 * const cache = client.cache();
 * await cache.ready();
 * cache.subscribe((event) => {
 *   if (event.type === 'moved') console.log(event.from, '→', event.to);
 * });
 * console.log(cache.byNode('node-a').length);
 * await cache.close();
 */
export class StatusCache {
  readonly #watch: (signal: AbortSignal) => AsyncIterable<ServiceL2StatusEvent>;
  readonly #left = new AbortController();
  readonly #listeners = new Listeners<[event: ServiceL2StatusEvent]>();
  readonly #byService = new Map<string, Announcement>();
  readonly #byNode = new Map<string, Map<string, Announcement>>();
  readonly #ready = Promise.withResolvers<undefined>();
  #invalid: readonly InvalidStatus[] = [];
  #problem: ServiceL2StatusError | undefined;
  #synced = false;
  #running: Promise<void> | undefined;

  /** @param watch begins with `synced` and goes on until its signal is aborted */
  constructor(watch: (signal: AbortSignal) => AsyncIterable<ServiceL2StatusEvent>) {
    this.#watch = watch;
    // Who does not wait for it needs no answer either.
    this.#ready.promise.catch(() => undefined);
  }

  /** Begins to watch. To be called once; `ServiceL2StatusClient.cache` has done so. */
  start(): this {
    this.#running ??= this.#run();
    return this;
  }

  /**
   * Resolves when all there is has been read. Rejects with the signal's reason, or with a
   * {@link ServiceL2StatusError} when the cache has ended before.
   */
  async ready(signal?: AbortSignal): Promise<void> {
    await unlessAborted(this.#ready.promise, signal);
  }

  /** Whether all there is has been read once. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Why what is here may be out of date, as long as it may be; after the end, why it ended. */
  get problem(): ServiceL2StatusError | undefined {
    return this.#problem;
  }

  /** Objects that say nothing usable, as of the last complete list. */
  get invalid(): readonly InvalidStatus[] {
    return this.#invalid;
  }

  /** Where `service` is announced, undefined when it is not. */
  byService(service: ServiceRef): Announcement | undefined {
    return this.#byService.get(serviceKey(service));
  }

  /** What the node announces, in no order. */
  byNode(name: string): Announcement[] {
    return [...(this.#byNode.get(name)?.values() ?? [])];
  }

  /** Everything that is announced, in no order. */
  list(): Announcement[] {
    return [...this.#byService.values()];
  }

  /**
   * Calls `listener` with every event, after the cache has taken it in. What a listener throws is an
   * uncaught exception of the program; the cache goes on. Returns the unsubscribe.
   */
  subscribe(listener: (event: ServiceL2StatusEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Stops watching; resolves when nothing of it is left. What was read stays readable. `await using` does so. */
  async close(): Promise<void> {
    this.#left.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(): Promise<void> {
    try {
      for await (const event of this.#watch(this.#left.signal)) this.#take(event);
      this.#problem = new ServiceL2StatusError('Closed', 'the cache was closed');
    } catch (cause) {
      this.#problem =
        cause instanceof ServiceL2StatusError
          ? cause
          : new ServiceL2StatusError('Failed', String(cause), { cause });
    }
    this.#ready.reject(this.#problem);
  }

  #take(event: ServiceL2StatusEvent): void {
    this.#problem = event.type === 'desynced' ? event.error : undefined;
    switch (event.type) {
      case 'synced':
        this.#invalid = event.invalid;
        this.#byService.clear();
        this.#byNode.clear();
        for (const status of event.statuses) this.#put(status);
        this.#synced = true;
        this.#ready.resolve(undefined);
        break;
      case 'announced':
      case 'moved':
      case 'updated':
        this.#remove(event.status.service);
        this.#put(event.status);
        break;
      case 'withdrawn':
        this.#remove(event.status.service);
        break;
      case 'desynced':
    }
    this.#listeners.call(event);
  }

  #put(status: Announcement): void {
    const key = serviceKey(status.service);
    const ofNode = this.#byNode.get(status.node) ?? new Map<string, Announcement>();
    this.#byService.set(key, status);
    this.#byNode.set(status.node, ofNode.set(key, status));
  }

  #remove(service: ServiceRef): void {
    const key = serviceKey(service);
    const before = this.#byService.get(key);
    if (!before) return;
    const ofNode = this.#byNode.get(before.node);
    this.#byService.delete(key);
    ofNode?.delete(key);
    if (ofNode?.size === 0) this.#byNode.delete(before.node);
  }
}
