/** How a registry fails, told with what to do about it. */
import type { Login } from './credentials.js';

/** A registry could not be reached, or refused. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  /** HTTP status of the answer; undefined when none came. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** What the remedy depends on. */
export interface RegistrySettings {
  /** Plain HTTP instead of HTTPS. */
  insecure: boolean;
  login?: Login;
  /** How this user would log in. */
  howToLogIn: string;
}

/** No answer came. `where` is the registry and the repository, `origin` who was asked. */
export function silenceError(
  where: string,
  origin: string,
  error: unknown,
  { insecure }: RegistrySettings,
): RegistryError {
  const { code, message } = causeOf(error);
  const remedy = remedyForSilence(code, insecure);
  return new RegistryError(`${where}: no answer from ${origin}: ${message}; ${remedy}`, undefined, {
    cause: error,
  });
}

function remedyForSilence(code: string, insecure: boolean): string {
  if (/EXPIRED|NOT_YET_VALID|ALTNAME/.test(code)) {
    return 'give the registry a certificate that is good for this name and this day';
  }
  if (/CERT|VERIFY/.test(code)) {
    return 'name the file of its certificate authority in the environment variable NODE_EXTRA_CA_CERTS';
  }
  return `check the host${insecure ? '' : ', and set "insecure" if it speaks plain HTTP'}`;
}

/** The answer was no. `operation` is what was asked for, `body` the answer's. */
export function refusalError(
  operation: string,
  { status, body }: { status: number; body: Uint8Array },
  settings: RegistrySettings,
): RegistryError {
  const said = /"message"\s*:\s*"([^"]+)"/.exec(Buffer.from(body).toString('utf8'))?.[1];
  const reason = said === undefined ? '' : ` (${said})`;
  return new RegistryError(`cannot ${operation}: ${status}${reason}; ${remedyFor(status, settings)}`, status);
}

function remedyFor(status: number, { login, howToLogIn }: RegistrySettings): string {
  if (status === 401 || status === 403) {
    if (login === undefined) return howToLogIn;
    return 'identityToken' in login
      ? `the registry does not accept the identity token that is kept for it; ${howToLogIn}`
      : `the registry does not accept "${login.username}" for this; check the password and the rights`;
  }
  if (status === 404)
    return 'check the name, and that the repository exists where the registry wants it created first';
  if (status === 429)
    return 'the registry limits how often it may be asked; try later, or log in for a higher limit';
  if (status >= 500) return 'the registry is in trouble; look at its log';
  return 'the registry does not accept the request; look at its log';
}

/** `fetch failed` says nothing; its cause does, but of OpenSSL's errors only the code is made for people. */
function causeOf(error: unknown): { code: string; message: string } {
  const { cause = error } = error as { cause?: unknown };
  const { message = '', code = String(cause) } = cause as { message?: string; code?: string };
  const spoken = message !== '' && !code.startsWith('ERR_SSL_');
  return { code, message: spoken ? message : code };
}
