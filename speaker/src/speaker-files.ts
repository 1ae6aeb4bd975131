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
  return parseInterfaceRules(read(path)?.toString('utf8') ?? '', path);
}

/**
 * The secret of the gossip, as it is: bytes, which need not be text.
 *
 * @param folder where the secret is mounted
 * @throws SettingsError when it is missing or empty
 */
export function readGossipSecret(folder: string): Uint8Array {
  const path = join(folder, MEMBERLIST_SECRET_ENTRY);
  const secret = read(path);
  if (secret === undefined || secret.length === 0) {
    throw new SettingsError(`${path} has no key for the memberlist`);
  }
  // A copy: whoever is handed the buffer on another thread would get all of the memory it is part of.
  return new Uint8Array(secret);
}

/** What is in a file, undefined when there is none. */
function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new SettingsError(message);
  }
}
