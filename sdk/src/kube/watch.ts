/** Watches one kind for as long as it is wanted. The decisions are in `watch-machine.ts`; here are the calls. */
import type { Clock, Random } from './clock.js';
import { KubeError, describeCall } from './errors.js';
import type { KubeApi, KubeObject, ListOptions, ResourceType } from './kube-api.js';
import {
  type WatchInput,
  type WatchState,
  type WatchUpdate,
  initialWatchState,
  step,
} from './watch-machine.js';

export interface WatchDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
}

/** What to watch of a kind; all of it when empty. */
export type WatchSelection = Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;

/** A watch lives this long, so that clients of one server do not return in step; client-go's numbers. */
const WATCH_MIN_SECONDS = 300;
const WATCH_SPREAD_SECONDS = 300;
/** The server's own end of the watch is waited for this much longer. */
const DEADLINE_GRACE_MS = 30_000;
/** The server sends bookmarks about once a minute: three missed ones mean a half-open connection. */
const IDLE_TIMEOUT_MS = 180_000;

/**
 * Lists `type` and follows its changes, for ever: what fails is reported as `desynced` and tried again.
 * The first update is `synced` (or a `desynced` before it). Objects are as the API sent them.
 *
 * Ends, without an error, when `signal` is aborted, and then leaves no timer and no connection behind.
 */
export async function* watchResource<T extends KubeObject>(
  deps: WatchDeps,
  type: ResourceType<T>,
  selection: WatchSelection,
  signal: AbortSignal,
): AsyncGenerator<WatchUpdate<T>, void> {
  let state = initialWatchState<T>();
  const take = (input: WatchInput<T>) => {
    const result = step(state, input, { now: deps.clock.monotonic(), chance: deps.random() });
    ({ state } = result);
    // An exhausted array lets go of the update, which may be a whole list; a variable here would not.
    return result.update ? [result.update] : [];
  };
  while (!signal.aborted) {
    try {
      if (state.delayMs > 0) await deps.clock.sleep(state.delayMs, signal);
      for await (const input of inputs(deps, type, selection, state, signal)) {
        yield* take(input);
      }
    } catch (error) {
      // The caller's abort makes whatever is under way fail.
      if (isAborted(signal)) return;
      yield* take({ type: 'failed', error: asKubeError(error, state, type) });
    }
  }
}

/** Makes the call `state` asks for and gives what comes of it; throws when it fails. */
async function* inputs<T extends KubeObject>(
  deps: WatchDeps,
  type: ResourceType<T>,
  selection: WatchSelection,
  { next }: WatchState<T>,
  signal: AbortSignal,
): AsyncGenerator<WatchInput<T>, void> {
  if (next.call === 'list') {
    const { call: _, ...paging } = next;
    yield { type: 'page', list: await deps.api.list(type, { ...selection, ...paging, signal }) };
    return;
  }
  yield { type: 'opened' };
  const timeoutSeconds = WATCH_MIN_SECONDS + Math.floor(deps.random() * WATCH_SPREAD_SECONDS);
  const deadline = startDeadline(deps.clock, timeoutSeconds * 1000 + DEADLINE_GRACE_MS, type, signal);
  try {
    const lines = deps.api.watch(type, {
      ...selection,
      resourceVersion: next.resourceVersion,
      timeoutSeconds,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      signal: AbortSignal.any([signal, deadline.signal]),
    });
    for await (const line of lines) yield { type: 'line', line };
  } finally {
    deadline.cancel();
  }
  yield { type: 'closed' };
}

/** A signal that is aborted with a `Timeout` after `ms`, unless it is cancelled or `watched` aborted, though nobody reads. */
function startDeadline(
  clock: Clock,
  ms: number,
  type: ResourceType,
  watched: AbortSignal,
): { signal: AbortSignal; cancel(): void } {
  const expired = new AbortController();
  const cancelled = new AbortController();
  const expire = () => {
    const message = `the server did not end it within ${String(ms)} ms`;
    expired.abort(new KubeError('Timeout', message, { operation: describeCall('watch', type) }));
  };
  clock.sleep(ms, AbortSignal.any([cancelled.signal, watched])).then(expire, () => undefined);
  return {
    signal: expired.signal,
    cancel: () => {
      cancelled.abort();
    },
  };
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function asKubeError(error: unknown, state: WatchState<unknown>, type: ResourceType): KubeError {
  if (error instanceof KubeError) return error;
  const operation = describeCall(state.next.call, type);
  return new KubeError('BadResponse', String(error), { operation, cause: error });
}
