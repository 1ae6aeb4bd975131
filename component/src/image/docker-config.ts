/** What Docker's `config.json` says of a registry: a log-in, or the program that keeps it. */
import * as z from 'zod';
import type { Login } from './credentials.js';

/** Where Docker would look for the log-in. */
export interface LoginPlace {
  /** The program `docker-credential-NAME` to ask first. */
  helper?: string;
  /** What that program knows the registry by. */
  server: string;
  /** In the file itself. */
  stored?: Login;
}

const HELPER_NAME = /^[\w.-]+$/;

const helperSchema = z.string().regex(HELPER_NAME, 'is no name of a credential helper');
const configSchema = z.looseObject({
  auths: z
    .record(
      z.string(),
      z.looseObject({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .nullish(),
  credHelpers: z.record(z.string(), helperSchema).nullish(),
  // Docker Desktop leaves an empty one when it is removed.
  credsStore: z.union([z.literal(''), helperSchema]).nullish(),
});

type Entry = NonNullable<z.infer<typeof configSchema>['auths']>[string];

/** @throws with the field that is wrong, and never with a value: it may be a secret */
export function findLogin(config: string, registry: string): LoginPlace {
  const { auths, credHelpers, credsStore } = parse(config);
  const isHub = registry === 'docker.io';
  const names = [registry, ...(isHub ? ['index.docker.io'] : [])];
  const helper = valueFor(credHelpers, names) ?? credsStore;
  const entry = valueFor(auths, names);
  const stored = entry && loginOf(entry);
  return {
    server: isHub ? 'https://index.docker.io/v1/' : registry,
    ...(helper ? { helper } : {}),
    ...(stored === undefined ? {} : { stored }),
  };
}

function parse(config: string): z.infer<typeof configSchema> {
  let json: unknown;
  try {
    json = JSON.parse(config);
  } catch {
    throw new Error('is no JSON');
  }
  const parsed = configSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  throw new Error(`has a wrong ${path.map((key) => JSON.stringify(key)).join('.') || 'content'}: ${message}`);
}

/** Keys are hosts, or URLs as in the first version of the file. */
function valueFor<T>(record: Record<string, T> | null | undefined, names: readonly string[]): T | undefined {
  const hostOf = (key: string) => key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return Object.entries(record ?? {}).find(([key]) => names.includes(hostOf(key)))?.[1];
}

function loginOf({ auth = '', username, password, identitytoken }: Entry): Login | undefined {
  if (identitytoken) return { identityToken: identitytoken };
  if (username && password !== undefined) return { username, password };
  const [name = '', ...rest] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  return name !== '' && rest.length > 0 ? { username: name, password: rest.join(':') } : undefined;
}
