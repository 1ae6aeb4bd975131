/** What client-node makes nothing, or no sense, of in the text of a kubeconfig. */
import { resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { parse as parseYaml } from 'yaml';
import { KubeconfigError } from './kubeconfig-error.js';

interface Entry {
  readonly name?: unknown;
  readonly cluster?: { readonly server?: unknown } | null;
  readonly user?: { readonly tokenFile?: unknown } | null;
}

/**
 * Reads `text` into `config`.
 *
 * @param what names it in errors
 * @param folder where token files are that are named by a relative path
 * @throws KubeconfigError
 */
export function loadText(config: KubeConfig, text: string, what: string, folder = ''): void {
  const { clusters, users } = (parseYaml(text) ?? {}) as { clusters?: unknown; users?: unknown };
  for (const { name, cluster } of entriesOf(clusters)) {
    const server = cluster?.server ?? '';
    if (typeof server === 'string') continue;
    throw new KubeconfigError(
      `${what}: cluster "${String(name)}": server ${JSON.stringify(server)} is not text; ` +
        'give a URL, such as "https://192.0.2.1:6443"',
    );
  }
  config.loadFromString(text);
  for (const { name, user } of entriesOf(users)) {
    if (typeof user?.tokenFile !== 'string') continue;
    const authProvider = { name: 'tokenFile', config: { tokenFile: resolve(folder, user.tokenFile) } };
    // As client-go has it, the file goes before the token.
    Object.assign(config.getUser(String(name)) ?? {}, { authProvider, token: undefined });
  }
}

function entriesOf(list: unknown): readonly Entry[] {
  return Array.isArray(list)
    ? list.filter((entry): entry is Entry => typeof entry === 'object' && !!entry)
    : [];
}
