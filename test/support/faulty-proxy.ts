/**
 * A proxy in front of an API server that answers in its stead, at random and from a seed: with refusals, too
 * late, not at all, or by closing the connection before or after the request has taken effect. Watches are
 * refused, cut or fall silent.
 */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Random } from '@metallb-l2/sdk/kube';

export type Fault =
  | '409'
  | '422'
  | '429'
  | '500'
  /** The request never arrives, and no answer does. */
  | 'silence'
  /** The request takes effect, but no answer arrives. */
  | 'lost answer'
  /** The connection is reset before the request arrives. */
  | 'reset'
  /** The connection is reset after the request has taken effect. */
  | 'late reset'
  /** A watch is reset after a while. */
  | 'cut'
  /** A watch falls silent after a while, and is reset after a while longer: else all would be deaf in the end. */
  | 'half open';

/** What becomes of each 100 calls; silence takes the client's whole time limit, so there is little of it. */
const CALLS: readonly (Fault | undefined)[] = [
  ...times<Fault>(6, '409', '422', '429', '500', 'reset', 'late reset'),
  'silence',
  'lost answer',
  ...times(62, undefined),
];
/** What becomes of each 10 watches. */
const WATCHES: readonly (Fault | undefined)[] = [
  '429',
  '500',
  'reset',
  'half open',
  ...times<Fault>(4, 'cut'),
  ...times(2, undefined),
];

const REASONS: Readonly<Record<string, string>> = {
  '409': 'Conflict',
  '422': 'Invalid',
  '429': 'TooManyRequests',
  '500': 'InternalError',
};

/** Longest life of a watch that is cut or falls silent, in milliseconds. */
const WATCH_LIFE_MS = 5000;
/** How long a half-open watch stays so. */
const SILENCE_MS = 8000;

/** A request as it has arrived here. */
export interface ProxiedRequest {
  /** By the clock of {@link performance}, in milliseconds. */
  readonly at: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Whether nothing comes of it. */
  readonly dryRun: boolean;
}

interface LostAnswer {
  readonly isLost: (request: ProxiedRequest) => boolean;
  readonly taken: () => void;
}

export class FaultyProxy {
  /** Every request so far, whatever became of it. */
  readonly requests: ProxiedRequest[] = [];
  /** How often each fault was played. */
  readonly played = new Map<Fault, number>();
  /** A kubeconfig for the way through the proxy. */
  readonly kubeconfig: string;
  readonly #server: http.Server;
  readonly #agent: https.Agent;
  readonly #upstream: URL;
  readonly #random: Random;
  readonly #calls: Deck<Fault | undefined>;
  readonly #watches: Deck<Fault | undefined>;
  #isCalm = true;
  #lost: LostAnswer | undefined;

  private constructor(server: http.Server, kubeconfig: string, random: Random) {
    const config = JSON.parse(kubeconfig) as {
      clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    };
    const [first] = config.clusters;
    if (first === undefined) throw new Error('the kubeconfig has no cluster');
    const { server: upstream, 'certificate-authority-data': authority } = first.cluster;
    this.#server = server;
    this.#upstream = new URL(upstream);
    this.#agent = new https.Agent({ keepAlive: true, ca: Buffer.from(authority, 'base64') });
    this.#random = random;
    this.#calls = new Deck(CALLS, random);
    this.#watches = new Deck(WATCHES, random);
    const { port } = server.address() as AddressInfo;
    // Some clients take no server without TLS unless they are told so.
    const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
    first.cluster = cluster as unknown as typeof first.cluster;
    this.kubeconfig = JSON.stringify(config);
    server.on('request', (request, response) => this.#handle(request, response));
  }

  /** A proxy that lets everything through until {@link rage}. @param kubeconfig as JSON, with a token */
  static async start(kubeconfig: string, random: Random): Promise<FaultyProxy> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FaultyProxy(server, kubeconfig, random);
  }

