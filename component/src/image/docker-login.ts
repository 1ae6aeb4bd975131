/** The log-ins of this machine's user, as `docker login` and the credential helpers it works with keep them. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type HelperSettings, askHelper } from './credential-helper.js';
import type { KeptLogin } from './credentials.js';
import { type LoginPlace, findLogin } from './docker-config.js';

/** A helper that asks its user, as those of desktops do, is given time for the answer. */
const HELPER_LIMIT_MS = 60_000;

export async function dockerLogin(
  registry: string,
  { env = process.env, limitMs = HELPER_LIMIT_MS }: Partial<HelperSettings> = {},
): Promise<KeptLogin> {
  const file = join(env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json');
  let place: LoginPlace;
  try {
    place = findLogin(await readFile(file, 'utf8'), registry);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    return {
      problem: `Docker's ${file} ${code === undefined ? message : `cannot be read (${code})`}; mend it`,
    };
  }
  const { helper, server, stored } = place;
  const kept = stored === undefined ? {} : { login: stored };
  if (helper === undefined) return kept;
  try {
    const login = await askHelper(helper, server, { env, limitMs });
    return login === undefined ? kept : { login };
  } catch (error) {
    const asked = `docker-credential-${helper}, which ${file} names for ${registry},`;
    return {
      ...kept,
      problem: `${asked} ${(error as Error).message}; see that it works, or take it out of the file`,
    };
  }
}
