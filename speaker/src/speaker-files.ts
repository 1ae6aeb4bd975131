/** The files a speaker is set up with, beside its environment; they are mounted from a ConfigMap and a secret. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type InterfaceRules,
  MEMBERLIST_SECRET_ENTRY,
  parseInterfaceRules,
  SettingsError,
} from '@metallb-l2/sdk/settings';

/**
 * Which interfaces to use; the default ones when there is no such file.
 *
 * @throws SettingsError when the file cannot be read or understood
 */
export function readInterfaceRules(path: string): InterfaceRules {
  return parseInterfaceRules(read(path) ?? '', path);
}

/**
 * The secret of the gossip, as it is.
 *
 * @param folder where the secret is mounted
 * @throws SettingsError when it is missing or empty
 */
export function readGossipSecret(folder: string): string {
  const path = join(folder, MEMBERLIST_SECRET_ENTRY);
  const secret = read(path);
  if (secret === undefined || secret === '') throw new SettingsError(`${path} has no key for the memberlist`);
  return secret;
}

/** The text of a file, undefined when there is none. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new SettingsError(message);
  }
}
