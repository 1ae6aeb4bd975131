import { CONFIG_MAPS, type ConfigMap, KubeError, ResourceCache } from '@metallb-l2/sdk/kube';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const map = (name: string, greeting = 'hello', labels = {}): ConfigMap => ({
  metadata: { name, namespace: 'demo', labels },
  data: { greeting },
});

function start(options = {}) {
  const clock = new FakeClock();
  const api = new InMemoryKubeApi({ clock });
  const cache = new ResourceCache({ api, clock, random: () => 0 }, CONFIG_MAPS, options);
  const abort = new AbortController();
  const running = cache.run(abort.signal);
  const stop = async () => {
    abort.abort();
    await running;
    await settle();
  };
  return { clock, api, cache, stop };
}

const names = (cache: ResourceCache<ConfigMap>) => cache.list().map((object) => object.metadata.name);

describe('a resource cache', () => {
  it('holds what there is, then every change', async () => {
    const { api, cache, stop } = start();
    api.seed(CONFIG_MAPS, map('one'));
    expect(cache.synced).toBe(false);
    await cache.ready();
    expect(names(cache)).toEqual(['one']);

    await api.create(CONFIG_MAPS, map('two'));
    await api.patch(
      CONFIG_MAPS,
      { namespace: 'demo', name: 'one' },
      { data: { greeting: 'bye' } },
      { type: 'merge' },
    );
    await settle();
    expect(names(cache)).toEqual(['one', 'two']);
    expect(cache.get({ namespace: 'demo', name: 'one' })?.data).toEqual({ greeting: 'bye' });

    await api.delete(CONFIG_MAPS, { namespace: 'demo', name: 'one' });
    await settle();
    expect(cache.get({ namespace: 'demo', name: 'one' })).toBeUndefined();
    await stop();
  });

  it('drops in a new list what was deleted while nobody watched', async () => {
    const { api, cache, clock, stop } = start();
    api.seed(CONFIG_MAPS, map('one'));
    await cache.ready();
    await settle();
    api.fault = ({ verb }) =>
      verb === 'watch' || verb === 'list'
        ? { refuse: new KubeError('Unavailable', 'connect ECONNREFUSED', { operation: verb }) }
        : undefined;
    api.endWatches(new KubeError('Unavailable', 'socket hang up', { operation: 'watch' }));
    await settle();
    expect(cache.problem?.message).toContain('socket hang up');
    expect(names(cache)).toEqual(['one']);

    await api.delete(CONFIG_MAPS, { namespace: 'demo', name: 'one' });
    await api.create(CONFIG_MAPS, map('two'));
    api.compact();
    api.fault = () => undefined;
    await clock.advance(60_000);
    expect(names(cache)).toEqual(['two']);
    expect(cache.problem).toBeUndefined();
    expect(cache.synced).toBe(true);
    await stop();
  });

  it('holds only what it was asked for', async () => {
    const { api, cache, stop } = start({ labelSelector: 'app=web' });
    api.seed(CONFIG_MAPS, map('one', 'x', { app: 'web' }));
    api.seed(CONFIG_MAPS, map('two', 'x', { app: 'db' }));
    await cache.ready();
    expect(names(cache)).toEqual(['one']);
    await stop();
  });

  it('gives the same array while nothing changes, and no managedFields', async () => {
    const { api, cache, stop } = start();
    const object = map('one');
    Object.assign(object.metadata, { managedFields: [{ manager: 'kubectl' }] });
    api.seed(CONFIG_MAPS, object);
    await cache.ready();
    expect(cache.list()).toBe(cache.list());
    expect(cache.list()[0]?.metadata).not.toHaveProperty('managedFields');
    await stop();
  });

  it('calls listeners after each change until they unsubscribe', async () => {
    const { api, cache, stop } = start();
    await cache.ready();
    const seen: unknown[] = [];
    const unsubscribe = cache.subscribe(() => seen.push(names(cache)));
    await api.create(CONFIG_MAPS, map('one'));
    await settle();
    unsubscribe();
    await api.create(CONFIG_MAPS, map('two'));
    await settle();
    expect(seen).toEqual([['one']]);
    await stop();
  });

  it('stops waiting for the first list with the reason of the signal', async () => {
    const { api, cache, stop } = start();
    api.fault = () => ({ refuse: new KubeError('Forbidden', 'no', { operation: 'list configmaps' }) });
    const abort = new AbortController();
    const ready = cache.ready(abort.signal);
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(ready).rejects.toBe(reason);
    await expect(cache.ready(abort.signal)).rejects.toBe(reason);
    await stop();
  });

  it('leaves nothing running when it is stopped', async () => {
    const { cache, clock, stop } = start();
    await cache.ready();
    await stop();
    expect(clock.sleepers).toBe(0);
  });
});
