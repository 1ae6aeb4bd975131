/**
 * What an API server and a network do to a watch, played over real HTTP. Beside the watch of the SDK runs
 * client-node's informer, on a server of its own that does the same: the reason the SDK has its own.
 */
import {
  CustomObjectsApi,
  type Informer,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
} from '@kubernetes/client-node';
import { ServiceL2StatusClient } from '@metallb-l2/sdk';
import { type Clock, type KubeApi, systemClock } from '@metallb-l2/sdk/kube';
import { connect } from '@metallb-l2/sdk/kube/connect';
import type { ServiceL2Status } from '@metallb-l2/sdk/models';
import { ScriptedKubeServer, errorLine, refuse } from '../../support/scripted-kube-server.ts';
import { until } from '../../support/until.ts';
import { statusObject } from '../../unit/sdk/status/fixtures.ts';

const web = (node: string): ServiceL2Status => statusObject({ name: 'web', node });

/** Sleeps a hundredth of the time: the delays are real, but short. */
const hurried: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
};

let cleanUp: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.reverse()) await step();
  cleanUp = [];
});

async function startServer(): Promise<ScriptedKubeServer> {
  const server = new ScriptedKubeServer('ServiceL2Status');
  server.put(web('node-a'));
  await server.start();
  cleanUp.push(() => server.stop());
  return server;
}

/** Gives a half-open connection up sooner than after 3 minutes. */
class ImpatientApi implements KubeApi {
  readonly #api: KubeApi;
  readonly #idleTimeoutMs: number;
  constructor(api: KubeApi, idleTimeoutMs: number) {
    this.#api = api;
    this.#idleTimeoutMs = idleTimeoutMs;
  }
  list: KubeApi['list'] = (...call) => this.#api.list(...call);
  get: KubeApi['get'] = (...call) => this.#api.get(...call);
  create: KubeApi['create'] = (...call) => this.#api.create(...call);
  patch: KubeApi['patch'] = (...call) => this.#api.patch(...call);
  replace: KubeApi['replace'] = (...call) => this.#api.replace(...call);
  delete: KubeApi['delete'] = (...call) => this.#api.delete(...call);
  watch: KubeApi['watch'] = (type, options) =>
    this.#api.watch(type, { ...options, idleTimeoutMs: this.#idleTimeoutMs });
}

/** A client of one of the two kinds, and where it believes the service to be. */
interface Follower {
  readonly server: ScriptedKubeServer;
  node(): string | undefined;
  readonly errors: unknown[];
  stop(): Promise<void>;
}

interface OurFollower extends Follower {
  problem(): Error | undefined;
}

async function startOurs(
  prepare: (server: ScriptedKubeServer) => void = () => undefined,
  { silenceMs, clock = hurried }: Pick<Fault, 'silenceMs'> & { readonly clock?: Clock } = {},
): Promise<OurFollower> {
  const server = await startServer();
  prepare(server);
  const api = connect({ kubeconfig: server.kubeconfig });
  const client = new ServiceL2StatusClient(
    { api: silenceMs === undefined ? api : new ImpatientApi(api, silenceMs) },
    { clock, random: () => 0 },
  );
  const cache = client.cache();
  const errors: unknown[] = [];
  cache.subscribe((event) => {
    if (event.type === 'desynced') errors.push(event.error);
  });
  const stop = async () => {
    await cache.close();
    api.close();
  };
  cleanUp.push(stop);
  const node = () => cache.byService({ namespace: 'demo', name: 'web' })?.node;
  return { server, errors, stop, node, problem: () => cache.problem };
}

async function startTheirs(
  prepare: (server: ScriptedKubeServer) => void = () => undefined,
): Promise<Follower & { informer: Informer<KubernetesObject> }> {
  const server = await startServer();
  prepare(server);
  const config = new KubeConfig();
  config.loadFromString(server.kubeconfig);
  const api = config.makeApiClient(CustomObjectsApi);
  const kind = { group: 'metallb.io', version: 'v1beta1', plural: 'servicel2statuses' };
  const namespace = 'metallb-system';
  const informer = makeInformer(
    config,
    `/apis/metallb.io/v1beta1/namespaces/${namespace}/servicel2statuses`,
    () =>
      api.listNamespacedCustomObject({ ...kind, namespace }) as Promise<
        KubernetesListObject<KubernetesObject>
      >,
  );
  const errors: unknown[] = [];
  informer.on('error', (error: unknown) => errors.push(error));
  const stop = () => informer.stop();
  cleanUp.push(stop);
  await informer.start();
  const node = () => (informer.get('web', namespace) as ServiceL2Status | undefined)?.status?.node;
  return { server, errors, stop, node, informer };
}

