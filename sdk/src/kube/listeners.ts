/** Those who want to hear of something, called as an EventTarget calls them. */
export class Listeners<T extends unknown[] = []> {
  readonly #listeners = new Set<(...args: T) => void>();

  /** Has `listener` called from the next time on; returns what ends that. */
  add(listener: (...args: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Calls each of them. What one throws is an uncaught exception of the program: neither the others nor the
   * caller suffer, and nothing is hidden.
   */
  call(...args: T): void {
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue; // ended by one that was called before
      try {
        listener(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
