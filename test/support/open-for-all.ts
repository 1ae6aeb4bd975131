/** What a test file, or a group in it, opens once for all its tests. */

export interface OpenForAll {
  /** Aborted when all is closed, and before when something is still being opened, as after a hook that took too long. */
  readonly signal: AbortSignal;
  /** Waits until it is open; it is closed after the tests. */
  readonly open: <T>(opening: Promise<T>, close: (opened: T) => unknown) => Promise<T>;
  /** Something more to be done after the tests, before what was opened earlier is closed. */
  readonly defer: (close: () => unknown) => void;
}

/**
 * Closes everything after the tests: in reverse, as far as the start came, and the rest too when one cannot be closed.
 *
 * @param limitMs longest time for that
 */
export function openForAll(limitMs = 60_000): OpenForAll {
  const stack = new AsyncDisposableStack();
  const stop = new AbortController();
  let opening = 0;
  afterAll(async () => {
    const over = new Error('the tests are over');
    if (opening > 0) stop.abort(over);
    try {
      await stack.disposeAsync();
    } finally {
      stop.abort(over);
    }
  }, limitMs);
  const defer = (close: () => unknown) => {
    stack.defer(async () => {
      await close();
    });
  };
  return {
    signal: stop.signal,
    defer,
    async open(promise, close) {
      opening++;
      const settled = promise.then(
        (opened) => () => close(opened),
        () => () => undefined,
      );
      defer(async () => (await settled)());
      return promise.finally(() => opening--);
    },
  };
}
