/** What client-node leaves out of the protocol of exec plugins, which is described with `ExecCredential`. */
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { Cluster } from '@kubernetes/client-node/dist/config_types.js';

/** `exec` of a user in a kubeconfig, as far as it is read here. */
export interface ExecPlugin {
  readonly command?: unknown;
  readonly apiVersion?: unknown;
  readonly env?: readonly object[] | null;
  readonly provideClusterInfo?: unknown;
  readonly installHint?: unknown;
}

/** A command with a path is looked for beside the kubeconfig, in `folder`; any other on the `PATH`. */
export function placed<T extends ExecPlugin>(exec: T, folder: string): T {
  const { command } = exec;
  const isPlace = typeof command === 'string' && /[\\/]/.test(command) && !isAbsolute(command);
  return isPlace ? { ...exec, command: resolve(folder, command) } : exec;
}

/** The plugin is told which version to answer in and, if it wants to know, which cluster it is for. */
export function informed<T extends ExecPlugin>(exec: T, cluster: Cluster): T {
  const { apiVersion, provideClusterInfo, env } = exec;
  const spec = { interactive: false, ...(provideClusterInfo === true && { cluster: clusterInfo(cluster) }) };
  const value = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec });
  return { ...exec, env: [...(env ?? []), { name: 'KUBERNETES_EXEC_INFO', value }] };
}

/** What to say of an `error` in its place, if it comes from the plugin. */
export function pluginFailure(exec: ExecPlugin | null | undefined, error: unknown): unknown {
  if (!exec) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && typeof exec.installHint === 'string') {
    return new Error(`${message}; ${exec.installHint.trim()}`, { cause: error });
  }
  if (code !== undefined || !(error instanceof SyntaxError || error instanceof TypeError)) return error;
  const what = `exec plugin ${JSON.stringify(exec.command)} did not answer with an ExecCredential`;
  return new Error(`${what}: ${message}`, { cause: error });
}

function clusterInfo({ server, tlsServerName, skipTLSVerify, caData, caFile, proxyUrl }: Cluster): object {
  return {
    server,
    'tls-server-name': tlsServerName,
    'insecure-skip-tls-verify': skipTLSVerify,
    'certificate-authority-data': caFile === undefined ? caData : base64Of(caFile),
    'proxy-url': proxyUrl,
  };
}

/** A file that is not there is an error of the request that needs it, and not of the plugin. */
function base64Of(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file).toString('base64') : undefined;
}
