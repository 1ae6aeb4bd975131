import { KubeError } from '../kube/errors.js';
import { type ServiceRef, serviceKey } from './announcement.js';

/** Why a question about announcements has no answer. The list is closed. */
export type ServiceL2StatusErrorCode =
  | 'InvalidArgument' // what was asked cannot be asked; the message names the argument
  | 'NoKubeconfig' // no kubeconfig, or none that can be used
  | 'NotInstalled' // the cluster does not know ServiceL2Status
  | 'Denied' // the API server does not believe the credentials, or they do not allow it
  | 'Unreachable' // the API server does not answer, not in time, or has no time for us
  | 'Timeout' // what was waited for did not come; the message says what was there instead
  | 'Closed' // the client was closed
  | 'Failed'; // anything else; `cause` is the error underneath

export class ServiceL2StatusError extends Error {
  override readonly name = 'ServiceL2StatusError';
  readonly code: ServiceL2StatusErrorCode;
  /** The service asked about, when it was one. */
  readonly service: ServiceRef | undefined;

  constructor(
    code: ServiceL2StatusErrorCode,
    message: string,
    { service, ...options }: { cause?: unknown; service?: ServiceRef | undefined } = {},
  ) {
    super(message, options);
    this.code = code;
    this.service = service;
  }
}

/** A failed call, in terms of the question asked. */
export function statusErrorOf(cause: KubeError, service?: ServiceRef): ServiceL2StatusError {
  const about = service ? `${serviceKey(service)}: ` : '';
  const error = (code: ServiceL2StatusErrorCode, message = cause.message) =>
    new ServiceL2StatusError(code, about + message, { cause, service });
  switch (cause.code) {
    case 'NotFound':
      return error(
        'NotInstalled',
        `the cluster does not know ServiceL2Status: is MetalLB installed there? (${cause.message})`,
      );
    case 'Unauthorized':
    case 'Forbidden':
      return error('Denied');
    case 'Unavailable':
    case 'Timeout':
    case 'TooManyRequests':
      return error('Unreachable');
    default:
      return error('Failed');
  }
}
