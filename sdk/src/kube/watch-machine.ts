/**
 * What a watch loop does next, as a pure function of what it has seen: list in pages, watch from where the
 * list ended, resume after an interruption, list again when the server has forgotten the place.
 * It never gives up: whatever fails is tried again, later and later.
 */
import { type BackoffOptions, backoffDelayMs } from './backoff.js';
import { KubeError } from './errors.js';
import type { KubeList, KubeObject, WatchLine } from './kube-api.js';

export type WatchUpdate<T> =
  /** A list has completed: it replaces everything known before. */
  | { readonly type: 'synced'; readonly objects: readonly T[] }
  /** Added or modified. */
  | { readonly type: 'applied'; readonly object: T }
  | { readonly type: 'deleted'; readonly object: T }
  /** The stream is lost; what is known may be stale until the next update. */
  | { readonly type: 'desynced'; readonly error: KubeError; readonly retryInMs: number }
  /** The stream is back after a `desynced`, and nothing was missed. */
  | { readonly type: 'resumed' };

/** The call to make next, after `delayMs`. */
type WatchCall =
  | { readonly call: 'list'; readonly limit?: number; readonly continue?: string }
  | { readonly call: 'watch'; readonly resourceVersion: string };

export interface WatchState<T> {
  readonly next: WatchCall;
  readonly delayMs: number;
  /** Objects of the pages so far, while a list is under way. */
  readonly pages: readonly T[];
  /** Failures in a row, and when the last one was. */
  readonly failures: number;
  readonly failedAt: number;
  /** A `desynced` is out and not yet followed by another update. */
  readonly stale: boolean;
  /** When the present watch was opened. */
  readonly openedAt: number;
}

export type WatchInput<T> =
  | { readonly type: 'page'; readonly list: KubeList<T> }
  | { readonly type: 'opened' }
  | { readonly type: 'line'; readonly line: WatchLine<T> }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly error: KubeError };

/** The time (ms, by a clock that nobody sets) and one throw of the dice (in [0, 1)) that go with an input. */
export interface Circumstances {
  readonly now: number;
  readonly chance: number;
}

/** Objects per page, as client-go asks for. */
const PAGE_SIZE = 500;

/** client-go's numbers: with jitter they let a broken client ask about 0.22 times a second. */
const WATCH_BACKOFF: BackoffOptions = { initialMs: 800, maxMs: 30_000, factor: 2, jitter: 1 };

/** A failure this long after the one before starts the back-off anew. */
const BACKOFF_RESET_MS = 120_000;

/**
 * A connection that breaks after a watch has stood this long is no sign of trouble: many load balancers cut what
 * is quiet for 35 s, sooner than the first bookmark comes. The back-off starts anew each time, or such a watch
 * would be away for longer than it stands. No answer is waited for this long, so it did stand.
 */
const STEADY_WATCH_MS = 30_000;

/** A watch that ends sooner than this is a sign of trouble, not of age. */
const VERY_SHORT_WATCH_MS = 1_000;

/** So often a server error on the same place is taken as passing; then the place itself is given up. */
const RESUMES_BEFORE_RELIST = 5;

const LIST_FROM_START: WatchCall = { call: 'list', limit: PAGE_SIZE };

export function initialWatchState<T>(): WatchState<T> {
  return {
    next: LIST_FROM_START,
    delayMs: 0,
    pages: [],
    failures: 0,
    failedAt: Number.NEGATIVE_INFINITY,
    stale: false,
    openedAt: 0,
  };
}

export function step<T extends KubeObject>(
  state: WatchState<T>,
  input: WatchInput<T>,
  circumstances: Circumstances,
): { state: WatchState<T>; update?: WatchUpdate<T> } {
  switch (input.type) {
    case 'page':
      return afterPage(state, input.list);
    case 'opened':
      return { state: { ...state, delayMs: 0, openedAt: circumstances.now } };
    case 'line':
      return afterLine(state, input.line);
    case 'closed':
      return afterClose(state, circumstances);
    case 'failed':
      return afterFailure(state, input.error, circumstances);
  }
}

