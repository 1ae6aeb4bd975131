/**
 * One signal for SIGINT and SIGTERM: the first asks everything to end in order, a second one ends the
 * process. The listener stays on purpose: libraries that clean up on signals re-raise one that nobody
 * listens to, and would cut our own clean-up short.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort(new Error(`stopped by ${signal}`));
    });
  }
  return stop.signal;
}
