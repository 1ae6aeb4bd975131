/**
 * What `events` gives, as a generator that can be left at any time. One made with `async function*` takes a
 * `return` only after the `next` under way, and a watch may have nothing to tell for hours.
 *
 * @param events ends when its signal is aborted
 */
export function leavable<T>(events: (left: AbortSignal) => AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  const left = new AbortController();
  const inner = events(left.signal);
  return {
    next: () => inner.next(),
    return: (value) => {
      left.abort();
      return inner.return(value);
    },
    throw: (error) => {
      left.abort();
      return inner.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    // Node 22 knows the symbol, but not yet what it does to a generator.
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}
