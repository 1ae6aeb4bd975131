import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http, { type RequestListener } from 'node:http';
import { type AddressInfo, connect as connectTo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIG_MAPS } from '@metallb-l2/sdk/kube';
import { type KubeconfigSource, type KubeConnection, connect } from '@metallb-l2/sdk/kube/connect';
import { AnsweringServer, EMPTY_LIST, refusal, respond } from '../../support/answering-server.ts';
import { kubeconfig } from '../../support/kubeconfig.ts';
import { TEST_CERTIFICATE } from '../../support/tls.ts';
import { untilHolds } from '../../support/until.ts';

let folder: string;
let cleanUp: (() => void | Promise<void>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metallb-l2-'));
});

afterEach(async () => {
  for (const step of cleanUp.reverse()) await step();
  cleanUp = [];
  await rm(folder, { recursive: true });
});

async function serve(answer: RequestListener, options = {}): Promise<AnsweringServer> {
  const server = await AnsweringServer.start(answer, options);
  cleanUp.push(() => server.stop());
  return server;
}

/** A server that believes only the tokens it is told to, and keeps what it is shown. */
async function serveTo(believed: (token: string) => boolean) {
  const shown: (string | undefined)[] = [];
  const server = await serve(({ headers: { authorization } }, response) => {
    shown.push(authorization);
    if (believed(authorization?.replace('Bearer ', '') ?? '')) respond(response, 200, EMPTY_LIST);
    else respond(response, 401, refusal(401, 'Unauthorized', 'expired'));
  });
  return { server, shown };
}

function open(source: KubeconfigSource): KubeConnection {
  const api = connect(source);
  cleanUp.push(() => api.close());
  return api;
}

async function openFile(content: string): Promise<{ api: KubeConnection; file: string }> {
  const file = join(folder, 'config');
  await writeFile(file, content);
  return { api: open({ kubeconfigFile: file }), file };
}

/** A user who logs in by a shell script; `$RUNS` is a file with a line for each run so far. */
const execUser = (script: string, more = {}) => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', `echo x >> $RUNS; ${script}`],
    env: [{ name: 'RUNS', value: join(folder, 'runs') }],
    ...more,
  },
});
const NUMBERED_TOKEN = `echo '{"status":{"token":"token-'$(wc -l < $RUNS)'"}}'`;
const runs = async () => (await readFile(join(folder, 'runs'), 'utf8')).length / 2;

describe('credentials', () => {
  it('are read from a token file, which is looked for beside the kubeconfig and goes before a token', async () => {
    const { server, shown } = await serveTo(() => true);
    await writeFile(join(folder, 'token'), 'from-file\n');
    const { api } = await openFile(kubeconfig(server.url, { tokenFile: 'token', token: 'secret' }));
    await api.list(CONFIG_MAPS);
    expect(shown).toEqual(['Bearer from-file']);
  });

  it('that were refused stay so when they cannot be read anew, which the next call says', async () => {
    const { server, shown } = await serveTo((token) => token === 'second');
    const { api, file } = await openFile(kubeconfig(server.url, { token: 'first' }));
    await writeFile(file, '{');
    await expect(api.list(CONFIG_MAPS)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: 'list configmaps: expired',
    });
    await expect(api.list(CONFIG_MAPS)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringContaining(`no credentials: the kubeconfig ${file} cannot be read: `) as string,
    });
    await writeFile(file, kubeconfig(server.url, { token: 'second' }));
    await api.list(CONFIG_MAPS);
    expect(shown).toEqual(['Bearer first', 'Bearer second']);
  });

  it('are read anew for the same cluster, though another one has become the current', async () => {
    const staging = await serveTo(() => true);
    const { server, shown } = await serveTo((token) => token === 'second');
    const named = (name: string, url: string, token: string) =>
      kubeconfig(url, { token }).replaceAll('"test"', `"${name}"`);
    const both = (token: string, current: string) => {
      const prod = JSON.parse(named('prod', server.url, token)) as Record<string, object[]>;
      const other = JSON.parse(named('staging', staging.server.url, 'any')) as Record<string, object[]>;
      const all = ['clusters', 'users', 'contexts'].map((key) => [key, [...prod[key]!, ...other[key]!]]);
      return JSON.stringify({ ...Object.fromEntries(all), 'current-context': current });
    };
    const { api, file } = await openFile(both('first', 'prod'));
    await writeFile(file, both('second', 'staging'));
    await expect(api.list(CONFIG_MAPS)).rejects.toMatchObject({ code: 'Unauthorized' });
    await api.list(CONFIG_MAPS);
    expect([shown, staging.shown]).toEqual([['Bearer first', 'Bearer second'], []]);
  });

  it('that are no certificate and key are told as such, and not as a server that does not answer', async () => {
    const server = await serve((_request, response) => respond(response, 200, EMPTY_LIST), { tls: true });
    const nonsense = Buffer.from('nonsense').toString('base64');
    const user = { 'client-certificate-data': nonsense, 'client-key-data': nonsense };
    await expect(open({ kubeconfig: kubeconfig(server.url, user) }).list(CONFIG_MAPS)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringContaining('no credentials: a certificate or key cannot be used: ') as string,
    });
  });

  it('that never come are not waited for once the call is aborted', async () => {
    const api = open({
      kubeconfig: kubeconfig('https://127.0.0.1:1', execUser(`while [ -d ${folder} ]; do sleep 0.1; done`)),
    });
    const over = new AbortController();
    const call = api.list(CONFIG_MAPS, { signal: over.signal });
    setImmediate(() => over.abort(new Error('enough')));
    await expect(call).rejects.toThrow('enough');
  });
});

