/**
 * HTTP to one API server, over one pool of kept-alive connections. (client-node makes a new agent, and so
 * a new TLS handshake, for every request.) A cluster behind a `proxy-url` uses client-node's proxy agent.
 */
import http from 'node:http';
import https from 'node:https';
import { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { KubeError } from '../errors.js';
import { unlessAborted } from '../unless-aborted.js';
import { type Answer, refusalOf } from './answers.js';
import type { Credentials, CredentialSource } from './credentials.js';
import { type Deadline, startDeadline } from './deadline.js';
import { isDistrust } from './distrust.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root of the API, query included. */
  readonly path: string;
  readonly body?: { readonly contentType: string; readonly json: unknown };
  /** Names the request in errors. */
  readonly operation: string;
  readonly signal?: AbortSignal | undefined;
  readonly beforeSend?: (() => void) | undefined;
}

/** Longest wait for a whole answer, or for the head of a stream. */
const ANSWER_TIMEOUT_MS = 30_000;
/** TCP keep-alive probes start after this long, before load balancers forget the connection. */
const TCP_KEEP_ALIVE_MS = 30_000;
/** Idle connections go before the server's own limit (90 s), so that none is lost under a request. */
const IDLE_CONNECTION_MS = 60_000;

export class HttpTransport {
  readonly #credentials: CredentialSource;
  #closed = false;
  #pool: { agent: http.Agent; tls: readonly unknown[] } | undefined;

  constructor(credentials: CredentialSource) {
    this.#credentials = credentials;
  }

  /** The answer, when it is between 200 and 299; rejects with a KubeError or the signal's reason otherwise. */
  async send(request: HttpRequest): Promise<Answer> {
    const deadline = startDeadline(ANSWER_TIMEOUT_MS, timeoutOf(request), request.signal);
    try {
      const response = await this.#open(request, deadline.signal);
      return { ...headOf(response), body: await textOf(response) };
    } catch (error) {
      throw this.#explain(error, request, deadline);
    } finally {
      deadline.clear();
    }
  }

  /** The body of the answer as it comes; given up after `idleTimeoutMs` without a byte. */
  async *stream(request: HttpRequest, idleTimeoutMs?: number): AsyncGenerator<Uint8Array, void> {
    const deadline = startDeadline(ANSWER_TIMEOUT_MS, timeoutOf(request), request.signal);
    try {
      const response = await this.#open(request, deadline.signal);
      deadline.restart(idleTimeoutMs);
      for await (const chunk of response) {
        // A reader that takes its time is no silence of the server.
        deadline.restart();
        yield chunk as Uint8Array;
        deadline.restart(idleTimeoutMs);
      }
    } catch (error) {
      throw this.#explain(error, request, deadline);
    } finally {
      deadline.clear();
    }
  }

  /** Ends every connection, those in use included. Requests fail from now on. */
  close(): void {
    this.#closed = true;
    this.#pool?.agent.destroy();
    this.#pool = undefined;
  }

