/** JSON over HTTP to one API server, with the credentials of a kubeconfig. */
import { readFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { StatusError, UnreachableError } from './errors.ts';
import type { Properties, Value } from './properties.ts';

export interface ClusterOptions {
  /** Contents of a kubeconfig, or a path; the usual places when empty. */
  readonly kubeconfig: string;
  /** The context to use; the kubeconfig's current one when empty. */
  readonly context: string;
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly query?: Readonly<Record<string, string | boolean | undefined>>;
  readonly body?: Value;
  /** @default 'application/json' */
  readonly contentType?: string;
  readonly signal: AbortSignal;
  /** Gets what the API server warns of, such as an unknown field. */
  readonly onWarning?: (text: string) => void;
}

/** The answer to a call is not waited for longer than this. */
const CALL_TIMEOUT_MS = 60_000;

/** A connection pool to one API server. */
export class KubeClient {
  /** The namespace of the context, empty when it names none. */
  readonly namespace: string;
  readonly #config: KubeConfig;
  readonly #server: string;
  #agent: http.Agent | undefined;

  constructor(config: KubeConfig) {
    this.#config = config;
    this.#server = config.getCurrentCluster()?.server ?? '';
    this.namespace = config.getContextObject(config.getCurrentContext())?.namespace ?? '';
  }

  /**
   * Makes one call and reads the answer. It is not repeated when it fails.
   *
   * @throws StatusError for an answer that is an error, UnreachableError when none comes
   */
  async call(path: string, { signal, onWarning, ...call }: Call): Promise<Properties> {
    const url = new URL(this.#server.replace(/\/$/, '') + path);
    for (const [key, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    const limited = AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
    const response = await this.#send(url, call, limited).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new UnreachableError(`${call.method ?? 'GET'} ${url.origin}${path}: ${describe(error)}`);
    });
    for (const [, text] of (response.warning ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
      onWarning?.(text ?? '');
    }
    const body = parseJson(response.text);
    if (response.code < 300) return body ?? {};
    throw new StatusError(response.code, body ?? { message: response.text.trim() });
  }

  async #send(url: URL, call: Omit<Call, 'signal' | 'onWarning'>, signal: AbortSignal): Promise<Answer> {
    const options: https.RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    this.#agent ??= newAgent(url, options);
    const payload = call.body === undefined ? undefined : JSON.stringify(call.body);
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? https : http).request(url, {
        agent: this.#agent,
        signal,
        method: call.method ?? 'GET',
        ...(typeof options.auth !== 'string' ? {} : { auth: options.auth }),
        headers: {
          ...(options.headers as http.OutgoingHttpHeaders | undefined),
          accept: 'application/json',
          ...(payload === undefined
            ? {}
            : {
                'content-type': call.contentType ?? 'application/json',
                'content-length': Buffer.byteLength(payload),
              }),
        },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            code: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
            warning: response.headers.warning,
          }),
        );
      });
      request.end(payload);
    });
  }
}

interface Answer {
  code: number;
  text: string;
  warning: string | undefined;
}

/**
 * Reads the kubeconfig; no call is made yet.
 *
 * @throws UnreachableError when it cannot be read or names no cluster
 */
export async function openCluster({ kubeconfig, context }: ClusterOptions): Promise<KubeClient> {
  try {
    const config = new KubeConfig();
    if (kubeconfig === '') config.loadFromDefault();
    else
      config.loadFromString(isContents(kubeconfig) ? kubeconfig : await readFile(expand(kubeconfig), 'utf8'));
    if (context !== '') config.setCurrentContext(context);
    if (!config.getCurrentCluster()) {
      throw new Error(`the kubeconfig has no cluster for its context "${config.getCurrentContext()}"`);
    }
    return new KubeClient(config);
  } catch (error) {
    throw new UnreachableError(`unable to load the kubeconfig: ${describe(error)}`);
  }
}

/** The server that provider arguments lead to, when their kubeconfig is given as contents. */
export function activeServer(args: Properties): string | undefined {
  const { kubeconfig, context } = args;
  if (typeof kubeconfig !== 'string' || !isContents(kubeconfig)) return undefined;
  try {
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    if (typeof context === 'string' && context !== '') config.setCurrentContext(context);
    return config.getCurrentCluster()?.server;
  } catch {
    return undefined;
  }
}

/** Contents are JSON or span lines; a path does neither. */
function isContents(kubeconfig: string): boolean {
  return /\n|^\s*\{/.test(kubeconfig);
}

function expand(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

function newAgent(
  url: URL,
  { ca, cert, key, rejectUnauthorized, servername }: https.RequestOptions,
): http.Agent {
  if (url.protocol !== 'https:') return new http.Agent({ keepAlive: true });
  return new https.Agent({ keepAlive: true, ca, cert, key, rejectUnauthorized, servername });
}

/** `undefined` for what is no JSON, such as the page of a proxy. */
function parseJson(text: string): Properties | undefined {
  try {
    return JSON.parse(text) as Properties;
  } catch {
    return undefined;
  }
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join(', ');
  return error instanceof Error ? error.message : String(error);
}
