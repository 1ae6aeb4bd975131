/** Why a scope's signal is aborted when its body is done. One for all: an error for each would cost its stack. */
const DONE = new Error('no longer waited for');

/**
 * Runs `body` with a signal of its own, aborted with `signal` and when `body` is done: what it started and
 * no longer waits for ends with it.
 */
export async function inScope<T>(signal: AbortSignal, body: (scope: AbortSignal) => Promise<T>): Promise<T> {
  const scope = new AbortController();
  const end = () => scope.abort(DONE);
  if (signal.aborted) end();
  // By hand, because `AbortSignal.any` would leave a trace in the long-lived signal for every short-lived one.
  signal.addEventListener('abort', end, { once: true });
  try {
    return await body(scope.signal);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
