import type { ObjectRef, ResourceType } from './kube-api.js';

/** Every way a call to the API server can fail. The list is closed: a switch over it can be exhaustive. */
export type KubeErrorCode =
  | 'BadRequest' // 400, 405, 415
  | 'Unauthorized' // 401
  | 'Forbidden' // 403
  | 'NotFound' // 404
  | 'AlreadyExists' // 409, reason AlreadyExists
  | 'Conflict' // 409 otherwise: a stale resourceVersion, a failed precondition, an apply conflict
  | 'Gone' // 410: the resourceVersion or the continue token is too old
  | 'Invalid' // 422
  | 'TooManyRequests' // 429
  | 'ServerError' // other 5xx
  | 'Unavailable' // 503, 504, or no connection at all
  | 'Timeout' // no answer, or silence on a watch, for too long
  | 'BadResponse'; // an answer that is not what the API promises (a login page, cut JSON)

export interface KubeErrorDetails {
  /** HTTP status; absent when no answer came. */
  status?: number;
  /** What was asked, such as `patch servicel2statuses/status metallb-system/node-a-x7k2p`. */
  operation: string;
  /** What the server asks to wait, from `Retry-After`, in milliseconds; a minute where it asks for more. */
  retryAfterMs?: number;
  /** `reason` of the server's Status object. */
  reason?: string;
  cause?: unknown;
}

/** A failed call to the API server. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: KubeErrorCode;
  readonly status: number | undefined;
  readonly operation: string;
  readonly retryAfterMs: number | undefined;
  readonly reason: string | undefined;

  constructor(code: KubeErrorCode, message: string, details: KubeErrorDetails) {
    super(
      `${details.operation}: ${message}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.status = details.status;
    this.operation = details.operation;
    this.retryAfterMs = details.retryAfterMs;
    this.reason = details.reason;
  }
}

/** Whether `error` is a {@link KubeError} with one of `codes` (any code when none is given). */
export function isKubeError(error: unknown, ...codes: KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));
}

/** Names a call for error messages and logs, such as `get services default/web`. */
export function describeCall(
  verb: string,
  type: ResourceType,
  ref?: Partial<ObjectRef>,
  subresource?: string,
): string {
  const resource = subresource === undefined ? type.plural : `${type.plural}/${subresource}`;
  const object = [ref?.namespace, ref?.name].filter((part) => part !== undefined).join('/');
  return object === '' ? `${verb} ${resource}` : `${verb} ${resource} ${object}`;
}
