/** Reads the text of a kubeconfig, and what client-node makes nothing, or no sense, of. */
import { resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { parse as parseYaml } from 'yaml';
import { type ExecPlugin, placed } from './exec-plugin.js';
import { KubeconfigError } from './kubeconfig-error.js';

interface Entry {
  readonly name?: unknown;
  readonly cluster?: { readonly server?: unknown } | null;
  readonly user?: { readonly tokenFile?: unknown; readonly exec?: ExecPlugin | null } | null;
}

/**
 * @param what names the text in errors
 * @param folder where token files and plugins are that are named by a relative path
 * @throws KubeconfigError
 */
export function readText(text: string, what: string, folder = ''): KubeConfig {
  const config = new KubeConfig();
  try {
    const content = parseYaml(text) as { clusters?: unknown; users?: unknown } | null;
    // kubectl takes an empty file for one that has nothing.
    if (content === null) return config;
    checkServers(content.clusters, what);
    config.loadFromString(text);
    completeUsers(content.users, config, folder);
  } catch (error) {
    throw error instanceof KubeconfigError ? error : unreadable(what, error);
  }
  return config;
}

export function unreadable(what: string, cause: unknown): KubeconfigError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new KubeconfigError(`${what} cannot be read: ${why}`, { cause });
}

function checkServers(clusters: unknown, what: string): void {
  for (const { name, cluster } of entriesOf(clusters)) {
    const server = cluster?.server ?? '';
    if (typeof server === 'string') continue;
    throw new KubeconfigError(
      `${what}: cluster "${String(name)}": server ${JSON.stringify(server)} is not text; ` +
        'give a URL, such as "https://192.0.2.1:6443"',
    );
  }
}

function completeUsers(users: unknown, config: KubeConfig, folder: string): void {
  for (const { name, user } of entriesOf(users)) {
    const read = config.getUser(String(name));
    if (!read) continue;
    if (user?.exec) Object.assign(read, { exec: placed(user.exec, folder) });
    if (typeof user?.tokenFile !== 'string') continue;
    const authProvider = { name: 'tokenFile', config: { tokenFile: resolve(folder, user.tokenFile) } };
    // As client-go has it, the file goes before the token.
    Object.assign(read, { authProvider, token: undefined });
  }
}

function entriesOf(list: unknown): readonly Entry[] {
  return Array.isArray(list)
    ? list.filter((entry): entry is Entry => typeof entry === 'object' && !!entry)
    : [];
}
