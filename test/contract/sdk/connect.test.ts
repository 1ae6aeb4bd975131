import type { IncomingMessage, RequestListener } from 'node:http';
import { type AddressInfo, createConnection, createServer as createGate, type Socket } from 'node:net';
import { CONFIG_MAPS, type ConfigMap, SERVICE_NAME_LABEL, type WatchLine } from '@metallb-l2/sdk/kube';
import { type KubeConnection, connect } from '@metallb-l2/sdk/kube/connect';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { AnsweringServer, EMPTY_LIST, refusal, respond } from '../../support/answering-server.ts';
import { kubeconfig } from '../../support/kubeconfig.ts';
import { untilHolds } from '../../support/until.ts';

interface TestServer {
  readonly api: KubeConnection;
  /** Connections ever made, and those open now. */
  connections(): number;
  readonly open: Set<Socket>;
}

let cleanUp: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const step of cleanUp.reverse()) await step();
  cleanUp = [];
});

async function serve(answer: RequestListener, options = {}): Promise<TestServer> {
  const server = await AnsweringServer.start(answer, options);
  const api = connect({ kubeconfig: kubeconfig(server.url) });
  cleanUp.push(async () => {
    api.close();
    await server.stop();
  });
  return { api, connections: () => server.connections, open: server.open };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** The lines of a watch from version 7 on. */
async function collect(lines: AsyncIterable<WatchLine<ConfigMap>>): Promise<WatchLine<ConfigMap>[]> {
  const seen: WatchLine<ConfigMap>[] = [];
  for await (const line of lines) seen.push(line);
  expect(seen.shift()).toEqual(TAKEN);
  return seen;
}

/** What comes first: the server has taken the watch. */
const TAKEN = { type: 'BOOKMARK', resourceVersion: '7' };

const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
const map = (name: string, greeting = '') => ({
  metadata: { name, resourceVersion: '8' },
  data: { greeting },
});

describe('a connection', () => {
  it.each([{ tls: true }, { tls: false }])('is made once for 200 lists (%j)', async (options) => {
    const server = await serve((_request, response) => respond(response, 200, EMPTY_LIST), options);
    for (let count = 0; count < 200; count++) await server.api.list(CONFIG_MAPS);
    expect(server.connections()).toBe(1);
  });

  it('is closed with the API, also under a watch', async () => {
    const server = await serve((request, response) => {
      if (request.url?.includes('watch') === true) response.writeHead(200).flushHeaders();
      else respond(response, 200, EMPTY_LIST);
    });
    const watching = collect(server.api.watch(CONFIG_MAPS, { resourceVersion: '7' }));
    const ended = expect(watching).rejects.toMatchObject({ code: 'Unavailable' });
    await untilHolds(() => server.open.size === 1);
    await server.api.list(CONFIG_MAPS);
    expect(server.open.size).toBe(2);
    server.api.close();
    await ended;
    await expect(server.api.list(CONFIG_MAPS)).rejects.toThrow(/was closed/);
    await untilHolds(() => server.open.size === 0);
  });

  it('is closed when a watch is aborted or left', async () => {
    const server = await serve((_request, response) =>
      response.writeHead(200).write(line('ADDED', map('one'))),
    );
    const controller = new AbortController();
    const lines = server.api.watch(CONFIG_MAPS, { resourceVersion: '7', signal: controller.signal });
    const iterator = lines[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.next();
    expect(server.open.size).toBe(1);
    controller.abort(new Error('enough'));
    await expect(iterator.next()).rejects.toThrow('enough');
    await untilHolds(() => server.open.size === 0);

    for (const last of ['BOOKMARK', 'ADDED']) {
      for await (const { type } of server.api.watch(CONFIG_MAPS, { resourceVersion: '7' })) {
        if (type === last) break;
      }
      await untilHolds(() => server.open.size === 0);
    }
  });
});

describe('a request', () => {
  it('is asked about after every wait for a connection, and then goes out in whole or not at all', async () => {
    const asked: number[] = [];
    const arrived: (string | undefined)[] = [];
    const { api, open } = await serve(
      (request, response) => {
        arrived.push(request.method);
        respond(response, 200, EMPTY_LIST);
      },
      { tls: true },
    );
    // Takes connections, and keeps them from shaking hands until it is told to.
    const held: Socket[] = [];
    const gate = createGate((socket) => held.push(socket));
    await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
    const { port } = gate.address() as AddressInfo;
    const behind = connect({ kubeconfig: kubeconfig(`https://127.0.0.1:${String(port)}`) });
    cleanUp.push(async () => {
      behind.close();
      await new Promise((resolve) => gate.close(resolve));
    });

    const error = new Error('not any more');
    const refused = behind.get(
      CONFIG_MAPS,
      { namespace: 'demo', name: 'one' },
      {
        beforeSend: () => {
          asked.push(open.size);
          throw error;
        },
      },
    );
    const outcome = expect(refused).rejects.toBe(error);
    await untilHolds(() => held.length === 1);
    expect(asked).toEqual([]);
    const server = createConnection(Number(new URL(api.server).port), '127.0.0.1');
    held[0]?.pipe(server).pipe(held[0]);
    await outcome;
    expect(asked).toHaveLength(1);

    await api.list(CONFIG_MAPS);
    await api.create(
      CONFIG_MAPS,
      { metadata: { namespace: 'demo', name: 'one' } },
      { beforeSend: () => asked.push(open.size) },
    );
    expect(asked).toHaveLength(2);
    expect(arrived).toEqual(['GET', 'POST']);
  });

  it('says what is asked, and who asks', async () => {
    const seen: unknown[] = [];
    const server = await serve((request, response) => {
      void textOf(request).then((body) => {
        const { method, url, headers } = request;
        seen.push([
          method,
          url,
          headers['content-type'],
          body === '' ? undefined : (JSON.parse(body) as unknown),
        ]);
        expect(headers).toMatchObject({ authorization: 'Bearer secret', 'user-agent': 'metallb-l2' });
        respond(response, 200, JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
      });
    });
    const { api } = server;
    const ref = { namespace: 'demo', name: 'node-a-x7k2p' };
    await api.list(CONFIG_MAPS, { labelSelector: `${SERVICE_NAME_LABEL}=a b`, limit: 5, continue: 'x=' });
    await api.patch(SERVICE_L2_STATUSES, ref, { status: {} }, { type: 'merge', subresource: 'status' });
    await api.patch(CONFIG_MAPS, ref, {}, { type: 'apply', fieldManager: 'me', force: true });
    await api.delete(CONFIG_MAPS, ref, { preconditions: { uid: 'u' }, propagationPolicy: 'Foreground' });
    await api.create(CONFIG_MAPS, { metadata: { namespace: 'demo', name: 'one' } });
    expect(seen).toEqual([
      [
        'GET',
        '/api/v1/configmaps?labelSelector=kubernetes.io%2Fservice-name%3Da+b&limit=5&continue=x%3D',
        undefined,
        undefined,
      ],
      [
        'PATCH',
        '/apis/metallb.io/v1beta1/namespaces/demo/servicel2statuses/node-a-x7k2p/status',
        'application/merge-patch+json',
        { status: {} },
      ],
      [
        'PATCH',
        '/api/v1/namespaces/demo/configmaps/node-a-x7k2p?fieldManager=me&force=true',
        'application/apply-patch+yaml',
        {},
      ],
      [
        'DELETE',
        '/api/v1/namespaces/demo/configmaps/node-a-x7k2p',
        'application/json',
        {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: 'u' },
          propagationPolicy: 'Foreground',
        },
      ],
      [
        'POST',
        '/api/v1/namespaces/demo/configmaps',
        'application/json',
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'demo', name: 'one' } },
      ],
    ]);
  });

  it.each<[string, [number, string, object?], object]>([
    ['400', [400, refusal(400, 'BadRequest', 'm')], { code: 'BadRequest' }],
    ['401', [401, refusal(401, 'Unauthorized', 'm')], { code: 'Unauthorized' }],
    ['403', [403, refusal(403, 'Forbidden', 'm')], { code: 'Forbidden', reason: 'Forbidden' }],
    ['404', [404, '404 page not found'], { code: 'NotFound', message: /404 page not found/ }],
    ['409 of a name taken', [409, refusal(409, 'AlreadyExists', 'm')], { code: 'AlreadyExists' }],
    ['409 of a stale object', [409, refusal(409, 'Conflict', 'm')], { code: 'Conflict' }],
    ['410', [410, refusal(410, 'Expired', 'm')], { code: 'Gone' }],
    ['422', [422, refusal(422, 'Invalid', 'm')], { code: 'Invalid' }],
    [
      '429 with Retry-After',
      [429, 'too many', { 'retry-after': '3' }],
      { code: 'TooManyRequests', retryAfterMs: 3000 },
    ],
    [
      '429 with details',
      [429, refusal(429, 'TooManyRequests', 'm', { retryAfterSeconds: 2 })],
      { code: 'TooManyRequests', retryAfterMs: 2000 },
    ],
    [
      '429 for a day',
      [429, 'too many', { 'retry-after': '86400' }],
      { code: 'TooManyRequests', retryAfterMs: 60_000 },
    ],
    [
      '429 until a date',
      [429, 'too many', { 'retry-after': 'Fri, 31 Dec 2100 23:59:59 GMT' }],
      { code: 'TooManyRequests', retryAfterMs: 60_000 },
    ],
    [
      '429 until a date gone by',
      [429, 'too many', { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }],
      { code: 'TooManyRequests', retryAfterMs: 0 },
    ],
    [
      '429 for a day by details',
      [429, refusal(429, 'TooManyRequests', 'm', { retryAfterSeconds: 86_400 })],
      { code: 'TooManyRequests', retryAfterMs: 60_000 },
    ],
    ['500', [500, refusal(500, 'InternalError', 'm')], { code: 'ServerError' }],
    ['503', [503, 'down'], { code: 'Unavailable' }],
    ['504', [504, refusal(504, 'Timeout', 'Too large resource version')], { code: 'Unavailable' }],
    [
      'a login page',
      [200, '<html>log in</html>', { 'content-type': 'text/html' }],
      { code: 'BadResponse', message: /not a list \(text\/html\): <html>log in/ },
    ],
    ['a redirect', [302, '', { location: '/login' }], { code: 'BadResponse' }],
    ['cut JSON', [200, EMPTY_LIST.slice(0, 30)], { code: 'BadResponse' }],
    ['another kind of JSON', [200, '{"metadata":{}}'], { code: 'BadResponse' }],
  ])('fails with a code of its own for %s', async (_what, [code, body, headers], expected) => {
    const server = await serve((_request, response) => respond(response, code, body, headers));
    const { message, ...rest } = expected as { message?: RegExp };
    const error: unknown = await server.api.list(CONFIG_MAPS, { namespace: 'demo' }).catch((e: unknown) => e);
    expect(error).toMatchObject({
      name: 'KubeError',
      operation: 'list configmaps demo',
      status: code,
      ...rest,
    });
    if (message) expect((error as Error).message).toMatch(message);
  });

  it.each(['', '.', '..'])('is not sent for what has no name but "%s"', async (name) => {
    let asked = 0;
    const { api } = await serve((_request, response) => {
      asked += 1;
      respond(response, 200, EMPTY_LIST);
    });
    const refused = {
      code: 'BadRequest',
      message: expect.stringContaining(`"${name}" is no name`) as string,
    };
    await expect(api.delete(CONFIG_MAPS, { namespace: 'demo', name })).rejects.toMatchObject(refused);
    await expect(api.list(CONFIG_MAPS, { namespace: name })).rejects.toMatchObject(refused);
    expect(asked).toBe(0);
  });

  it('fails as Unavailable, naming the server, when nobody answers', async () => {
    const server = await serve((request) => request.socket.destroy());
    await expect(server.api.list(CONFIG_MAPS)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(
        /^list configmaps: http:\/\/127\.0\.0\.1:\d+ does not answer: /,
      ) as string,
    });
    const refused = connect({ kubeconfig: kubeconfig('https://127.0.0.1:1') });
    await expect(refused.list(CONFIG_MAPS)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('does not trust a server of another authority', async () => {
    const { api } = await serve(() => undefined, { tls: true });
    const other = JSON.parse(kubeconfig(api.server)) as { clusters: { cluster: object }[] };
    other.clusters[0]!.cluster = { server: api.server };
    await expect(connect({ kubeconfig: JSON.stringify(other) }).list(CONFIG_MAPS)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(
        /^list configmaps: https:\/\/127\.0\.0\.1:\d+ has a certificate that is not trusted: self-signed certificate/,
      ) as string,
    });
  });

  it('ends with the reason of its signal while the server is silent', async () => {
    const server = await serve(() => undefined);
    const controller = new AbortController();
    const call = server.api.list(CONFIG_MAPS, { signal: controller.signal });
    const reason = new Error('enough');
    await untilHolds(() => server.open.size === 1);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await untilHolds(() => server.open.size === 0);
  });

  it('keeps the path of a server behind a gateway', async () => {
    let url: string | undefined;
    const server = await serve((request, response) => {
      ({ url } = request);
      respond(response, 200, EMPTY_LIST);
    });
    const api = connect({ kubeconfig: kubeconfig(`${server.api.server}/k8s/clusters/c-1/`) });
    await api.list(CONFIG_MAPS);
    expect(url).toBe('/k8s/clusters/c-1/api/v1/configmaps');
    api.close();
  });
});

describe('a watch over HTTP', () => {
  const stream = (...chunks: (string | Uint8Array)[]) =>
    serve((_request, response) => {
      response.writeHead(200);
      void (async () => {
        for (const chunk of chunks) {
          response.write(chunk);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        response.end();
      })();
    });

  it('asks for bookmarks', async () => {
    let url: string | undefined;
    const server = await serve((request, response) => {
      ({ url } = request);
      response.end();
    });
    await collect(
      server.api.watch(CONFIG_MAPS, { resourceVersion: '7', timeoutSeconds: 300, namespace: 'demo' }),
    );
    expect(url).toBe(
      '/api/v1/namespaces/demo/configmaps?resourceVersion=7&watch=true&allowWatchBookmarks=true&timeoutSeconds=300',
    );
  });

  it('puts lines together again that were cut anywhere, even within a character', async () => {
    const text = line('ADDED', map('one', 'grüße 🎈')) + line('BOOKMARK', map('', ''));
    const bytes = Buffer.from(text);
    for (const size of [1, 2, 3, 7]) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const server = await serve((_request, response) => {
        response.writeHead(200);
        for (const chunk of chunks) response.write(chunk);
        response.end();
      });
      expect(await collect(server.api.watch(CONFIG_MAPS, { resourceVersion: '7' }))).toEqual([
        { type: 'ADDED', object: map('one', 'grüße 🎈') },
        { type: 'BOOKMARK', resourceVersion: '8' },
      ]);
    }
  });

  it('says that the server has taken it before anything changes', async () => {
    const server = await serve((_request, response) => response.writeHead(200).flushHeaders());
    const lines = server.api.watch(CONFIG_MAPS, { resourceVersion: '7' })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toEqual(TAKEN);
    await lines.return?.();
    await untilHolds(() => server.open.size === 0);
  });

  it('splits at line feeds only, and takes long lines and several in one chunk', async () => {
    const long = 'x'.repeat(1 << 20);
    const odd = `a\u2028b\u2029c\u0085d`;
    const server = await stream(
      line('ADDED', map('one', odd)) + line('MODIFIED', map('two', long)) + '\n\r\n',
    );
    expect(await collect(server.api.watch(CONFIG_MAPS, { resourceVersion: '7' }))).toEqual([
      { type: 'ADDED', object: map('one', odd) },
      { type: 'MODIFIED', object: map('two', long) },
    ]);
  });

  it('throws what an ERROR line says', async () => {
    const gone = {
      kind: 'Status',
      code: 410,
      reason: 'Expired',
      message: 'too old resource version: 7 (90)',
    };
    const server = await stream(line('ADDED', map('one')), line('ERROR', gone));
    const lines = server.api.watch(CONFIG_MAPS, { resourceVersion: '7' })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toEqual(TAKEN);
    expect((await lines.next()).value).toMatchObject({ type: 'ADDED' });
    await expect(lines.next()).rejects.toMatchObject({
      code: 'Gone',
      status: 410,
      message: 'watch configmaps: too old resource version: 7 (90)',
    });
  });

  it.each([
    ['that is no JSON', '<html>\n'],
    ['that is cut', '{"type":"ADDED","object":{"meta'],
    ['of no known type', line('SURPRISE', map('one'))],
    ['without an object', '{"type":"ADDED"}\n'],
  ])('fails as BadResponse at a line %s', async (_what, text) => {
    const server = await stream(text);
    await expect(collect(server.api.watch(CONFIG_MAPS, { resourceVersion: '7' }))).rejects.toMatchObject({
      code: 'BadResponse',
    });
  });

  it('fails as Timeout when nothing comes for idleTimeoutMs', async () => {
    const server = await serve((_request, response) =>
      response.writeHead(200).write(line('ADDED', map('one'))),
    );
    const lines = server.api.watch(CONFIG_MAPS, { resourceVersion: '7', idleTimeoutMs: 20 });
    await expect(collect(lines)).rejects.toMatchObject({ code: 'Timeout', operation: 'watch configmaps' });
    await untilHolds(() => server.open.size === 0);
  });

  it('fails as Unavailable when the connection breaks', async () => {
    const server = await serve((request, response) => {
      response.writeHead(200).write(line('ADDED', map('one')), () => request.socket.destroy());
    });
    await expect(collect(server.api.watch(CONFIG_MAPS, { resourceVersion: '7' }))).rejects.toMatchObject({
      code: 'Unavailable',
    });
  });
});