const sees = (follower: Follower, node: string) =>
  until(`the service is seen on ${node}`, async () => follower.node() === node);
const watches = ({ server }: Follower) => until('a watch is open', async () => server.watches === 1);

interface Fault {
  readonly what: string;
  /** Done to the server before the client begins. */
  readonly before?: (server: ScriptedKubeServer) => void;
  /** Done to the server under an open watch. */
  readonly under?: (server: ScriptedKubeServer) => void | Promise<void>;
  /** How long the SDK takes silence. @default 3 minutes */
  readonly silenceMs?: number;
  /**
   * What becomes of client-node's informer: it gives up for good (`dies`), does not hear anything until 30 s
   * of silence have passed (`is deaf`), goes on without the change (`misses it`), or sees it (`survives`).
   */
  readonly informer: 'dies' | 'is deaf' | 'misses it' | 'survives';
}

const FAULTS: Fault[] = [
  { what: 'a reset', under: (server) => server.reset(), informer: 'dies' },
  {
    what: 'HTTP 500 on the watch',
    under: (server) => {
      for (let count = 0; count < 3; count++) server.next('watch', refuse(500, 'InternalError'));
      server.endWatches();
    },
    informer: 'dies',
  },
  {
    what: 'HTTP 429 on the watch',
    under: (server) => {
      server.next('watch', refuse(429, 'TooManyRequests', { 'retry-after': '3' }));
      server.endWatches();
    },
    informer: 'dies',
  },
  {
    what: 'HTTP 500 on the list',
    before: (server) => server.next('list', refuse(500, 'InternalError')),
    informer: 'dies',
  },
  {
    what: 'HTTP 429 on the list',
    before: (server) => server.next('list', refuse(429, 'TooManyRequests', { 'retry-after': '3' })),
    informer: 'dies',
  },
  {
    what: 'a reset under the list',
    before: (server) => server.next('list', ({ request }) => request.socket.resetAndDestroy()),
    informer: 'dies',
  },
  {
    what: 'a server that restarts',
    under: async (server) => {
      await server.stop();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await server.start();
    },
    informer: 'dies',
  },
  {
    what: 'an ERROR line in a stream that stays open',
    under: (server) => {
      server.send(errorLine(500, 'InternalError'));
      server.put(web('node-b'), { quietly: true });
    },
    informer: 'is deaf',
  },
  {
    what: 'a line that is no JSON in place of the change',
    under: (server) => {
      server.put(web('node-b'), { quietly: true });
      server.send('{"type":"MODIFIED","object":{"meta\n');
    },
    informer: 'misses it',
  },
  {
    what: 'silence, on a connection that is half open',
    silenceMs: 100,
    under: (server) => server.put(web('node-b'), { quietly: true }),
    informer: 'is deaf',
  },
  {
    what: 'HTTP 410 on the watch',
    under: (server) => {
      server.compact();
      server.endWatches();
    },
    informer: 'survives',
  },
  {
    what: '410 as an ERROR line',
    under: (server) => {
      server.compact();
      server.send(errorLine(410, 'Expired'));
      server.endWatches();
    },
    informer: 'survives',
  },
];

describe.each(FAULTS)('$what', ({ before, under, informer, ...options }) => {
  /** The change comes with the fault, and nothing comes after it that could make up for it. */
  const bringsChange = informer === 'misses it' || informer === 'is deaf';
  const play = async (follower: Follower) => {
    if (under) {
      await watches(follower);
      await sees(follower, 'node-a');
      await under(follower.server);
    }
    if (!bringsChange) follower.server.put(web('node-b'));
  };

  it('does not keep the SDK from seeing the next change', async () => {
    const ours = await startOurs(before, options);
    await play(ours);
    await sees(ours, 'node-b');
    await ours.stop();
    await until('no connection is left', async () => ours.server.connections === 0);
  });

  it(`client-node's informer ${informer}`, async () => {
    const theirs = await startTheirs(before);
    await play(theirs);
    if (informer === 'survives') {
      await sees(theirs, 'node-b');
      return;
    }
    if (informer === 'dies') await until('it has failed', async () => theirs.errors.length > 0);
    const requests = theirs.server.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(theirs.node()).not.toBe('node-b');
    expect(theirs.server.requests).toHaveLength(requests);
    expect(theirs.server.watches).toBe(informer === 'dies' ? 0 : 1);
    expect(theirs.errors).toHaveLength(informer === 'dies' ? 1 : 0);
  });
});