  /** From now on answers at random. */
  rage(): void {
    this.#isCalm = false;
    // Watches that are under way would be spared.
    this.#server.closeAllConnections();
  }

  /** From now on lets everything through; what hangs is reset. */
  calm(): void {
    this.#isCalm = true;
    this.#server.closeAllConnections();
  }

  /** The next request for which `isLost` says so takes effect, and gets no answer. Resolves when it has. */
  loseAnswer(isLost: LostAnswer['isLost']): Promise<void> {
    return new Promise((taken) => (this.#lost = { isLost, taken }));
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://proxy');
    const isWatch = searchParams.get('watch') === 'true';
    const seen = {
      at: performance.now(),
      method: request.method ?? '',
      path: pathname,
      dryRun: searchParams.has('dryRun'),
    };
    this.requests.push(seen);
    if (this.#lost?.isLost(seen)) {
      const { taken } = this.#lost;
      this.#lost = undefined;
      this.#forward(request, (answer) => {
        answer.resume();
        taken();
      });
      return;
    }
    const fault = this.#chooseFault(isWatch);
    if (fault !== undefined) this.played.set(fault, (this.played.get(fault) ?? 0) + 1);
    switch (fault) {
      case undefined:
        this.#forward(request, (answer) => pass(answer, response));
        break;
      case '409':
      case '422':
      case '429':
      case '500':
        refuse(response, fault);
        break;
      case 'reset':
        request.socket.resetAndDestroy();
        break;
      case 'late reset':
        this.#forward(request, (answer) => {
          answer.destroy();
          request.socket.resetAndDestroy();
        });
        break;
      case 'silence':
        break;
      case 'lost answer':
        this.#forward(request, (answer) => answer.resume());
        break;
      case 'cut':
      case 'half open':
        this.#forward(request, (answer) => {
          pass(answer, response);
          const reset = () => request.socket.resetAndDestroy();
          let timer = setTimeout(() => {
            answer.destroy();
            if (fault === 'cut') reset();
            else timer = setTimeout(reset, SILENCE_MS);
          }, this.#random() * WATCH_LIFE_MS);
          request.socket.once('close', () => clearTimeout(timer));
        });
        break;
    }
  }

  #chooseFault(isWatch: boolean): Fault | undefined {
    if (this.#isCalm) return undefined;
    return (isWatch ? this.#watches : this.#calls).draw();
  }

  #forward(request: http.IncomingMessage, onAnswer: (answer: http.IncomingMessage) => void): void {
    const { method, headers } = request;
    const forwarded = https.request(
      new URL(request.url ?? '', this.#upstream),
      { method, headers: { ...headers, host: this.#upstream.host }, agent: this.#agent },
      onAnswer,
    );
    forwarded.on('error', () => request.socket.destroy());
    request.pipe(forwarded);
  }
}

/** Cards in random order, again and again: chance, but a short run has them all. */
class Deck<T> {
  readonly #cards: readonly T[];
  readonly #random: Random;
  readonly #left: T[] = [];

  constructor(cards: readonly T[], random: Random) {
    this.#cards = cards;
    this.#random = random;
  }

  draw(): T {
    if (this.#left.length === 0) this.#left.push(...this.#cards);
    return this.#left.splice(Math.floor(this.#random() * this.#left.length), 1)[0] as T;
  }
}

function times<T>(count: number, ...cards: readonly T[]): T[] {
  return Array.from({ length: count }, () => cards).flat();
}

function pass(answer: http.IncomingMessage, response: http.ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  response.flushHeaders();
  answer.pipe(response, { end: true });
  response.on('close', () => answer.destroy());
}

function refuse(response: http.ServerResponse, fault: '409' | '422' | '429' | '500'): void {
  const code = Number(fault);
  const reason = REASONS[fault];
  response.writeHead(code, {
    'content-type': 'application/json',
    ...(code === 429 && { 'retry-after': '1' }),
  });
  response.end(
    JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code,
      reason,
      message: 'bad luck',
    }),
  );
}
