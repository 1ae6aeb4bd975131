import type { RequestListener } from 'node:http';
import type { CredentialSource } from '../../../sdk/src/kube/connect/credentials.js';
import { HttpTransport } from '../../../sdk/src/kube/connect/http-transport.js';
import { AnsweringServer } from '../../support/answering-server.ts';
import { untilHolds } from '../../support/until.ts';

const REQUEST = { method: 'GET', path: '/', operation: 'list configmaps' } as const;
const PATIENCE = { answerMs: 1000, logInMs: 1000 };

let cleanUp: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.reverse()) await step();
  cleanUp = [];
});

async function reach(answer: RequestListener, { patience = {}, credentials = {} } = {}) {
  const server = await AnsweringServer.start(answer);
  const source: CredentialSource = {
    server: server.url,
    namespace: undefined,
    current: () => Promise.resolve({ server: new URL(server.url), options: {}, proxied: false }),
    refresh: () => undefined,
    ...credentials,
  };
  const transport = new HttpTransport(source, { ...PATIENCE, ...patience });
  cleanUp.push(
    () => server.stop(),
    () => transport.close(),
  );
  return { server, transport };
}

describe('an answer', () => {
  it('may take longer than its server is waited for, as long as more of it comes', async () => {
    const { transport } = await reach((_request, response) => {
      let pieces = 0;
      const timer = setInterval(() => {
        response.write('x');
        if (++pieces < 6) return;
        clearInterval(timer);
        response.end();
      }, 250);
    });
    expect((await transport.send(REQUEST)).body).toBe('xxxxxx');
  });

  it.each<[string, RequestListener]>([
    ['begins', () => undefined],
    ['goes on', (_request, response) => response.write('x')],
    ['goes on, and is a refusal', (_request, response) => response.writeHead(500).write('x')],
  ])('that never %s is a Timeout', async (_what, answer) => {
    const { server, transport } = await reach(answer, { patience: { answerMs: 50 } });
    await expect(transport.send(REQUEST)).rejects.toMatchObject({
      code: 'Timeout',
      message: 'list configmaps: the server sent nothing for 0.05 s',
    });
    await untilHolds(() => server.open.size === 0);
  });

  it('is not waited for less because a log-in took its time, and one that never ends is told as such', async () => {
    const later = async () => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return { server: new URL(server.url), options: {}, proxied: false };
    };
    const { server, transport } = await reach((_request, response) => response.end('x'), {
      patience: { answerMs: 100 },
      credentials: { current: later },
    });
    expect((await transport.send(REQUEST)).body).toBe('x');
    const hung = await reach(() => undefined, {
      patience: { logInMs: 50 },
      credentials: { current: () => new Promise(() => undefined) },
    });
    await expect(hung.transport.send(REQUEST)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: 'list configmaps: no credentials within 0.05 s: the log-in of the kubeconfig does not end',
    });
  });
});
