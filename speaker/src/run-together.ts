/**
 * Runs `tasks` side by side until `signal` is aborted. The first that fails ends the others; it is
 * rethrown once all of them have ended, so nothing outlives the call.
 */
export async function runTogether(
  signal: AbortSignal,
  ...tasks: readonly ((signal: AbortSignal) => Promise<void>)[]
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const results = await Promise.allSettled(
    tasks.map(async (task) => {
      try {
        await task(either);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    }),
  );
  if (signal.aborted) return;
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