function afterPage<T>(
  state: WatchState<T>,
  { items, metadata }: KubeList<T>,
): { state: WatchState<T>; update?: WatchUpdate<T> } {
  const objects = state.pages.concat(items);
  if (metadata.continue !== undefined && metadata.continue !== '') {
    const next: WatchCall = { call: 'list', limit: PAGE_SIZE, continue: metadata.continue };
    return { state: { ...state, next, delayMs: 0, pages: objects } };
  }
  const next: WatchCall = { call: 'watch', resourceVersion: metadata.resourceVersion };
  return {
    state: { ...state, next, delayMs: 0, pages: [], stale: false },
    update: { type: 'synced', objects },
  };
}

function afterLine<T extends KubeObject>(
  state: WatchState<T>,
  line: WatchLine<T>,
): { state: WatchState<T>; update?: WatchUpdate<T> } {
  const resourceVersion =
    line.type === 'BOOKMARK' ? line.resourceVersion : line.object.metadata.resourceVersion;
  const next: WatchCall = resourceVersion === undefined ? state.next : { call: 'watch', resourceVersion };
  const live: WatchState<T> = { ...state, next, stale: false };
  if (line.type === 'BOOKMARK') {
    return state.stale ? { state: live, update: { type: 'resumed' } } : { state: live };
  }
  return {
    state: live,
    update: { type: line.type === 'DELETED' ? 'deleted' : 'applied', object: line.object },
  };
}

function afterClose<T>(
  state: WatchState<T>,
  circumstances: Circumstances,
): { state: WatchState<T>; update?: WatchUpdate<T> } {
  const lastedMs = circumstances.now - state.openedAt;
  if (lastedMs < VERY_SHORT_WATCH_MS) {
    const error = new KubeError('Unavailable', `the server ended it after ${Math.round(lastedMs)} ms`, {
      operation: 'watch',
    });
    return afterFailure(state, error, circumstances);
  }
  const again: WatchState<T> = { ...state, delayMs: 0, stale: false };
  return state.stale ? { state: again, update: { type: 'resumed' } } : { state: again };
}

function afterFailure<T>(
  state: WatchState<T>,
  error: KubeError,
  { now, chance }: Circumstances,
): { state: WatchState<T>; update: WatchUpdate<T> } {
  const isCut =
    state.next.call === 'watch' && error.code === 'Unavailable' && now - state.openedAt > STEADY_WATCH_MS;
  const failures = isCut || now - state.failedAt > BACKOFF_RESET_MS ? 1 : state.failures + 1;
  const retryInMs = backoffDelayMs(WATCH_BACKOFF, failures - 1, () => chance, error.retryAfterMs);
  const next = callAfter(state.next, error, failures);
  const pages = next.call === 'list' && next.continue !== undefined ? state.pages : [];
  return {
    state: { ...state, next, pages, delayMs: retryInMs, failures, failedAt: now, stale: true },
    update: { type: 'desynced', error, retryInMs },
  };
}

function callAfter(failed: WatchCall, error: KubeError, failures: number): WatchCall {
  if (failed.call === 'list') {
    // A list too slow for its continue token would lose it again and again: then all at once.
    if (failed.continue !== undefined && error.code === 'Gone') return { call: 'list' };
    // What is too much to be had at once is not asked for like that again and again either.
    if (failed.limit === undefined) return LIST_FROM_START;
  }
  // After etcd was restored from a backup the server has never heard of our place.
  if (/too large resource version/i.test(error.message)) return LIST_FROM_START;
  switch (error.code) {
    case 'Gone':
    case 'NotFound':
    case 'BadRequest':
    case 'Invalid':
      return LIST_FROM_START;
    case 'ServerError':
    case 'BadResponse':
      return failures > RESUMES_BEFORE_RELIST ? LIST_FROM_START : failed;
    default:
      return failed;
  }
}
