/**
 * HTTP to one API server, over one pool of kept-alive connections. (client-node makes a new agent, and so
 * a new TLS handshake, for every request.) A cluster behind a `proxy-url` uses client-node's proxy agent.
 */
import http from 'node:http';
import https from 'node:https';
import { KubeError } from '../errors.js';
import { unlessAborted } from '../unless-aborted.js';
import { type Answer, refusalOf } from './answers.js';
import type { Credentials, CredentialSource } from './credentials.js';
import { type Deadline, type Limit, startDeadline } from './deadline.js';
import { isDistrust } from './distrust.js';
import { HeldBack, sendOnceConnected } from './send-once-connected.js';

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

/** Longest waits, in milliseconds. */
export interface Patience {
  /** For the head of an answer, and then for more of it: a long list may take its time to arrive. */
  readonly answerMs: number;
  /** For credentials: a plugin may ask a person. */
  readonly logInMs: number;
}

const PATIENCE: Patience = { answerMs: 30_000, logInMs: 120_000 };
/** TCP keep-alive probes start after this long, before load balancers forget the connection. */
const TCP_KEEP_ALIVE_MS = 30_000;
/** Idle connections go before the server's own limit (90 s), so that none is lost under a request. */
const IDLE_CONNECTION_MS = 60_000;

export class HttpTransport {
  readonly #credentials: CredentialSource;
  readonly #patience: Patience;
  /** Also those over connections of an earlier pool, and through a proxy. */
  readonly #underWay = new Set<http.ClientRequest>();
  #closed = false;
  #pool: { agent: http.Agent; tls: readonly unknown[] } | undefined;

  constructor(credentials: CredentialSource, patience: Patience = PATIENCE) {
    this.#credentials = credentials;
    this.#patience = patience;
  }

  /** The answer, when it is between 200 and 299; rejects with a KubeError or the signal's reason otherwise. */
  async send(request: HttpRequest): Promise<Answer> {
    const deadline = startDeadline(request.signal);
    try {
      const response = await this.#open(request, deadline);
      return await this.#answerOf(response, request, deadline);
    } catch (error) {
      throw this.#explain(error, request, deadline);
    } finally {
      deadline.clear();
    }
  }

  /** An empty chunk with the head, then the body as it comes; given up after `idleTimeoutMs` without a byte. */
  async *stream(request: HttpRequest, idleTimeoutMs?: number): AsyncGenerator<Uint8Array, void> {
    const deadline = startDeadline(request.signal);
    const idle = idleTimeoutMs === undefined ? undefined : silence(request, idleTimeoutMs);
    let response: http.IncomingMessage | undefined;
    try {
      response = await this.#open(request, deadline);
      // A reader that takes its time is no silence of the server.
      deadline.restart();
      yield new Uint8Array();
      deadline.restart(idle);
      for await (const chunk of response) {
        deadline.restart();
        yield chunk as Uint8Array;
        deadline.restart(idle);
      }
    } catch (error) {
      throw this.#explain(error, request, deadline);
    } finally {
      deadline.clear();
      response?.destroy();
    }
  }

  /** Ends every connection, those in use included. Requests fail from now on. */
  close(): void {
    this.#closed = true;
    for (const request of this.#underWay) request.destroy();
    this.#pool?.agent.destroy();
    this.#pool = undefined;
  }

  /** A response with a good status; throws KubeError for any other. */
  async #open(request: HttpRequest, deadline: Deadline): Promise<http.IncomingMessage> {
    const { signal } = deadline;
    signal.throwIfAborted();
    deadline.restart(slowLogIn(request, this.#patience.logInMs));
    const credentials = await unlessAborted(this.#logIn(request), signal);
    if (this.#closed) throw closed(request);
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
    deadline.restart(silence(request, this.#patience.answerMs));
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const started = start(url, { ...options, agent, method: request.method, headers, signal });
      this.#underWay.add(started);
      started.on('response', resolve).on('error', reject);
      started.on('close', () => this.#underWay.delete(started));
      if (request.beforeSend === undefined) started.end(body);
      else sendOnceConnected(started, body, request.beforeSend);
    });
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    if (statusCode === 401) this.#credentials.refresh(credentials);
    const answer = await this.#answerOf(response, request, deadline);
    throw refusalOf(answer, request.operation, Date.now());
  }

  async #answerOf(response: http.IncomingMessage, request: HttpRequest, deadline: Deadline): Promise<Answer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of response) {
      deadline.restart(silence(request, this.#patience.answerMs));
      chunks.push(chunk as Uint8Array);
    }
    const { statusCode: status = 0, headers } = response;
    const body = Buffer.concat(chunks).toString('utf8');
    return { status, retryAfter: headers['retry-after'], contentType: headers['content-type'], body };
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
    if (this.#closed) return closed(request);
    const { operation } = request;
    const { message, code } = error as NodeJS.ErrnoException;
    // A refused connection to a name with several addresses has an empty message.
    const what = message === '' ? (code ?? 'no connection') : message;
    if (code?.startsWith('ERR_OSSL_')) {
      const useless = `no credentials: a certificate or key cannot be used: ${what}`;
      return new KubeError('Unauthorized', useless, { operation, cause: error });
    }
    const problem = isDistrust(error) ? 'has a certificate that is not trusted' : 'does not answer';
    const unavailable = `${this.#credentials.server} ${problem}: ${what}`;
    return new KubeError('Unavailable', unavailable, { operation, cause: error });
  }
}

function silence({ operation }: HttpRequest, ms: number): Limit {
  const message = `the server sent nothing for ${ms / 1000} s`;
  return { ms, error: () => new KubeError('Timeout', message, { operation }) };
}

function slowLogIn({ operation }: HttpRequest, ms: number): Limit {
  const message = `no credentials within ${ms / 1000} s: the log-in of the kubeconfig does not end`;
  return { ms, error: () => new KubeError('Unauthorized', message, { operation }) };
}

function closed({ operation }: HttpRequest): KubeError {
  return new KubeError('Unavailable', 'the connection to the API server was closed', { operation });
}

function textOfMaterial(part: unknown): unknown {
  return part instanceof Uint8Array ? Buffer.from(part).toString('base64') : part;
}
