import { jest } from '@jest/globals';
import { ServiceL2StatusClient } from '@metallb-l2/sdk';
import { KubeError } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { WEB, statusObject } from './fixtures.ts';

function setUp() {
  const clock = new FakeClock();
  const api = new InMemoryKubeApi({ clock });
  const client = new ServiceL2StatusClient({ api }, { clock, random: () => 0 });
  return { clock, api, client };
}

const web = statusObject({ name: 'one', node: 'node-a' });
const database = statusObject({ name: 'two', node: 'node-b', service: 'db' });
const services = (statuses: readonly { service: { name: string } }[]) =>
  statuses.map(({ service }) => service.name).sort();

describe('the cache of announcements', () => {
  it('answers by service and by node as soon as it is ready', async () => {
    const { api, client } = setUp();
    api.seed(SERVICE_L2_STATUSES, web);
    api.seed(SERVICE_L2_STATUSES, database);
    const cache = client.cache();
    expect(cache.synced).toBe(false);
    await cache.ready();
    expect(cache.synced).toBe(true);
    expect(cache.byService(WEB)).toMatchObject({ service: WEB, node: 'node-a' });
    expect(cache.byService({ ...WEB, name: 'other' })).toBeUndefined();
    expect(services(cache.byNode('node-b'))).toEqual(['db']);
    expect(cache.byNode('node-c')).toEqual([]);
    expect(services(cache.list())).toEqual(['db', 'web']);
    await cache.close();
  });

  it('follows what is announced, moved, changed and withdrawn', async () => {
    const { api, client, clock } = setUp();
    const cache = client.cache();
    await cache.ready();
    const seen: string[] = [];
    const unsubscribe = cache.subscribe(({ type }) =>
      seen.push(`${type} ${services(cache.list()).join(' ')}`),
    );
    api.seed(SERVICE_L2_STATUSES, web);
    api.seed(SERVICE_L2_STATUSES, database);
    await settle();
    api.seed(SERVICE_L2_STATUSES, statusObject({ name: 'one', node: 'node-b' }));
    await settle();
    expect(services(cache.byNode('node-b'))).toEqual(['db', 'web']);
    expect(cache.byNode('node-a')).toEqual([]);
    await api.delete(SERVICE_L2_STATUSES, { namespace: 'metallb-system', name: 'two' });
    await clock.advance(5000);
    expect(cache.byService({ namespace: 'demo', name: 'db' })).toBeUndefined();
    unsubscribe();
    api.seed(SERVICE_L2_STATUSES, database);
    await settle();
    expect(seen).toEqual(['announced web', 'announced db web', 'moved db web', 'withdrawn web']);
    await cache.close();
  });

  it('goes on when a listener throws, which it does not hide either', async () => {
    const uncaught: (() => void)[] = [];
    const spy = jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
      uncaught.push(task);
    });
    const { api, client } = setUp();
    const cache = client.cache();
    await cache.ready();
    const seen: string[] = [];
    cache.subscribe(() => {
      throw new Error('a bug of the program');
    });
    cache.subscribe(({ type }) => seen.push(type));
    api.seed(SERVICE_L2_STATUSES, web);
    await settle();
    api.seed(SERVICE_L2_STATUSES, database);
    await settle();
    spy.mockRestore();
    expect(seen).toEqual(['announced', 'announced']);
    expect(uncaught).toHaveLength(2);
    expect(uncaught[0]).toThrow('a bug of the program');
    await cache.close();
  });

  it('still knows what it knew while the cluster is out of sight, and says so', async () => {
    const { api, client, clock } = setUp();
    api.seed(SERVICE_L2_STATUSES, web);
    const cache = client.cache();
    await cache.ready();
    await settle();
    const lost = new KubeError('Unavailable', 'reset', { operation: 'watch' });
    api.fault = () => ({ refuse: lost });
    api.endWatches(lost);
    await settle();
    expect(cache.byService(WEB)?.node).toBe('node-a');
    expect(cache.problem).toMatchObject({ code: 'Unreachable' });
    api.seed(SERVICE_L2_STATUSES, statusObject({ name: 'one', node: 'node-b' }));
    api.fault = () => undefined;
    await clock.advance(60_000);
    expect(cache.problem).toBeUndefined();
    expect(cache.byService(WEB)?.node).toBe('node-b');
    await cache.close();
  });

  it('tells what cannot be read beside the rest', async () => {
    const { api, client } = setUp();
    api.seed(SERVICE_L2_STATUSES, { metadata: { name: 'blank', namespace: 'metallb-system' } });
    const cache = client.cache();
    await cache.ready();
    expect(cache.invalid).toMatchObject([{ ref: { name: 'blank' } }]);
    await cache.close();
  });

  it.each<[string, (abort: AbortController, client: ServiceL2StatusClient) => void]>([
    ['its signal is aborted', (abort) => abort.abort()],
    ['the client is closed', (_abort, client) => client.close()],
  ])('ends when %s, and leaves nothing behind', async (_what, end) => {
    const { api, client, clock } = setUp();
    api.seed(SERVICE_L2_STATUSES, web);
    const abort = new AbortController();
    const cache = client.cache({ signal: abort.signal });
    await cache.ready();
    end(abort, client);
    await settle();
    expect(clock.sleepers).toBe(0);
    expect(cache.problem).toMatchObject({ code: 'Closed' });
    expect(cache.byService(WEB)).toBeDefined();
    await cache.close();
  });

  it('says that it will not get ready when it is closed before, or when there is no cluster to ask', async () => {
    const { api, client } = setUp();
    api.fault = () => new Promise(() => undefined);
    const closed = client.cache();
    const waiting = expect(closed.ready()).rejects.toMatchObject({ code: 'Closed' });
    await closed.close();
    await waiting;
    const nowhere = new ServiceL2StatusClient({ kubeconfig: '{}' }).cache();
    await expect(nowhere.ready()).rejects.toMatchObject({ code: 'NoKubeconfig' });
    expect(nowhere.problem).toMatchObject({ code: 'NoKubeconfig' });
  });

  it('lets who waits for it give up', async () => {
    const { api, client } = setUp();
    api.fault = () => new Promise(() => undefined);
    const cache = client.cache();
    const abort = new AbortController();
    const waiting = expect(cache.ready(abort.signal)).rejects.toThrow('enough');
    abort.abort(new Error('enough'));
    await waiting;
    await cache.close();
  });
});
