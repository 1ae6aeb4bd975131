/**
 * Which API server to speak to and how to be believed by it. client-node reads kubeconfig files and knows
 * the ways to log in (certificates, tokens, token files, exec plugins, OIDC); nothing else of it is used,
 * and the deep import spares its hundreds of generated classes.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Credentials, CredentialSource } from './credentials.js';
import { KubeconfigError } from './kubeconfig-error.js';
import { loadText } from './kubeconfig-text.js';

export interface KubeconfigSource {
  /** Content of a kubeconfig file. @default `$KUBECONFIG`, `~/.kube/config`, the pod's service account */
  kubeconfig?: string;
  /** Path of the kubeconfig file, instead of its content; files it names are looked for beside it. */
  kubeconfigFile?: string;
  /** @default the current context of the kubeconfig */
  context?: string;
}

export class KubeconfigCredentials implements CredentialSource {
  readonly #source: KubeconfigSource;
  #config: KubeConfig;

  /** @throws KubeconfigError */
  constructor(source: KubeconfigSource) {
    this.#source = source;
    this.#config = load(source);
    checkTokenFile(this.#config, whatOf(source));
  }

  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  /** The namespace of the context, undefined when it names none. */
  get namespace(): string | undefined {
    const context = this.#config.getContextObject(this.#config.getCurrentContext());
    return context?.namespace === '' ? undefined : context?.namespace;
  }

  /** For one request: token files are read again and exec plugins run again when their time is over. */
  async current(): Promise<Credentials> {
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const proxied = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
    return { server: new URL(this.server), options, proxied };
  }

  /** To be called when the server did not believe them: all is read anew, an exec plugin's answer included. */
  refresh(): void {
    this.#config = load(this.#source);
  }
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

function load(source: KubeconfigSource): KubeConfig {
  const { kubeconfig, kubeconfigFile, context } = source;
  const config = new KubeConfig();
  const what = whatOf(source);
  try {
    if (kubeconfig !== undefined) loadText(config, kubeconfig, what);
    else if (kubeconfigFile !== undefined) loadFile(config, kubeconfigFile);
    else loadDefault(config);
  } catch (error) {
    if (error instanceof KubeconfigError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new KubeconfigError(`${what} cannot be read: ${why}`, { cause: error });
  }
  if (context !== undefined) config.setCurrentContext(context);
  const name = config.getCurrentContext() as string | undefined;
  const known = config.getContexts().map((each) => `"${each.name}"`);
  if (known.length === 0) throw new KubeconfigError(`${what} has no contexts`);
  if (name === undefined || name === '') {
    throw new KubeconfigError(`${what} has no current context; name one of ${known.join(', ')}`);
  }
  const cluster = config.getContextObject(name) && config.getCurrentCluster();
  if (!cluster) {
    throw new KubeconfigError(`${what} has no context "${name}" with a cluster; it has ${known.join(', ')}`);
  }
  const user = config.getContextObject(name)?.user;
  if (user && !config.getUser(user)) {
    const users = config.getUsers().map((each) => `"${each.name}"`);
    throw new KubeconfigError(
      `${what} has no user "${user}", which context "${name}" names; it has ${users.join(', ') || 'none'}`,
    );
  }
  if (!URL.canParse(cluster.server)) {
    throw new KubeconfigError(`cluster "${cluster.name}": server "${cluster.server}" is not a URL`);
  }
  // client-node refuses plain HTTP, as `kubectl proxy` serves it, without this.
  if (!cluster.server.startsWith('https:')) Object.assign(cluster, { skipTLSVerify: true });
  return config;
}

/** Names what is read, for errors. */
function whatOf({ kubeconfig, kubeconfigFile = process.env['KUBECONFIG'] ?? '' }: KubeconfigSource): string {
  return kubeconfig !== undefined || kubeconfigFile === ''
    ? 'the kubeconfig'
    : `the kubeconfig ${kubeconfigFile}`;
}

function loadFile(config: KubeConfig, file: string): void {
  loadText(config, readFileSync(file, 'utf8'), `the kubeconfig ${file}`, dirname(file));
  config.makePathsAbsolute(dirname(file));
}

/** A file that goes later is an error of the request that needs it. */
function checkTokenFile(config: KubeConfig, what: string): void {
  const user = config.getCurrentUser();
  const { config: login } = (user?.authProvider ?? {}) as { config?: { tokenFile?: unknown } | null };
  const tokenFile = login?.tokenFile;
  if (typeof tokenFile !== 'string') return;
  try {
    readFileSync(tokenFile);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `${what}: user "${user?.name ?? ''}": tokenFile "${tokenFile}" cannot be read: ${why}`;
    throw new KubeconfigError(`${message}; log in again, or name another user with a context`, { cause });
  }
}

/** As kubectl does: every file of `$KUBECONFIG` that exists, the first one's current context wins. */
function loadDefault(config: KubeConfig): void {
  const { KUBECONFIG: variable = '' } = process.env;
  const named = variable.split(delimiter).filter((file) => file !== '');
  const home = join(homedir(), '.kube', 'config');
  const [first, ...others] = (named.length > 0 ? named : [home]).filter((file) => existsSync(file));
  if (first !== undefined) {
    loadFile(config, first);
    for (const file of others) {
      const other = new KubeConfig();
      loadFile(other, file);
      config.mergeConfig(other, true);
    }
  } else if (named.length === 0 && existsSync(SERVICE_ACCOUNT_TOKEN)) {
    config.loadFromCluster();
  } else {
    const looked =
      named.length > 0
        ? `KUBECONFIG names ${variable}, which does not exist`
        : `KUBECONFIG is not set, ${home} does not exist, and this is not a pod with a service account`;
    throw new KubeconfigError(`no kubeconfig found: ${looked}`);
  }
}
