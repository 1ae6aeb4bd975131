/** One line, and an exit code, for whatever went wrong. */
import { isDistrust } from '../kube/connect/distrust.js';
import { isKubeError } from '../kube/errors.js';
import { ServiceL2StatusError, type ServiceL2StatusErrorCode, statusErrorOf } from '../status/errors.js';
import { EXIT, type ExitCode } from './exit-code.js';

/** The command line cannot be understood; the message names the value and the remedy. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Failure {
  readonly exitCode: ExitCode;
  /** Without line breaks. */
  readonly message: string;
}

const REMEDIES: Partial<Record<ServiceL2StatusErrorCode, string>> = {
  NoKubeconfig: 'name a context with --context, or a file with --kubeconfig or KUBECONFIG',
  NotInstalled: 'install MetalLB, or name the cluster that has it with --context',
  Denied: 'ask who runs the cluster for that permission, or name another user with --context',
  Unreachable: 'check that it runs, and that --context names the right cluster',
};

export function failureOf(error: unknown): Failure {
  if (error instanceof UsageError) return { exitCode: EXIT.usage, message: error.message };
  const asked = isKubeError(error) ? statusErrorOf(error) : error;
  if (!(asked instanceof ServiceL2StatusError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { exitCode: EXIT.cluster, message: oneLine(message) };
  }
  const remedy = remedyOf(asked);
  const message = oneLine(asked.message) + (remedy === undefined ? '' : `; ${remedy}`);
  switch (asked.code) {
    case 'InvalidArgument':
      return { exitCode: EXIT.usage, message };
    case 'Timeout':
      return { exitCode: EXIT.timeout, message };
    default:
      return { exitCode: EXIT.cluster, message };
  }
}

function remedyOf({ code, cause }: ServiceL2StatusError): string | undefined {
  if (isKubeError(cause, 'Unauthorized')) return 'log in again, or name another user with --context';
  if (isKubeError(cause, 'TooManyRequests')) return 'try again in a while';
  if (isKubeError(cause, 'Unavailable') && isDistrust(cause.cause)) {
    return 'check certificate-authority of the kubeconfig, and that --context names the right cluster';
  }
  return REMEDIES[code];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}
