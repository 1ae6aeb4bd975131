import { type ServiceL2StatusEvent, ServiceL2StatusClient } from '@metallb-l2/sdk';
import { KubeError, type KubeErrorCode } from '@metallb-l2/sdk/kube';
import {
  SERVICE_L2_STATUSES,
  type ServiceL2Status,
  type ServiceL2StatusStatus,
} from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const WEB = { namespace: 'demo', name: 'web' };

function setUp(options = {}) {
  const clock = new FakeClock();
  const api = new InMemoryKubeApi({ clock });
  const client = new ServiceL2StatusClient({ api, ...options }, { clock, random: () => 0 });
  return { clock, api, client };
}

function status(
  name: string,
  node: string,
  {
    service = 'web',
    namespace = 'metallb-system',
    ...more
  }: { service?: string; namespace?: string } & ServiceL2StatusStatus = {},
): ServiceL2Status {
  return {
    metadata: {
      name,
      namespace,
      labels: {
        'metallb.io/node': node,
        'metallb.io/service-name': service,
        'metallb.io/service-namespace': 'demo',
      },
    },
    status: { node, serviceName: service, serviceNamespace: 'demo', ...more },
  };
}

describe('listing announcements', () => {
  it('gives every service with its node, interfaces, addresses and age', async () => {
    const { api, client } = setUp();
    api.seed(
      SERVICE_L2_STATUSES,
      status('a', 'node-a', {
        interfaces: [{ name: 'eth1' }, { name: 'eth0' }],
        addresses: ['192.0.2.1'],
        announcedSince: '2026-01-02T03:04:05Z',
      }),
    );
    expect(await client.list()).toEqual({
      statuses: [
        {
          service: WEB,
          node: 'node-a',
          interfaces: ['eth0', 'eth1'],
          addresses: ['192.0.2.1'],
          since: new Date('2026-01-02T03:04:05Z'),
          object: { namespace: 'metallb-system', name: 'a' },
        },
      ],
      invalid: [],
    });
  });

  it("reads upstream's objects: no addresses, no interfaces, and labels before the status", async () => {
    const { api, client, clock } = setUp();
    const empty = status('a', 'node-a');
    api.seed(SERVICE_L2_STATUSES, { metadata: empty.metadata });
    expect((await client.list()).statuses).toEqual([
      {
        service: WEB,
        node: 'node-a',
        interfaces: [],
        addresses: [],
        since: new Date(clock.now()),
        claimedBy: 'node-a',
        object: { namespace: 'metallb-system', name: 'a' },
      },
    ]);
  });

  it('believes the status where a label says otherwise', async () => {
    const { api, client } = setUp();
    api.seed(SERVICE_L2_STATUSES, status('a', 'label', { node: 'node-with-a-very-long-name' }));
    const { statuses } = await client.list({ node: 'node-with-a-very-long-name' });
    expect(statuses.map(({ node }) => node)).toEqual(['node-with-a-very-long-name']);
    expect((await client.list({ node: 'label' })).statuses).toEqual([]);
  });

  it('selects by service and by node', async () => {
    const { api, client } = setUp();
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-a'));
    api.seed(SERVICE_L2_STATUSES, status('b', 'node-b', { service: 'db' }));
    const names = async (filter: object) =>
      (await client.list(filter)).statuses.map(({ object }) => object.name);
    expect(await names({})).toEqual(['a', 'b']);
    expect(await names({ service: WEB })).toEqual(['a']);
    expect(await names({ node: 'node-b' })).toEqual(['b']);
    expect(await names({ service: WEB, node: 'node-b' })).toEqual([]);
  });

  it('looks in metallb-system unless told otherwise', async () => {
    const { api, client } = setUp();
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-a', { namespace: 'elsewhere' }));
    expect((await client.list()).statuses).toEqual([]);
    const other = new ServiceL2StatusClient({ api, namespace: 'elsewhere' });
    expect((await other.list()).statuses).toHaveLength(1);
  });

  it('reports objects that say nothing usable beside the good ones', async () => {
    const { api, client } = setUp();
    api.seed(SERVICE_L2_STATUSES, status('good', 'node-a'));
    api.seed(SERVICE_L2_STATUSES, { metadata: { name: 'blank', namespace: 'metallb-system' }, status: {} });
    const wrong = { ...status('wrong', 'node-a'), status: { interfaces: 'eth0' } };
    api.seed(SERVICE_L2_STATUSES, wrong as unknown as ServiceL2Status);
    const { statuses, invalid } = await client.list();
    expect(statuses.map(({ object }) => object.name)).toEqual(['good']);
    expect(invalid).toEqual([
      {
        ref: { namespace: 'metallb-system', name: 'blank' },
        problem: 'neither its status nor its labels name a service',
      },
      {
        ref: { namespace: 'metallb-system', name: 'wrong' },
        problem: expect.stringContaining('status.interfaces') as string,
      },
    ]);
  });

  it('reads a list of any length in pages', async () => {
    const { api, client } = setUp();
    for (let count = 0; count < 1001; count++) {
      api.seed(SERVICE_L2_STATUSES, status(`s-${String(count)}`, 'node-a'));
    }
    expect((await client.list()).statuses).toHaveLength(1001);
    expect(api.calls).toHaveLength(3);
  });

  it('reads a list anew whose pages were forgotten', async () => {
    const { api, client } = setUp();
    for (let count = 0; count < 501; count++) {
      api.seed(SERVICE_L2_STATUSES, status(`s-${String(count)}`, 'node-a'));
    }
    let calls = 0;
    api.fault = () => {
      if (++calls === 2) api.compact();
      return undefined;
    };
    expect((await client.list()).statuses).toHaveLength(501);
    expect(calls).toBe(3);
  });

  it.each<[KubeErrorCode, string]>([
    ['NotFound', 'NotInstalled'],
    ['Forbidden', 'Denied'],
    ['Unauthorized', 'Denied'],
    ['Unavailable', 'Unreachable'],
    ['Timeout', 'Unreachable'],
    ['ServerError', 'Failed'],
  ])('fails at %s with the code %s', async (code, expected) => {
    const { api, client } = setUp();
    const cause = new KubeError(code, 'no', { operation: 'list servicel2statuses metallb-system' });
    api.fault = () => ({ refuse: cause });
    await expect(client.list()).rejects.toMatchObject({
      name: 'ServiceL2StatusError',
      code: expected,
      cause,
    });
  });

  it('asks again when the server is busy, but not for ever', async () => {
    const { api, client, clock } = setUp();
    let answers = 0;
    const busy = new KubeError('TooManyRequests', 'busy', { operation: 'list', retryAfterMs: 1000 });
    api.fault = () => (++answers < 4 ? { refuse: busy } : undefined);
    const patient = client.list();
    await clock.advance(10_000);
    expect(await patient).toEqual({ statuses: [], invalid: [] });
    expect(answers).toBe(4);

    answers = -10;
    const refused = expect(client.list()).rejects.toMatchObject({ code: 'Unreachable', cause: busy });
    await clock.advance(10_000);
    await refused;
    expect(answers).toBe(-6);
  });

  it('refuses an empty name of a node', async () => {
    const { api, client } = setUp();
    const refused = { code: 'InvalidArgument', message: expect.stringMatching(/^node: "" is not/) as string };
    await expect(client.list({ node: '' })).rejects.toMatchObject(refused);
    await expect(client.watch({ node: '' }).next()).rejects.toMatchObject(refused);
    const service = { namespace: 'default', name: 'web' };
    await expect(client.waitUntilAnnounced(service, { node: '' })).rejects.toMatchObject(refused);
    const not = expect.stringMatching(/^not: "" is not/) as string;
    await expect(client.waitUntilAnnounced(service, { not: '' })).rejects.toMatchObject({ message: not });
    expect(api.calls).toEqual([]);
  });

  it('does not wait for a server that asks for more than ten seconds', async () => {
    const { api, client, clock } = setUp();
    let retryAfterMs = 10_000;
    let answers = 0;
    api.fault = () => {
      const busy = new KubeError('TooManyRequests', 'busy', { operation: 'list', retryAfterMs });
      return answers++ === 0 ? { refuse: busy } : undefined;
    };
    const patient = client.list();
    await clock.advance(10_000);
    await patient;
    [retryAfterMs, answers] = [3_600_000, 0];
    let refused: unknown;
    const question = client.list().catch((error: unknown) => (refused = error));
    await clock.advance(0);
    expect([refused, clock.sleepers]).toEqual([expect.objectContaining({ code: 'Unreachable' }), 0]);
    await question;
  });

  it('fails without a usable kubeconfig', async () => {
    const client = new ServiceL2StatusClient({ kubeconfig: '{}' });
    await expect(client.list()).rejects.toMatchObject({ code: 'NoKubeconfig' });
    await expect(client.watch().next()).rejects.toMatchObject({ code: 'NoKubeconfig' });
    client.close();
  });

  it('stops with the reason of the signal, and with Closed when the client is closed', async () => {
    const { api, client } = setUp();
    api.fault = () => new Promise(() => undefined);
    await expect(client.list({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    client.close();
    await expect(client.list()).rejects.toMatchObject({ code: 'Closed' });
    await expect(client.get(WEB)).rejects.toMatchObject({ code: 'Closed' });
  });
});

it('is closed at the end of the block that uses it', async () => {
  const { client } = setUp();
  client[Symbol.dispose]();
  await expect(client.list()).rejects.toMatchObject({ code: 'Closed' });
});

it.each([
  [{ namespace: '' }, 'namespace: "" is not a name'],
  [{ namespace: 'Metallb' }, 'namespace: "Metallb" is not a name'],
  [{ settleMs: Number.NaN }, 'settleMs: NaN is not a number of milliseconds'],
  [{ settleMs: -1 }, 'settleMs: -1 is not'],
])('takes no options that mean nothing (%j)', (options, message) => {
  const refused = { code: 'InvalidArgument', message: expect.stringContaining(message) as string };
  expect(() => new ServiceL2StatusClient(options)).toThrow(expect.objectContaining(refused) as Error);
});

describe('asking for one service', () => {
  it('gives nothing when nobody announces it', async () => {
    expect(await setUp().client.get(WEB)).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ['no service', undefined, 'service: undefined is not a service'],
    ['no name', { namespace: 'demo' }, 'service.name: undefined is not a name'],
    ['a selector', { namespace: 'demo', name: 'web,a=b' }, 'service.name: "web,a=b" is not a name'],
  ])('is refused with %s, and is no question about all of them', async (_what, given, message) => {
    const { api, client } = setUp();
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-a'));
    const service = given as typeof WEB;
    for (const answer of [
      client.get(service),
      client.whoAnnounces(service),
      client.explain(service),
      client.waitUntilAnnounced(service),
    ]) {
      await expect(answer).rejects.toMatchObject({
        code: 'InvalidArgument',
        message: expect.stringContaining(message) as string,
      });
    }
  });

  it('gives the latest of several', async () => {
    const { api, client } = setUp();
    api.seed(SERVICE_L2_STATUSES, status('x', 'node-a', { announcedSince: '2026-01-01T00:00:00Z' }));
    api.seed(SERVICE_L2_STATUSES, status('y', 'node-b', { announcedSince: '2026-01-01T00:00:01Z' }));
    api.seed(SERVICE_L2_STATUSES, status('z', 'node-c', { service: 'db' }));
    expect((await client.get(WEB))?.node).toBe('node-b');
  });
});

describe('watching announcements', () => {
  function watch(filter = {}) {
    const set = setUp();
    const events: ServiceL2StatusEvent[] = [];
    const abort = new AbortController();
    const ended = (async () => {
      for await (const event of set.client.watch(filter, { signal: abort.signal })) events.push(event);
    })();
    const types = () => events.map(({ type }) => type);
    return { ...set, events, types, abort, ended };
  }

  it('tells the life of a service', async () => {
    const { api, clock, events, types, abort, ended } = watch();
    await settle();
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-a'));
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-a', { addresses: ['192.0.2.1'] }));
    await api.delete(SERVICE_L2_STATUSES, { namespace: 'metallb-system', name: 'a' });
    await clock.advance(1900);
    api.seed(SERVICE_L2_STATUSES, status('b', 'node-b'));
    await clock.advance(60_000);
    await api.delete(SERVICE_L2_STATUSES, { namespace: 'metallb-system', name: 'b' });
    await clock.advance(1999);
    expect(types()).toEqual(['synced', 'announced', 'updated', 'moved']);
    await clock.advance(1);
    expect(types()).toEqual(['synced', 'announced', 'updated', 'moved', 'withdrawn']);
    expect(events[3]).toMatchObject({ from: 'node-a', to: 'node-b', status: { service: WEB } });
    abort.abort();
    await ended;
    expect(clock.sleepers).toBe(0);
  });

  it('tells of one node what comes to it and what leaves it', async () => {
    const { api, types, events, abort, ended } = watch({ node: 'node-a' });
    await settle();
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-a'));
    api.seed(SERVICE_L2_STATUSES, status('b', 'node-b', { service: 'db' }));
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-b'));
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-c'));
    await settle();
    expect(types()).toEqual(['synced', 'announced', 'moved']);
    expect(events[2]).toMatchObject({ from: 'node-a', to: 'node-b' });
    abort.abort();
    await ended;
  });

  it('tells of one service only what concerns it', async () => {
    const { api, types, abort, ended } = watch({ service: WEB });
    await settle();
    api.seed(SERVICE_L2_STATUSES, status('b', 'node-b', { service: 'db' }));
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-a'));
    await settle();
    expect(types()).toEqual(['synced', 'announced']);
    abort.abort();
    await ended;
  });

  it('goes on after an interruption', async () => {
    const { api, clock, events, types, abort, ended } = watch();
    await settle();
    const refused = new KubeError('Forbidden', 'no', { operation: 'list' });
    api.fault = () => ({ refuse: refused });
    api.compact();
    api.endWatches(new KubeError('Gone', 'too old', { operation: 'watch' }));
    await settle();
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-a'));
    await clock.advance(1000);
    api.fault = () => undefined;
    await clock.advance(60_000);
    expect(types()).toEqual(['synced', 'desynced', 'desynced', 'announced', 'synced']);
    expect(events[2]).toMatchObject({ error: { code: 'Denied' }, retryInMs: 1600 });
    abort.abort();
    await ended;
  });

  it('ends when the client is closed, and leaves nothing behind', async () => {
    const { api, client, clock, ended } = watch();
    await settle();
    api.seed(SERVICE_L2_STATUSES, status('a', 'node-a'));
    await api.delete(SERVICE_L2_STATUSES, { namespace: 'metallb-system', name: 'a' });
    await settle();
    expect(clock.sleepers).toBeGreaterThan(0);
    client.close();
    await ended;
    expect(clock.sleepers).toBe(0);
    expect((await client.watch().next()).done).toBe(true);
  });

  it.each<[string, (events: AsyncGenerator<unknown, void>) => PromiseLike<unknown>]>([
    ['return', (events) => events.return()],
    ['throw', (events) => events.throw(new Error('enough')).catch(() => undefined)],
    ['await using', (events) => events[Symbol.asyncDispose]()],
  ])('can be left while it waits for the next event (%s)', async (_how, leave) => {
    const { client, clock } = setUp();
    const events = client.watch();
    await events.next();
    const next = events.next();
    await settle();
    let isLeft = false;
    void leave(events).then(() => (isLeft = true));
    await settle();
    expect(isLeft).toBe(true);
    expect((await next).done).toBe(true);
    expect((await events.next()).done).toBe(true);
    expect(clock.sleepers).toBe(0);
  });

  it('leaves nothing behind when it is left', async () => {
    const { client, clock } = setUp();
    for await (const { type } of client.watch()) {
      expect(type).toBe('synced');
      break;
    }
    await settle();
    expect(clock.sleepers).toBe(0);
  });
});
