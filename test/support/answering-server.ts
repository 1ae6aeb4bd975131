/** A server in place of an API server's that answers every request as a test says, over HTTP or HTTPS. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { TEST_CERTIFICATE } from './tls.ts';

export const EMPTY_LIST = JSON.stringify({
  kind: 'ConfigMapList',
  metadata: { resourceVersion: '7' },
  items: [],
});

export class AnsweringServer {
  /** Connections open now. */
  readonly open = new Set<Socket>();
  readonly url: string;
  readonly #server: Server;
  #connections = 0;

  private constructor(server: Server, scheme: 'http' | 'https') {
    this.#server = server;
    this.url = `${scheme}://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    server.on(scheme === 'https' ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#connections++;
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
    });
  }

  static async start(answer: RequestListener, { tls = false } = {}): Promise<AnsweringServer> {
    const server: Server = tls ? https.createServer(TEST_CERTIFICATE, answer) : createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new AnsweringServer(server, tls ? 'https' : 'http');
  }

  /** Connections ever made. */
  get connections(): number {
    return this.#connections;
  }

  async stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function respond(response: ServerResponse, status: number, body: string, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

/** A refusal, as the API server words it. */
export function refusal(code: number, reason: string, message: string, details = {}): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message,
    details,
  });
}
