/** A caller's signal and time limits, one after the other, in one signal. */

export interface Limit {
  readonly ms: number;
  /** What it ends with. */
  readonly error: () => Error;
}

export interface Deadline {
  /** Aborted with the reason of the caller's signal, or with the error of a limit. */
  readonly signal: AbortSignal;
  /** Starts `limit` in place of the one before; without it there is none from now on. */
  restart(limit?: Limit): void;
  /** Forgets limit and signal. */
  clear(): void;
}

/** Without a limit to begin with. */
export function startDeadline(outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    clearTimeout(timer);
    controller.abort(outer?.reason);
  };
  if (outer?.aborted === true) onAbort();
  else outer?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    restart: (limit) => {
      clearTimeout(timer);
      if (limit === undefined || controller.signal.aborted) return;
      timer = setTimeout(() => controller.abort(limit.error()), limit.ms);
    },
    clear: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
    },
  };
}
