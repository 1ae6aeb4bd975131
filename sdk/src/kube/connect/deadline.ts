/** A caller's signal and a time limit in one signal. */

export interface Deadline {
  /** Aborted with the reason of the caller's signal, or with the error of the time limit. */
  readonly signal: AbortSignal;
  /** Starts the time limit anew; without `ms` there is none from now on. */
  restart(ms?: number): void;
  /** Forgets timer and signal. */
  clear(): void;
}

export function startDeadline(
  ms: number | undefined,
  expired: (ms: number) => Error,
  outer?: AbortSignal,
): Deadline {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    clearTimeout(timer);
    controller.abort(outer?.reason);
  };
  const restart = (next?: number) => {
    clearTimeout(timer);
    if (next !== undefined) timer = setTimeout(() => controller.abort(expired(next)), next);
  };
  if (outer?.aborted === true) onAbort();
  else {
    outer?.addEventListener('abort', onAbort, { once: true });
    restart(ms);
  }
  return {
    signal: controller.signal,
    restart,
    clear: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
    },
  };
}
