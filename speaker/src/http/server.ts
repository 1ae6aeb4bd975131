/** The one HTTP port of a program: `/metrics`, `/healthz` and `/readyz`, in plain text. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../ports.js';
import type { Problems } from './health.js';

export interface HttpServerDeps {
  readonly health: { liveness(): Problems; readiness(): Problems };
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  readonly log: Log;
}

export interface HttpServer {
  /** The port it listens on. */
  readonly port: number;
  /** Cuts open connections and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts to listen on all addresses of the machine.
 *
 * @param port 0 chooses a free one
 * @throws when the port is taken
 */
export async function startHttpServer(deps: HttpServerDeps, port: number): Promise<HttpServer> {
  const server = createServer((request, response) => {
    answer(deps, request, response).catch((error: unknown) => {
      deps.log.warn({ err: error, url: request.url }, 'an HTTP request failed');
      response.destroy();
    });
  });
  server.headersTimeout = 5000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(
  { health, metrics }: HttpServerDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, 'only GET and HEAD are answered\n');
    return;
  }
  switch (request.url?.split('?')[0]) {
    case '/metrics':
      send(response, 200, await metrics.render(), metrics.contentType);
      break;
    case '/healthz':
      sendHealth(response, health.liveness());
      break;
    case '/readyz':
      sendHealth(response, health.readiness());
      break;
    default:
      send(response, 404, 'there are /metrics, /healthz and /readyz\n');
  }
}

function sendHealth(response: ServerResponse, problems: Problems): void {
  if (problems.length === 0) send(response, 200, 'ok\n');
  else send(response, 503, problems.map((problem) => `${problem}\n`).join(''));
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    // Node's own keeps its text for the rest of the second, and wakes an idle program then to throw it away.
    date: new Date().toUTCString(),
  });
  response.end(body);
}
