/** Who we are to a registry: challenges, and the log-ins `docker login` keeps. */
import * as z from 'zod';

export interface Credentials {
  username: string;
  password: string;
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

const dockerConfigSchema = z.looseObject({
  auths: z
    .record(
      z.string(),
      z.looseObject({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
      }),
    )
    .optional(),
});

/**
 * The log-in for `registry` in the text of a Docker `config.json`. Log-ins kept by a credential helper
 * are not in that file; for those there is none.
 */
export function dockerCredentials(config: string, registry: string): Credentials | undefined {
  const parsed = dockerConfigSchema.safeParse(jsonOf(config));
  if (!parsed.success) return undefined;
  const wanted = registry === 'docker.io' ? 'index.docker.io' : registry;
  for (const [key, entry] of Object.entries(parsed.data.auths ?? {})) {
    const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    if (host !== wanted && host !== registry) continue;
    if (entry.username !== undefined && entry.password !== undefined) {
      return { username: entry.username, password: entry.password };
    }
    const [username, ...password] = Buffer.from(entry.auth ?? '', 'base64')
      .toString('utf8')
      .split(':');
    if (username !== undefined && username !== '' && password.length > 0) {
      return { username, password: password.join(':') };
    }
  }
  return undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
