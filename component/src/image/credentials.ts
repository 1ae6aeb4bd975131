/** Who we are to a registry, and how it asks. */

export interface Credentials {
  username: string;
  password: string;
}

/** Stands for a user at the token server of a registry, which gives tokens for it (OAuth's refresh token). */
interface IdentityToken {
  identityToken: string;
}

export type Login = Credentials | IdentityToken;

/** A log-in that is kept on this machine, or why it cannot be had; neither when there is none. */
export interface KeptLogin {
  login?: Login;
  /** With what to do about it. A registry that asks for no log-in is used all the same. */
  problem?: string;
}

/** What a registry asks for in `WWW-Authenticate`. */
export type Challenge =
  { scheme: 'basic' } | { scheme: 'bearer'; realm: string; service: string | undefined };

/** Reads a `WWW-Authenticate` header; undefined when it asks for something we do not speak. */
export function parseChallenge(header: string | null): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^\s*([A-Za-z]+)\s*(.*)$/.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic' };
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  const parameters = new Map<string, string>();
  for (const [, name = '', value = ''] of rest.matchAll(/([a-z]+)="([^"]*)"/g)) parameters.set(name, value);
  const realm = parameters.get('realm');
  return realm === undefined ? undefined : { scheme: 'bearer', realm, service: parameters.get('service') };
}

/** The header of HTTP basic authentication. */
export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
