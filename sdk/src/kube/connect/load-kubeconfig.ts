/**
 * Finds and reads a kubeconfig, or several, and checks that one can work with it. client-node reads the
 * files; the deep import spares its hundreds of generated classes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { type ExecPlugin, informed } from './exec-plugin.js';
import { KubeconfigError } from './kubeconfig-error.js';
import { type KubeconfigSource, whatOf } from './kubeconfig-source.js';
import { readText, unreadable } from './kubeconfig-text.js';

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** @throws KubeconfigError */
export function loadKubeconfig(source: KubeconfigSource): KubeConfig {
  const what = whatOf(source);
  const config = read(source);
  if (source.context !== undefined) config.setCurrentContext(source.context);
  const name = config.getCurrentContext() as string | undefined;
  const known = config.getContexts().map((each) => `"${each.name}"`);
  if (known.length === 0) throw new KubeconfigError(`${what} has no contexts`);
  if (name === undefined || name === '') {
    throw new KubeconfigError(`${what} has no current context; name one of ${known.join(', ')}`);
  }
  const context = config.getContextObject(name);
  const cluster = context && config.getCurrentCluster();
  if (!cluster) {
    throw new KubeconfigError(`${what} has no context "${name}" with a cluster; it has ${known.join(', ')}`);
  }
  if (context.user && !config.getUser(context.user)) {
    const users = config.getUsers().map((each) => `"${each.name}"`);
    throw new KubeconfigError(
      `${what} has no user "${context.user}", which context "${name}" names; it has ${users.join(', ') || 'none'}`,
    );
  }
  const protocol = URL.canParse(cluster.server) ? new URL(cluster.server).protocol : undefined;
  if (protocol !== 'https:' && protocol !== 'http:') {
    throw new KubeconfigError(
      `${what}: cluster "${cluster.name}": server "${cluster.server}" is not a URL of http or https, ` +
        'such as "https://192.0.2.1:6443"',
    );
  }
  // For a context without a user client-node would forget how the server is to be verified.
  if (!context.user) {
    config.addUser({ name: '' });
    Object.assign(context, { user: '' });
  }
  const user = config.getCurrentUser();
  const exec = user?.exec as ExecPlugin | null | undefined;
  if (user && exec) Object.assign(user, { exec: informed(exec, cluster) });
  // Without this it refuses plain HTTP, as `kubectl proxy` serves it.
  if (protocol === 'http:') Object.assign(cluster, { skipTLSVerify: true });
  return config;
}

/** A file that goes later is an error of the request that needs it. */
export function checkTokenFile(config: KubeConfig, what: string): void {
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

function read({ kubeconfig, kubeconfigFile }: KubeconfigSource): KubeConfig {
  if (kubeconfig !== undefined) return readText(kubeconfig, 'the kubeconfig');
  if (kubeconfigFile !== undefined) return readFile(kubeconfigFile);
  return readDefault();
}

function readFile(file: string): KubeConfig {
  const what = `the kubeconfig ${file}`;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(what, error);
  }
  const config = readText(text, what, dirname(file));
  config.makePathsAbsolute(dirname(file));
  return config;
}

/** As kubectl does: every file of `$KUBECONFIG` that exists. */
function readDefault(): KubeConfig {
  const { KUBECONFIG: variable = '' } = process.env;
  const named = variable.split(delimiter).filter((file) => file !== '');
  const home = join(homedir(), '.kube', 'config');
  const [first, ...others] = (named.length > 0 ? named : [home]).filter((file) => existsSync(file));
  if (first !== undefined) {
    const config = readFile(first);
    for (const file of others) addFrom(readFile(file), config);
    return config;
  }
  if (named.length === 0 && existsSync(SERVICE_ACCOUNT_TOKEN)) {
    const config = new KubeConfig();
    config.loadFromCluster();
    return config;
  }
  const looked =
    named.length > 0
      ? `KUBECONFIG names ${variable}, which does not exist`
      : `KUBECONFIG is not set, ${home} does not exist, and this is not a pod with a service account`;
  throw new KubeconfigError(`no kubeconfig found: ${looked}`);
}

/** What `config` has, by its name, stays as it is; its current context too. */
function addFrom(other: KubeConfig, config: KubeConfig): void {
  for (const each of other.getClusters()) if (!config.getCluster(each.name)) config.addCluster(each);
  for (const each of other.getUsers()) if (!config.getUser(each.name)) config.addUser(each);
  for (const each of other.getContexts()) if (!config.getContextObject(each.name)) config.addContext(each);
  if (!config.getCurrentContext()) config.setCurrentContext(other.getCurrentContext());
}
