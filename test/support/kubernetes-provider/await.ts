/** Waiting for the cluster: until an object is ready, or until it is gone. Looks again and again; a stand-in need not watch. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SKIP_AWAIT, TIMEOUT_SECONDS } from './annotations.ts';
import type { ApplyDeps } from './apply.ts';
import { isGone, NotReadyError } from './errors.ts';
import { annotationOf, idOf, nameOf, namespaceOf } from './kinds.ts';
import { referenceTo, type Reference } from './objects.ts';
import { podLabels, podProblems, readyCheck } from './readiness.ts';
import { isObject, textOf, valueAt, type Properties } from './properties.ts';

const POLL_MS = 400;
const DEFAULT_TIMEOUT_SECONDS = 600;

/** How long to wait for an object, in milliseconds: the resource's `customTimeouts`, else the annotation, else ten minutes. */
export function timeoutMs(customSeconds: number, inputs: Properties): number {
  const annotated = Number(annotationOf(inputs, TIMEOUT_SECONDS));
  return (customSeconds || annotated || DEFAULT_TIMEOUT_SECONDS) * 1000;
}

/**
 * Waits until the object is ready and gives its last state.
 *
 * @throws NotReadyError with what its pods say, when the time is over or the operation is cancelled
 */
export async function waitUntilReady(
  deps: ApplyDeps,
  inputs: Properties,
  written: Properties,
  limitMs: number,
): Promise<Properties> {
  const check = annotationOf(inputs, SKIP_AWAIT) === 'true' ? undefined : readyCheck(inputs);
  if (check === undefined) return written;
  const deadline = Date.now() + limitMs;
  for (let live = written; ;) {
    const { ready, message } = check(live);
    deps.log.status(message);
    if (ready) return live;
    if (deps.signal.aborted) throw await notReady(deps, live, 'the operation was cancelled', message);
    if (Date.now() >= deadline) {
      throw await notReady(deps, live, `'${nameOf(live)}' timed out waiting to be Ready`, message);
    }
    await pause(deps.signal);
    live = await latest(deps, live);
  }
}

/**
 * Looks once whether the object is ready.
 *
 * @throws NotReadyError when it is not
 */
export async function requireReady(deps: ApplyDeps, inputs: Properties, live: Properties): Promise<void> {
  const check = annotationOf(inputs, SKIP_AWAIT) === 'true' ? undefined : readyCheck(live);
  const { ready, message } = check?.(live) ?? { ready: true, message: '' };
  if (!ready) throw await notReady(deps, live, `'${nameOf(live)}' is not ready`, message);
}

/**
 * Waits until the object is gone, or another one has its name.
 *
 * @throws when the time is over, after a warning that names the finalizers in the way, or when cancelled
 */
export async function waitUntilGone(
  deps: ApplyDeps,
  reference: Reference,
  uid: unknown,
  limitMs: number,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const live = await getIfPresent(deps, reference);
    if (live === undefined || valueAt(live, 'metadata', 'uid') !== uid) return;
    const hindrance = describeHindrance(live);
    deps.log.status(`Waiting for ${reference.kind.kind} ${idOf(live)} to go${hindrance}`);
    deps.signal.throwIfAborted();
    if (Date.now() >= deadline) {
      if (hindrance !== '') deps.log.warn(`finalizers might be preventing deletion${hindrance}`);
      throw new Error(`timed out waiting for ${reference.kind.kind} ${idOf(live)} to be deleted${hindrance}`);
    }
    await pause(deps.signal);
  }
}

/** The live object, or `undefined` when it or its kind is gone. */
export async function getIfPresent(deps: ApplyDeps, reference: Reference): Promise<Properties | undefined> {
  try {
    return await deps.objects.get(reference);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function latest(deps: ApplyDeps, live: Properties): Promise<Properties> {
  try {
    return (await getIfPresent(deps, referenceTo(live))) ?? live;
  } catch {
    // A call lost on the way says nothing about the object: the next look tells, or the deadline does.
    return live;
  }
}

async function notReady(
  deps: ApplyDeps,
  live: Properties,
  what: string,
  waitingFor: string,
): Promise<NotReadyError> {
  const labels = podLabels(live);
  const pods =
    labels === undefined || deps.signal.aborted
      ? []
      : await deps.objects
          .list({ group: '', version: 'v1', kind: 'Pod' }, namespaceOf(live), labels)
          .catch(() => []);
  return new NotReadyError(what, live, [waitingFor, ...pods.flatMap(podProblems)]);
}

/** The object's own finalizers; for a namespace also what its conditions say is left inside. */
function describeHindrance(live: Properties): string {
  const finalizers = valueAt(live, 'metadata', 'finalizers');
  const conditions = valueAt(live, 'status', 'conditions');
  const contents = (Array.isArray(conditions) ? conditions : [])
    .filter(isObject)
    .filter(({ type, status }) => status === 'True' && /Remaining$/.test(textOf(type)))
    .map(({ message }) => textOf(message));
  const hindrances = [...(Array.isArray(finalizers) ? finalizers.map(String) : []), ...contents];
  return hindrances.length === 0 ? '' : ` (${hindrances.join('; ')})`;
}

/** Sleeps a little; ends early, without an error, when cancelled. */
async function pause(signal: AbortSignal): Promise<void> {
  await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
}
