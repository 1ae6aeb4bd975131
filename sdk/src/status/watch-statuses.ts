/** Drives the tracker of `status-tracker.ts` with a watch and a clock. */
import { type WatchDeps, watchResource, type WatchSelection } from '../kube/watch.js';
import { SERVICE_L2_STATUSES } from '../models/service-l2-status.js';
import { type ServiceL2StatusEvent, StatusTracker } from './status-tracker.js';

/** Ends, without an error, when `signal` is aborted; leaves no timer and no connection behind. */
export async function* watchStatuses(
  deps: WatchDeps,
  selection: WatchSelection,
  settleMs: number,
  signal: AbortSignal,
): AsyncGenerator<ServiceL2StatusEvent, void> {
  const left = new AbortController();
  const ended = AbortSignal.any([signal, left.signal]);
  const updates = watchResource(deps, SERVICE_L2_STATUSES, selection, ended);
  const tracker = new StatusTracker(settleMs);
  let next = updates.next();
  // A suspended frame keeps its variables alive, so that of an update, which may be a whole list, none is here.
  const eventsOf = async (): Promise<ServiceL2StatusEvent[] | undefined> => {
    const result = await beforeTime(deps, next, tracker.nextSettleAt);
    if (result === 'too late') return tracker.settle(deps.clock.now());
    if (result.done === true) return undefined;
    next = updates.next();
    return tracker.take(result.value, deps.clock.now());
  };
  try {
    for (let events = await eventsOf(); events; events = await eventsOf()) yield* events;
  } finally {
    left.abort();
    await updates.return();
  }
}

/** What `promise` gives, unless it is `time` (ms) before that. */
async function beforeTime<T>(
  { clock }: WatchDeps,
  promise: Promise<T>,
  time: number | undefined,
): Promise<T | 'too late'> {
  if (time === undefined) return promise;
  const settled = new AbortController();
  const alarm = clock.sleep(Math.max(0, time - clock.now()), settled.signal).then(() => 'too late' as const);
  try {
    return await Promise.race([promise, alarm]);
  } finally {
    settled.abort();
    alarm.catch(() => undefined);
  }
}
