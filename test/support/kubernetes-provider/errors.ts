/** How a call to the cluster fails, as far as the provider treats failures differently. */
import type { GroupVersionKind } from './kinds.ts';
import { apiVersionOf } from './kinds.ts';
import type { Properties } from './properties.ts';

/** The API server's Status object, as far as it is used. */
export interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly kind?: string;
    readonly causes?: readonly { reason?: string; message?: string; field?: string }[];
  };
}

/** The API server answered with an error. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly status: Status;

  constructor(code: number, status: Status) {
    super(status.message ?? `the API server answered ${code}`);
    this.code = code;
    this.status = status;
  }
}

/** The API server does not know the kind: often because its CRD is not there yet. */
export class NoMatchError extends Error {
  override readonly name = 'NoMatchError';

  constructor(kind: GroupVersionKind) {
    super(`no matches for kind "${kind.kind}" in version "${apiVersionOf(kind)}"`);
  }
}

/** No API server answers where the kubeconfig says. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';

  constructor(reason: string) {
    super(`configured Kubernetes cluster is unreachable: ${reason}`);
  }
}

/** The object is there, and did not become ready: the engine keeps its state, so the next update continues. */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';
  readonly live: Properties;
  readonly reasons: readonly string[];

  constructor(message: string, live: Properties, reasons: readonly string[]) {
    super(message);
    this.live = live;
    this.reasons = reasons;
  }
}

export function isStatus(error: unknown, code: number): error is StatusError {
  return error instanceof StatusError && error.code === code;
}

/** Whether what was asked for, or its kind, does not exist. */
export function isGone(error: unknown): boolean {
  return error instanceof NoMatchError || isStatus(error, 404);
}

/** Whether the object's namespace is what is missing. */
export function isNamespaceMissing(error: unknown): boolean {
  return isStatus(error, 404) && error.status.details?.kind === 'namespaces';
}
