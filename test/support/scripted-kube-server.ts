/**
 * An API server over real HTTP that serves one kind and does wrong on request: what a client makes of a
 * reset, a refusal or nonsense on the wire shows only there. Lists and watches; nothing is written to it.
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { KubeObject } from '@metallb-l2/sdk/kube';

export interface ScriptedRequest {
  readonly verb: 'list' | 'watch';
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Deals with a request in place of the server. */
export type Misdeed = (exchange: ScriptedRequest) => void;

interface Change {
  readonly version: number;
  readonly line: string;
}

export class ScriptedKubeServer {
  /** The verbs of all requests so far. */
  readonly requests: ('list' | 'watch')[] = [];
  readonly #kind: string;
  readonly #objects = new Map<string, KubeObject>();
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<ServerResponse>();
  readonly #misdeeds: { verb: 'list' | 'watch'; act: Misdeed }[] = [];
  #changes: Change[] = [];
  #server: Server | undefined;
  #port = 0;
  #version = 1;
  #oldest = 0;

  /** @param kind of the objects, such as `ServiceL2Status` */
  constructor(kind: string) {
    this.#kind = kind;
  }

  /** Begins to listen; after {@link stop} on the same port as before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Breaks every connection off and stops listening. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.reset();
    await closed;
  }

  get kubeconfig(): string {
    const server = `http://127.0.0.1:${this.#port}`;
    return JSON.stringify({
      clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'test', user: {} }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    });
  }

  /** Watches open now. */
  get watches(): number {
    return this.#watches.size;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Stores `object`, and tells every open watch unless `quietly`. */
  put(object: KubeObject, { quietly = false } = {}): void {
    const key = object.metadata.name ?? '';
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    this.#objects.set(key, { ...object, metadata });
    const line = `${JSON.stringify({ type, object: { ...object, metadata } })}\n`;
    this.#changes.push({ version: this.#version, line });
    if (!quietly) this.send(line);
  }

  /** Writes `text` to every open watch as it is. */
  send(text: string): void {
    for (const watch of this.#watches) watch.write(text);
  }

  /** Ends every open watch in good order. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
    this.#watches.clear();
  }

  /** Breaks every connection off. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Forgets the past: watches from before now are answered with 410. */
  compact(): void {
    this.#oldest = ++this.#version;
    this.#changes = [];
  }

  /** Lets `act` deal with the next request of this kind; several wait in line. */
  next(verb: 'list' | 'watch', act: Misdeed): void {
    this.#misdeeds.push({ verb, act });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { searchParams } = new URL(request.url ?? '/', 'http://server');
    const verb = searchParams.get('watch') === 'true' ? 'watch' : 'list';
    this.requests.push(verb);
    const index = this.#misdeeds.findIndex((each) => each.verb === verb);
    const [misdeed] = index < 0 ? [] : this.#misdeeds.splice(index, 1);
    if (misdeed) misdeed.act({ verb, request, response });
    else if (verb === 'list') this.#list(response);
    else this.#watch(response, Number(searchParams.get('resourceVersion') ?? 0));
  }

  #list(response: ServerResponse): void {
    const metadata = { resourceVersion: String(this.#version) };
    const body = { kind: `${this.#kind}List`, metadata, items: [...this.#objects.values()] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #watch(response: ServerResponse, from: number): void {
    if (from < this.#oldest) {
      refuse(410, 'Expired')({ response });
      return;
    }
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    for (const { version, line } of this.#changes) if (version > from) response.write(line);
  }
}

/** Answers with `code`. */
export function refuse(code: number, reason: string, headers: Record<string, string> = {}) {
  return ({ response }: Pick<ScriptedRequest, 'response'>) => {
    const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason };
    response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(status));
  };
}

/** An `ERROR` line of a watch. */
export function errorLine(code: number, reason: string): string {
  return `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code, reason, message: reason } })}\n`;
}