  /** A response with a good status; throws KubeError for any other. */
  async #open(request: HttpRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    signal.throwIfAborted();
    // A log-in may wait for a browser, or for ever.
    const credentials = await unlessAborted(this.#logIn(request), signal);
    if (this.#closed) {
      const { operation } = request;
      throw new KubeError('Unavailable', 'the connection to the API server was closed', { operation });
    }
    const { server, options } = credentials;
    const body = request.body && JSON.stringify(request.body.json);
    const headers = {
      accept: 'application/json',
      'user-agent': 'metallb-l2',
      ...(options.headers as http.OutgoingHttpHeaders | undefined),
      ...(body !== undefined && {
        'content-type': request.body?.contentType,
        'content-length': Buffer.byteLength(body),
      }),
    } as http.OutgoingHttpHeaders;
    const url = new URL(server.pathname.replace(/\/$/, '') + request.path, server);
    const agent = credentials.proxied ? options.agent : this.#agentFor(credentials);
    const { request: start } = server.protocol === 'http:' ? http : https;
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const started = start(url, { ...options, agent, method: request.method, headers, signal });
      started.on('response', resolve).on('error', reject);
      if (request.beforeSend === undefined) started.end(body);
      else sendOnceConnected(started, body, request.beforeSend);
    });
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    if (statusCode === 401) this.#credentials.refresh(credentials);
    throw refusalOf({ ...headOf(response), body: await textOf(response) }, request.operation, Date.now());
  }

  async #logIn(request: HttpRequest): Promise<Credentials> {
    try {
      return await this.#credentials.current();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message.trim() : String(cause);
      const message = `no credentials: ${why === '' ? 'the log-in of the kubeconfig failed and said nothing' : why}`;
      throw new KubeError('Unauthorized', message, { operation: request.operation, cause });
    }
  }

  /** The pool of connections for this TLS material; a new one when certificates have changed. */
  #agentFor({ server, options }: Credentials): http.Agent {
    const { ca, cert, key, passphrase, servername, rejectUnauthorized } = options;
    const tls = [server.origin, servername, rejectUnauthorized, passphrase, ca, cert, key].map(
      textOfMaterial,
    );
    if (this.#pool?.tls.every((part, index) => part === tls[index])) return this.#pool.agent;
    for (const sockets of Object.values(this.#pool?.agent.freeSockets ?? {})) {
      for (const socket of sockets ?? []) socket.destroy();
    }
    const { Agent } = server.protocol === 'http:' ? http : https;
    const agent = new Agent({
      keepAlive: true,
      keepAliveMsecs: TCP_KEEP_ALIVE_MS,
      timeout: IDLE_CONNECTION_MS,
      scheduling: 'lifo',
    });
    this.#pool = { agent, tls };
    return agent;
  }

  #explain(error: unknown, request: HttpRequest, deadline: Deadline): unknown {
    if (deadline.signal.aborted) return deadline.signal.reason;
    if (error instanceof KubeError) return error;
    if (error instanceof HeldBack) return error.cause;
    const { message, code } = error as NodeJS.ErrnoException;
    // A refused connection to a name with several addresses has an empty message.
    const what = message === '' ? (code ?? 'no connection') : message;
    const problem = isDistrust(error) ? 'has a certificate that is not trusted' : 'does not answer';
    return new KubeError('Unavailable', `${this.#credentials.server} ${problem}: ${what}`, {
      operation: request.operation,
      cause: error,
    });
  }
}

/** What `beforeSend` threw, on its way through the request. */
class HeldBack extends Error {
  constructor(cause: unknown) {
    super('held back', { cause });
  }
}

/** A new connection may take long, and this process may stand still meanwhile: asks when nothing is left to wait for. */
function sendOnceConnected(
  request: http.ClientRequest,
  body: string | undefined,
  beforeSend: () => void,
): void {
  const send = () => {
    try {
      beforeSend();
    } catch (error) {
      request.destroy(new HeldBack(error));
      return;
    }
    request.end(body);
  };
  request.once('socket', (socket: Socket) => {
    const isSecure = socket instanceof TLSSocket;
    const isShakingHands = isSecure && [null, 'unknown'].includes(socket.getProtocol());
    if (socket.connecting || isShakingHands) socket.once(isSecure ? 'secureConnect' : 'connect', send);
    else send();
  });
}

function timeoutOf({ operation }: HttpRequest): (ms: number) => KubeError {
  return (ms) => new KubeError('Timeout', `no answer within ${ms / 1000} s`, { operation });
}

function headOf(response: http.IncomingMessage): Omit<Answer, 'body'> {
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    contentType: response.headers['content-type'],
  };
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString('utf8');
}

function textOfMaterial(part: unknown): unknown {
  return part instanceof Uint8Array ? Buffer.from(part).toString('base64') : part;
}