it('a watch that is back says so at once, though nothing changes', async () => {
  const ours = await startOurs();
  await watches(ours);
  ours.server.reset();
  await until('it is away', async () => ours.errors.length === 1);
  await until('it is back', async () => ours.problem() === undefined);
  expect(ours.server.requests).toEqual(['list', 'watch', 'watch']);
});

describe('being told to stop', () => {
  it('leaves nothing behind, during a list', async () => {
    const ours = await startOurs((server) => server.next('list', () => undefined));
    await until('the list is asked for', async () => ours.server.requests.length === 1);
    await ours.stop();
    await until('no connection is left', async () => ours.server.connections === 0);
    expect(ours.server.requests).toEqual(['list']);
  });

  it('leaves nothing behind, while it waits to try again', async () => {
    const busy = refuse(429, 'Busy', { 'retry-after': '900' });
    const ours = await startOurs((server) => server.next('list', busy), { clock: systemClock });
    await until('it waits', async () => ours.errors.length === 1);
    await ours.stop();
    await until('no connection is left', async () => ours.server.connections === 0);
    expect(ours.server.requests).toEqual(['list']);
  });

  it("does not keep client-node's informer from opening a watch, when it comes during a list", async () => {
    let release: () => void = () => undefined;
    const server = await startServer();
    server.next('list', ({ response }) => {
      release = () => {
        const body = { kind: 'ServiceL2StatusList', metadata: { resourceVersion: '2' }, items: [] };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
    });
    const config = new KubeConfig();
    config.loadFromString(server.kubeconfig);
    const api = config.makeApiClient(CustomObjectsApi);
    const kind = { group: 'metallb.io', version: 'v1beta1', plural: 'servicel2statuses' };
    const informer = makeInformer(
      config,
      '/apis/metallb.io/v1beta1/servicel2statuses',
      () => api.listClusterCustomObject(kind) as Promise<KubernetesListObject<KubernetesObject>>,
    );
    informer.on('error', () => undefined);
    const started = informer.start();
    await until('the list is asked for', async () => server.requests.length === 1);
    await informer.stop();
    release();
    await started;
    await until('a watch is open all the same', async () => server.watches === 1);
    await informer.stop();
  });
});

// Jest fails the test under which one comes.
describe('a rejection nobody handles', () => {
  const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

  it('never comes from the SDK, whatever becomes of its questions', async () => {
    const server = await startServer();
    const service = { namespace: 'demo', name: 'web' };
    const wish = { node: 'node-z' };
    const client = new ServiceL2StatusClient(
      { kubeconfig: server.kubeconfig },
      { clock: hurried, random: () => 0 },
    );
    for (const act of [refuse(500, 'InternalError'), refuse(403, 'Forbidden')]) {
      server.next('list', act);
      await expect(client.whoAnnounces(service)).rejects.toMatchObject({ service });
    }
    await expect(client.waitUntilAnnounced(service, { ...wish, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'Timeout',
    });
    // None of these is waited for by anyone.
    const abort = new AbortController();
    const { signal } = abort;
    const ignored = [
      client.cache({ signal }),
      client.cache(),
      new ServiceL2StatusClient({ kubeconfig: '{}' }).cache(),
    ];
    const waiting = client.waitUntilAnnounced(service, { ...wish, signal, timeoutMs: Infinity });
    const ended = expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await until('watches are open', async () => server.watches >= 3);
    server.reset();
    await turn();
    abort.abort();
    client.close();
    await ended;
    await turn();
    expect(ignored.map(({ problem }) => problem?.code)).toEqual(['Closed', 'Closed', 'NoKubeconfig']);
    await until('no connection is left', async () => server.connections === 0);
  });
});
