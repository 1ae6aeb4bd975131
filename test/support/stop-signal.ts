/** One signal for everything that asks a command to end before it is done. */

/** One Ctrl-C comes several times: from the terminal, from npm and from `run.mjs`, which forward it. Milliseconds. */
const ONE_REQUEST_MS = 1000;

/** Somebody asked the command to end; it then ends with {@link INTERRUPTED}. */
class Interruption extends Error {
  override readonly name = 'Interruption';
}

/** Exit code of a command that was interrupted, as shells have it for SIGINT. */
export const INTERRUPTED = 130;

/** Why a command did not get to its end, and the exit code it ends with. */
export function endOf(error: unknown, signal: AbortSignal): { reason: string; code: number } {
  const cause: unknown = signal.aborted ? signal.reason : error;
  return {
    reason: cause instanceof Error ? cause.message : String(cause),
    code: cause instanceof Interruption ? INTERRUPTED : 1,
  };
}

/**
 * Aborted by SIGINT, SIGTERM and SIGHUP, and when whoever reads the output has gone, as `head` does: everything
 * ends in order. A second request ends the process. The listeners stay on purpose: libraries that clean up on
 * signals re-raise one that nobody listens to, and would cut our own clean-up short.
 *
 * The reason is an {@link Interruption} for a signal.
 *
 * @param now a time in milliseconds
 */
export function stopSignal(now: () => number = () => performance.now()): AbortSignal {
  const stop = new AbortController();
  let stoppedAt = 0;
  const request = (reason: Error) => {
    if (!stop.signal.aborted) stoppedAt = now();
    stop.abort(reason);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted && now() - stoppedAt > ONE_REQUEST_MS) process.exit(INTERRUPTED);
      request(new Interruption(`stopped by ${signal}`));
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EIO: the terminal was closed.
      const isUnread = error.code === 'EPIPE' || error.code === 'EIO';
      request(isUnread ? new Error('nobody reads the output') : error);
    });
  }
  return stop.signal;
}
