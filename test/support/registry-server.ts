/** A real container registry (docker-registry) on the loopback, with its data in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { dyingWithParent } from '../lab/processes.ts';
import { TEST_CERTIFICATE } from './tls.ts';
import { TOKEN_ISSUER, TOKEN_SERVICE } from './token-server.ts';

export interface RegistryServer {
  /** Host and port, as in an image's name. */
  host: string;
  close(): Promise<void>;
}

export interface RegistryServerOptions {
  /** Asks for this log-in; a line of an htpasswd file with a bcrypt hash. */
  htpasswd?: string;
  /** Asks for a token of the token server at this URL. */
  tokenRealm?: string;
  /** Speaks HTTPS, with the certificate of `tls.ts`. */
  tls?: boolean;
}

/** Starts the registry and waits until it listens. */
export async function startRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  const config = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: {
      addr: '127.0.0.1:0',
      secret: 'one for all its processes',
      ...(options.tls === true
        ? { tls: { certificate: join(folder, 'cert'), key: join(folder, 'key') } }
        : {}),
    },
    ...authOf(options, folder),
  };
  await writeFile(join(folder, 'htpasswd'), `${options.htpasswd ?? ''}\n`);
  await writeFile(join(folder, 'cert'), TEST_CERTIFICATE.cert);
  await writeFile(join(folder, 'key'), TEST_CERTIFICATE.key);
  // JSON is YAML.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config));

  const [file, ...args] = dyingWithParent(['docker-registry', 'serve', join(folder, 'config.yml')]);
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { host: await listeningAddress(child), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function authOf({ htpasswd, tokenRealm }: RegistryServerOptions, folder: string) {
  if (htpasswd !== undefined)
    return { auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } } };
  if (tokenRealm === undefined) return {};
  const trust = { issuer: TOKEN_ISSUER, service: TOKEN_SERVICE, rootcertbundle: join(folder, 'cert') };
  return { auth: { token: { realm: tokenRealm, ...trust } } };
}

/** The address is chosen by the kernel and told in the log. */
async function listeningAddress(child: ChildProcess & { stderr: NodeJS.ReadableStream }): Promise<string> {
  const failure = new Promise<never>((_, reject) => {
    child.once('error', (cause) =>
      reject(new Error(`docker-registry cannot be started: ${cause.message}`, { cause })),
    );
  });
  const lines: string[] = [];
  const address = (async () => {
    const log = createInterface({ input: child.stderr });
    for await (const line of log) {
      lines.push(line);
      const found = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (found !== undefined) {
        // Keep the pipe empty for as long as it runs.
        child.stderr.resume();
        return found;
      }
    }
    throw new Error(`docker-registry ended early:\n${lines.join('\n')}`);
  })();
  return Promise.race([address, failure]);
}
