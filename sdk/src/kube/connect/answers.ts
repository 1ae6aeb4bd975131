/** What the answers of the API server mean: refusals as {@link KubeError}, promised JSON as values. */
import * as z from 'zod';
import { KubeError, type KubeErrorCode } from '../errors.js';
import type { KubeList, KubeObject, WatchLine } from '../kube-api.js';

export interface Answer {
  readonly status: number;
  readonly retryAfter?: string | undefined;
  readonly contentType?: string | undefined;
  readonly body: string;
}

const statusSchema = z.looseObject({
  kind: z.literal('Status').exactOptional(),
  code: z.number().exactOptional(),
  reason: z.string().exactOptional(),
  message: z.string().exactOptional(),
  details: z.looseObject({ retryAfterSeconds: z.number().exactOptional() }).nullish(),
});

const objectSchema = z.looseObject({ metadata: z.looseObject({}) });

const listSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string(), continue: z.string().exactOptional() }),
  items: z.array(objectSchema).nullable(),
});

const lineSchema = z.union([
  z.object({
    type: z.literal('BOOKMARK'),
    object: z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string() }) }),
  }),
  z.object({ type: z.literal('ERROR'), object: statusSchema }),
  z.object({ type: z.enum(['ADDED', 'MODIFIED', 'DELETED']), object: objectSchema }),
]);

/**
 * No server is waited for any longer, as long as the longest back-off. One that says a day, by mistake or by a
 * clock that is wrong, would keep a watch or a write from being tried again until the day is over.
 */
const MAX_RETRY_AFTER_MS = 60_000;

/** The error an answer outside 200-299 stands for. `now` (ms) dates a `Retry-After` that is a date. */
export function refusalOf(answer: Answer, operation: string, now: number): KubeError {
  const parsed = statusSchema.safeParse(jsonOrUndefined(answer.body));
  const { reason, message, details } = parsed.success ? parsed.data : {};
  const seconds = details?.retryAfterSeconds;
  const askedMs =
    parseRetryAfter(answer.retryAfter, now) ?? (seconds === undefined ? undefined : seconds * 1000);
  return new KubeError(
    codeOf(answer.status, reason),
    message ?? `HTTP ${answer.status}${excerptOf(answer.body)}`,
    {
      status: answer.status,
      operation,
      ...(reason !== undefined && { reason }),
      ...(askedMs !== undefined && { retryAfterMs: Math.min(Math.max(askedMs, 0), MAX_RETRY_AFTER_MS) }),
    },
  );
}

/** @throws KubeError `BadResponse` unless the body is an object of Kubernetes */
export function parseObject(answer: Answer, operation: string): KubeObject {
  const result = objectSchema.safeParse(jsonOrUndefined(answer.body));
  if (!result.success) throw badResponse(answer, 'an object', operation);
  return result.data;
}

/** @throws KubeError `BadResponse` unless the body is a list of Kubernetes */
export function parseList<T extends KubeObject>(answer: Answer, operation: string): KubeList<T> {
  const result = listSchema.safeParse(jsonOrUndefined(answer.body));
  if (!result.success) throw badResponse(answer, 'a list', operation);
  // Go writes an empty list as null at times.
  return { metadata: result.data.metadata, items: (result.data.items ?? []) as unknown as T[] };
}

/**
 * One line of a watch.
 *
 * @throws KubeError what an `ERROR` line says; `BadResponse` for a line that is none
 */
export function parseWatchLine<T extends KubeObject>(line: string, operation: string): WatchLine<T> {
  const result = lineSchema.safeParse(jsonOrUndefined(line));
  if (!result.success) throw badResponse({ status: 200, body: line }, 'a line of a watch', operation);
  const { data } = result;
  switch (data.type) {
    case 'ERROR':
      throw refusalOf({ status: data.object.code ?? 500, body: JSON.stringify(data.object) }, operation, 0);
    case 'BOOKMARK':
      return { type: data.type, resourceVersion: data.object.metadata.resourceVersion };
    default:
      return { type: data.type, object: data.object as unknown as T };
  }
}

/** Milliseconds to wait by a `Retry-After` header (RFC 9110 §10.2.3): seconds or a date. */
function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : date - now;
}

function codeOf(status: number, reason: string | undefined): KubeErrorCode {
  switch (status) {
    case 401:
      return 'Unauthorized';
    case 403:
      return 'Forbidden';
    case 404:
      return 'NotFound';
    case 408:
      return 'Timeout';
    case 409:
      return reason === 'AlreadyExists' ? 'AlreadyExists' : 'Conflict';
    case 410:
      return 'Gone';
    case 422:
      return 'Invalid';
    case 429:
      return 'TooManyRequests';
    case 503:
    case 504:
      return 'Unavailable';
    default:
      if (status >= 500) return 'ServerError';
      return status >= 400 ? 'BadRequest' : 'BadResponse';
  }
}

function badResponse(answer: Answer, wanted: string, operation: string): KubeError {
  const type = answer.contentType === undefined ? '' : ` (${answer.contentType})`;
  const message = `the answer is not ${wanted}${type}${excerptOf(answer.body)}`;
  return new KubeError('BadResponse', message, { status: answer.status, operation });
}

function excerptOf(body: string): string {
  const text = body.slice(0, 200).replace(/\s+/g, ' ').trim();
  return text === '' ? '' : `: ${text}`;
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
