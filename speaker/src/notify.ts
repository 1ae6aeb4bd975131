import type { Clock } from '@metallb-l2/sdk/kube';

/** A wake-up call between the sources of changes and the one loop that handles them. */
export class Notify {
  #pending = false;
  #wake: (() => void) | undefined;

  /** Wakes the waiter, or the next one to wait; any number of calls before that count as one. */
  notify(): void {
    this.#pending = true;
    this.#wake?.();
  }

  /** Is notified of each change of any of `sources`; returns what ends that. */
  follow(sources: readonly { subscribe(listener: () => void): () => void }[]): () => void {
    const unsubscribes = sources.map((source) => source.subscribe(() => this.notify()));
    return () => unsubscribes.forEach((unsubscribe) => unsubscribe());
  }

  /** Resolves at the next {@link notify}, at once if there was one since the last wait, or on abort. */
  async notified(signal: AbortSignal): Promise<void> {
    if (!this.#pending && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener('abort', wake);
      });
      this.#wake = undefined;
    }
    this.#pending = false;
  }

  /** As {@link notified}, but waits no longer than `ms` milliseconds. */
  async notifiedWithin(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const either = AbortSignal.any([signal, enough.signal]);
    const stop = () => enough.abort();
    void clock.sleep(ms, either).then(stop, stop);
    await this.notified(either);
    stop();
  }
}
