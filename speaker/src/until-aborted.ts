/** Waits for `promise` or for the abort of `signal`; gives whether `promise` came first. It may reject. */
export async function untilAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  const aborted = Promise.withResolvers<false>();
  const onAbort = () => aborted.resolve(false);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([aborted.promise, promise.then(() => true)]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