describe('an exec plugin', () => {
  it('is run again after the server refused what it gave', async () => {
    const { server, shown } = await serveTo((token) => token !== 'token-1');
    const api = open({ kubeconfig: kubeconfig(server.url, execUser(NUMBERED_TOKEN)) });
    await expect(api.list(CONFIG_MAPS)).rejects.toMatchObject({ code: 'Unauthorized' });
    await api.list(CONFIG_MAPS);
    await api.list(CONFIG_MAPS);
    expect(shown).toEqual(['Bearer token-1', 'Bearer token-2', 'Bearer token-2']);
  });

  it('is run once for calls at the same time, and once when all of them are refused', async () => {
    const { server } = await serveTo((token) => token !== 'token-1');
    const api = open({ kubeconfig: kubeconfig(server.url, execUser(NUMBERED_TOKEN)) });
    const three = () => Promise.allSettled([1, 2, 3].map(() => api.list(CONFIG_MAPS)));
    expect((await three()).map((each) => each.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await runs()).toBe(1);
    expect((await three()).map((each) => each.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(await runs()).toBe(2);
  });

  it('is not run again because what it gave before was refused late', async () => {
    let refuseLate: (() => void) | undefined;
    const server = await serve(({ headers: { authorization } }, response) => {
      const refuse = () => respond(response, 401, refusal(401, 'Unauthorized', 'expired'));
      if (authorization !== 'Bearer token-1') respond(response, 200, EMPTY_LIST);
      else if (refuseLate) refuse();
      else refuseLate = refuse;
    });
    const api = open({ kubeconfig: kubeconfig(server.url, execUser(NUMBERED_TOKEN)) });
    const late = expect(api.list(CONFIG_MAPS)).rejects.toMatchObject({ code: 'Unauthorized' });
    await untilHolds(() => refuseLate !== undefined);
    await expect(api.list(CONFIG_MAPS)).rejects.toMatchObject({ code: 'Unauthorized' });
    await api.list(CONFIG_MAPS);
    refuseLate?.();
    await late;
    await api.list(CONFIG_MAPS);
    expect(await runs()).toBe(2);
  });

  it('that answers nonsense is named, and run again by the next call', async () => {
    const { server } = await serveTo(() => true);
    const script = `if [ $(wc -l < $RUNS) = 1 ]; then echo '{}'; else ${NUMBERED_TOKEN}; fi`;
    const api = open({ kubeconfig: kubeconfig(server.url, execUser(script)) });
    await expect(api.list(CONFIG_MAPS)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringContaining('exec plugin "sh" did not answer with an ExecCredential: ') as string,
    });
    await api.list(CONFIG_MAPS);
    expect(await runs()).toBe(2);
  });

  it('that fails, or cannot be run, is an Unauthorized that says why and what to do', async () => {
    const list = (user: object) =>
      open({ kubeconfig: kubeconfig('https://127.0.0.1:1', user) }).list(CONFIG_MAPS);
    const missing = execUser('', {
      command: '/no/such/plugin',
      installHint: 'install it from example.com\n',
    });
    await expect(list(missing)).rejects.toThrow('spawn /no/such/plugin ENOENT; install it from example.com');
    await expect(list(execUser('false'))).rejects.toThrow(
      'no credentials: the log-in of the kubeconfig failed and said nothing',
    );
    await expect(list(execUser('echo no such account >&2; false'))).rejects.toThrow(
      'no credentials: no such account',
    );
  });

  it('is looked for beside the kubeconfig, and is told what it is run for', async () => {
    const { server, shown } = await serveTo(() => true);
    const info = join(folder, 'info');
    const script = `#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" > ${info}\necho '{"status":{"token":"secret"}}'\n`;
    await writeFile(join(folder, 'plugin'), script, { mode: 0o755 });
    const apiVersion = 'client.authentication.k8s.io/v1';
    const exec = { apiVersion, command: './plugin', provideClusterInfo: true };
    const { api } = await openFile(kubeconfig(server.url, { exec }));
    await api.list(CONFIG_MAPS);
    expect(shown).toEqual(['Bearer secret']);
    expect(JSON.parse(await readFile(info, 'utf8'))).toEqual({
      apiVersion,
      kind: 'ExecCredential',
      spec: {
        interactive: false,
        cluster: {
          server: server.url,
          'insecure-skip-tls-verify': false,
          'certificate-authority-data': Buffer.from(TEST_CERTIFICATE.cert).toString('base64'),
        },
      },
    });
  });
});

describe('a server', () => {
  const parsed = (text: string) =>
    JSON.parse(text) as { clusters: { cluster: object }[]; contexts: { context: object }[] };

  it('is not trusted blindly because its URL is written in capitals', async () => {
    const server = await serve((_request, response) => respond(response, 200, EMPTY_LIST), { tls: true });
    const config = parsed(kubeconfig(server.url));
    config.clusters[0]!.cluster = { server: server.url.replace('https', 'HTTPS') };
    await expect(open({ kubeconfig: JSON.stringify(config) }).list(CONFIG_MAPS)).rejects.toThrow(
      /has a certificate that is not trusted/,
    );
  });

  it('is verified in a context without a user as well', async () => {
    const server = await serve((_request, response) => respond(response, 200, EMPTY_LIST), { tls: true });
    const config = parsed(kubeconfig(server.url));
    config.contexts[0]!.context = { cluster: 'test' };
    await open({ kubeconfig: JSON.stringify(config) }).list(CONFIG_MAPS);
  });
});

describe('closing', () => {
  /** Watches are taken and stay silent; lists are answered. */
  const serveWatches = () =>
    serve(
      (request, response) => {
        if (request.url?.includes('watch') === true) response.writeHead(200).flushHeaders();
        else respond(response, 200, EMPTY_LIST);
      },
      { tls: true },
    );
  const watch = async (api: KubeConnection) => {
    for await (const { type } of api.watch(CONFIG_MAPS, { resourceVersion: '7' })) {
      expect(type).toBe('BOOKMARK');
    }
  };

  it('ends a watch that was opened before certificates changed', async () => {
    const server = await serveWatches();
    await writeFile(join(folder, 'ca'), TEST_CERTIFICATE.cert);
    const config = JSON.parse(kubeconfig(server.url)) as { clusters: { cluster: object }[] };
    config.clusters[0]!.cluster = { server: server.url, 'certificate-authority': 'ca' };
    const { api } = await openFile(JSON.stringify(config));
    const ended = expect(watch(api)).rejects.toMatchObject({ code: 'Unavailable' });
    await untilHolds(() => server.open.size === 1);
    await writeFile(join(folder, 'ca'), `${TEST_CERTIFICATE.cert}\n`);
    await api.list(CONFIG_MAPS);
    api.close();
    await untilHolds(() => server.open.size === 0);
    await ended;
  });

  it('ends a watch through a proxy', async () => {
    const server = await serveWatches();
    const proxy = http.createServer().on('connect', ({ url = '' }, socket) => {
      const [host, port] = url.split(':');
      const onward = connectTo(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      socket.pipe(onward).pipe(socket);
      for (const side of [socket, onward]) side.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    cleanUp.push(() => void proxy.close());
    const config = JSON.parse(kubeconfig(server.url)) as { clusters: { cluster: object }[] };
    const proxyUrl = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
    Object.assign(config.clusters[0]!.cluster, { 'proxy-url': proxyUrl });
    const api = open({ kubeconfig: JSON.stringify(config) });
    await api.list(CONFIG_MAPS);
    const ended = expect(watch(api)).rejects.toThrow('the connection to the API server was closed');
    await untilHolds(() => server.open.size === 1);
    api.close();
    await untilHolds(() => server.open.size === 0);
    await ended;
  });
});
