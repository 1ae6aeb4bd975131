/**
 * How long work speaks: one line when it turns out to take a while, a sign of life every few seconds after
 * that, and one line with the time it took. Short work stays silent.
 */

/** Takes one line of progress, without a line end. */
export type Log = (line: string) => void;

/** What every long piece of work is given: where to report, and when to give up. */
export interface Task {
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface ProgressOptions {
  /** Milliseconds before the first line; work that ends sooner says nothing. @default 2000 */
  readonly quietMs?: number;
  /** Milliseconds between signs of life. @default 5000 */
  readonly everyMs?: number;
  /** What is going on right now, added to each sign of life. */
  readonly detail?: () => string | undefined;
}

/** Runs `work` and reports on it as `what`, for example "node1: waiting for the kubelet". */
export async function withProgress<T>(
  log: Log,
  what: string,
  work: () => Promise<T>,
  options: ProgressOptions = {},
): Promise<T> {
  const started = performance.now();
  const quietMs = options.quietMs ?? 2000;
  const report = () => {
    const detail = options.detail?.();
    log(`${what} … ${seconds(started)}${detail === undefined ? '' : `, ${detail}`}`);
    timer = setTimeout(report, options.everyMs ?? 5000);
  };
  let timer = setTimeout(report, quietMs);
  try {
    const result = await work();
    if (performance.now() - started > quietMs) log(`${what}: done in ${seconds(started)}`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}

function seconds(started: number): string {
  const elapsed = (performance.now() - started) / 1000;
  return elapsed < 10 ? `${elapsed.toFixed(1)} s` : `${elapsed.toFixed(0)} s`;
}
