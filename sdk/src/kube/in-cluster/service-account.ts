/** The API server and the credentials that the kubelet gives to every pod with a service account. */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials, CredentialSource } from '../connect/credentials.js';

export interface PodSurroundings {
  /** @default `process.env` */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the service account is mounted. @default "/var/run/secrets/kubernetes.io/serviceaccount" */
  readonly folder?: string;
}

/** The kubelet renews a token long before it ends, so one read this long ago, in milliseconds, is still good. */
const TOKEN_AGE_MS = 60_000;

export function findServiceAccount({
  env = process.env,
  folder = '/var/run/secrets/kubernetes.io/serviceaccount',
}: PodSurroundings): ServiceAccount | undefined {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === '' || !existsSync(join(folder, 'token'))) return undefined;
  return new ServiceAccount(`https://${host.includes(':') ? `[${host}]` : host}:${port}`, folder);
}

class ServiceAccount implements CredentialSource {
  readonly server: string;
  readonly namespace: string | undefined;
  readonly #folder: string;
  #token = '';
  #authority = '';
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(server: string, folder: string) {
    this.server = server;
    this.#folder = folder;
    const namespace = join(folder, 'namespace');
    this.namespace = existsSync(namespace) ? readFileSync(namespace, 'utf8').trim() : undefined;
  }

  async current(): Promise<Credentials> {
    const now = performance.now();
    if (now - this.#readAt > TOKEN_AGE_MS) {
      const read = (name: string) => readFile(join(this.#folder, name), 'utf8');
      const [token, authority] = await Promise.all([read('token'), read('ca.crt')]);
      this.#token = token.trim();
      this.#authority = authority;
      this.#readAt = now;
    }
    return {
      server: new URL(this.server),
      options: { headers: { authorization: `Bearer ${this.#token}` }, ca: this.#authority },
      proxied: false,
    };
  }

  refresh(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
  }
}
