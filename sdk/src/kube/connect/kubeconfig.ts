/**
 * How to be believed by the API server of a kubeconfig. client-node knows the ways to log in (certificates,
 * tokens, token files, exec plugins, OIDC).
 */
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Credentials, CredentialSource } from './credentials.js';
import { type ExecPlugin, pluginFailure } from './exec-plugin.js';
import { type KubeconfigSource, whatOf } from './kubeconfig-source.js';
import { checkTokenFile, loadKubeconfig } from './load-kubeconfig.js';

export class KubeconfigCredentials implements CredentialSource {
  readonly #source: KubeconfigSource;
  #config: KubeConfig;
  /** What there is was refused, or is of no use. */
  #isStale = false;
  /** The one under way. */
  #logIn: Promise<Credentials> | undefined;
  /** Where those came from that were given out. */
  readonly #origins = new WeakMap<Credentials, KubeConfig>();

  /** @throws KubeconfigError */
  constructor(source: KubeconfigSource) {
    this.#config = loadKubeconfig(source);
    checkTokenFile(this.#config, whatOf(source));
    // By the time it is read anew, another context may be the current one: of another cluster.
    this.#source = { ...source, context: this.#config.getCurrentContext() };
  }

  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  /** The namespace of the context, undefined when it names none. */
  get namespace(): string | undefined {
    const context = this.#config.getContextObject(this.#config.getCurrentContext());
    return context?.namespace === '' ? undefined : context?.namespace;
  }

  /**
   * For one request: token files are read again and exec plugins run again when their time is over. Requests
   * at the same time share one log-in, which may ask a person.
   */
  current(): Promise<Credentials> {
    this.#logIn ??= this.#obtain().finally(() => (this.#logIn = undefined));
    return this.#logIn;
  }

  /** Those refused may have been replaced since: then nothing is read, and no plugin is run, once more. */
  refresh(refused: Credentials): void {
    if (this.#origins.get(refused) === this.#config) this.#isStale = true;
  }

  async #obtain(): Promise<Credentials> {
    try {
      if (this.#isStale) this.#config = loadKubeconfig(this.#source);
      this.#isStale = false;
      const options: RequestOptions = {};
      await this.#config.applyToHTTPSOptions(options);
      const proxied = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
      const credentials = { server: new URL(this.server), options: withoutLineBreak(options), proxied };
      this.#origins.set(credentials, this.#config);
      return credentials;
    } catch (error) {
      const exec = this.#config.getCurrentUser()?.exec as ExecPlugin | null | undefined;
      // client-node keeps what a plugin has answered, even if it can make nothing of it.
      if (exec) this.#isStale = true;
      throw pluginFailure(exec, error);
    }
  }
}

/** Files, and plugins, end a token with a line break, which a header must not have. */
function withoutLineBreak(options: RequestOptions): RequestOptions {
  const { Authorization: authorization, ...headers } = (options.headers ?? {}) as Record<string, string>;
  if (authorization === undefined) return options;
  return { ...options, headers: { ...headers, authorization: authorization.trim() } };
}
