/** Serves watches from the store: what was missed since a resourceVersion, then every change. */
import type { Clock } from '../kube/clock.js';
import { type KubeError, describeCall } from '../kube/errors.js';
import type { KubeObject, ResourceType, WatchLine, WatchOptions } from '../kube/kube-api.js';
import { type Change, type ObjectStore, copyOf, lineFor, resourceKey } from './object-store.js';
import { filterOf } from './selectors.js';
import { WatchQueue } from './watch-queue.js';
import { failure } from './write-rules.js';

export interface OpenWatch {
  readonly lines: AsyncGenerator<WatchLine<KubeObject>, void>;
  /** To be called when nobody reads any more. */
  close(): void;
}

export class WatchServer {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #open = new Set<WatchQueue>();

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @throws KubeError `Gone` when changes since the resourceVersion are forgotten */
  open(type: ResourceType, options: WatchOptions): OpenWatch {
    const { namespace, signal } = options;
    const operation = describeCall('watch', type, namespace === undefined ? {} : { namespace });
    const filter = filterOf(options, operation);
    const queue = new WatchQueue();
    const deliver = (change: Change) => {
      const line = change.resource === resourceKey(type) ? lineFor(change, filter) : undefined;
      if (line) queue.push(line);
    };

    // Resource version 0 asks for what there is now, then for changes.
    const from = Number(options.resourceVersion);
    const missed = this.#store.changesSince(from === 0 ? this.#store.version : from);
    if (!missed)
      throw failure('Gone', 410, `too old resource version: ${options.resourceVersion}`, operation);
    if (from === 0) {
      for (const object of this.#store.list(type).filter(filter)) {
        queue.push({ type: 'ADDED', object: copyOf(object) });
      }
    }
    missed.forEach(deliver);

    const stopListening = this.#store.listen(deliver);
    const onAbort = () => {
      queue.abort(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const closed = new AbortController();
    if (options.timeoutSeconds !== undefined)
      this.#endAfter(options.timeoutSeconds * 1000, queue, closed.signal);
    this.#open.add(queue);
    const close = () => {
      closed.abort();
      stopListening();
      signal?.removeEventListener('abort', onAbort);
      this.#open.delete(queue);
    };
    return { lines: queue.read(), close };
  }

  sendBookmarks(): void {
    for (const queue of this.#open) this.#bookmark(queue);
  }

  endAll(error?: KubeError): void {
    for (const queue of this.#open) queue.finish(error);
  }

  #bookmark(queue: WatchQueue): void {
    queue.push({ type: 'BOOKMARK', resourceVersion: String(this.#store.version) });
  }

  #endAfter(ms: number, queue: WatchQueue, closed: AbortSignal): void {
    const bookmarkAndEnd = () => {
      this.#bookmark(queue);
      queue.finish();
    };
    this.#clock.sleep(ms, closed).then(bookmarkAndEnd, () => undefined);
  }
}
