import { CONFIG_MAPS, type ConfigMap, KubeError, NODES } from '@metallb-l2/sdk/kube';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const map = (name: string, ownerUids: string[] = []): ConfigMap => ({
  metadata: {
    name,
    namespace: 'demo',
    ownerReferences: ownerUids.map((uid) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: uid, uid })),
  },
});
const ref = (name: string) => ({ namespace: 'demo', name });
const refused = new KubeError('Unavailable', 'down', { operation: 'test' });

describe('the in-memory API server', () => {
  it('refuses, delays or loses the answer of a call as its fault hook says', async () => {
    const api = new InMemoryKubeApi();
    api.fault = ({ verb }) => (verb === 'create' ? { refuse: refused } : undefined);
    await expect(api.create(CONFIG_MAPS, map('one'))).rejects.toBe(refused);
    api.fault = ({ verb }) => (verb === 'create' ? { loseAnswer: refused } : undefined);
    await expect(api.get(CONFIG_MAPS, ref('one'))).rejects.toMatchObject({ code: 'NotFound' });
    await expect(api.create(CONFIG_MAPS, map('one'))).rejects.toBe(refused);
    expect((await api.get(CONFIG_MAPS, ref('one'))).metadata.name).toBe('one');

    let release: (value: undefined) => void = () => undefined;
    api.fault = () => new Promise((resolve) => (release = resolve));
    let done = false;
    const call = api.get(CONFIG_MAPS, ref('one')).then(() => (done = true));
    await settle();
    expect(done).toBe(false);
    release(undefined);
    await call;
  });

  it('remembers the calls, and which of them write', async () => {
    const api = new InMemoryKubeApi();
    await api.create(CONFIG_MAPS, map('one'));
    await api.list(CONFIG_MAPS);
    expect(api.calls.map(({ verb }) => verb)).toEqual(['create', 'list']);
    expect(api.writes).toMatchObject([{ verb: 'create', ref: ref('one'), body: map('one') }]);
    api.forgetCalls();
    expect(api.calls).toEqual([]);
  });

  it('keeps its objects apart from those of the caller', async () => {
    const api = new InMemoryKubeApi();
    const object = { ...map('one'), data: { a: '1' } };
    const created = await api.create(CONFIG_MAPS, object);
    object.data.a = '2';
    Object.assign(created.data ?? {}, { a: '3' });
    expect((await api.get(CONFIG_MAPS, ref('one'))).data).toEqual({ a: '1' });
  });

  it('seeds objects as they are, status included, in place of older ones', async () => {
    const api = new InMemoryKubeApi();
    const node = {
      metadata: { name: 'node-a' },
      status: { conditions: [{ type: 'Ready', status: 'True' as const }] },
    };
    const first = api.seed(NODES, node);
    const second = api.seed(NODES, { ...node, status: {} });
    expect(first).toMatchObject({ kind: 'Node', ...node });
    expect(second.metadata.uid).toBe(first.metadata.uid);
    expect((await api.get(NODES, { name: 'node-a' })).status).toEqual({});
  });

  it('answers Gone to places and pages from before its history was forgotten', async () => {
    const api = new InMemoryKubeApi();
    api.seed(CONFIG_MAPS, map('one'));
    api.seed(CONFIG_MAPS, map('two'));
    const page = await api.list(CONFIG_MAPS, { limit: 1 });
    const { resourceVersion, continue: token = '' } = page.metadata;
    api.seed(CONFIG_MAPS, map('three'));
    api.compact();
    const watch = api.watch(CONFIG_MAPS, { resourceVersion });
    await expect(watch.next()).rejects.toMatchObject({ code: 'Gone', status: 410 });
    await expect(api.list(CONFIG_MAPS, { continue: token })).rejects.toMatchObject({ code: 'Gone' });
  });

  it('sends bookmarks when told, and one before a watch has had its time', async () => {
    const clock = new FakeClock();
    const api = new InMemoryKubeApi({ clock });
    const types: string[] = [];
    const watching = (async () => {
      for await (const line of api.watch(CONFIG_MAPS, { resourceVersion: '1', timeoutSeconds: 60 })) {
        types.push(line.type);
      }
    })();
    await settle();
    api.sendBookmarks();
    await clock.advance(60_000);
    await watching;
    expect(types).toEqual(['BOOKMARK', 'BOOKMARK']);
    expect(clock.sleepers).toBe(0);
  });

  it('ends or breaks its watches when told', async () => {
    const api = new InMemoryKubeApi();
    const first = api.watch(CONFIG_MAPS, { resourceVersion: '1' }).next();
    await settle();
    api.endWatches();
    expect((await first).done).toBe(true);
    const second = api.watch(CONFIG_MAPS, { resourceVersion: '1' }).next();
    await settle();
    api.endWatches(refused);
    await expect(second).rejects.toBe(refused);
  });

  it('lets an object live until its last owner is gone', async () => {
    const api = new InMemoryKubeApi();
    const [a, b] = [api.seed(CONFIG_MAPS, map('a')), api.seed(CONFIG_MAPS, map('b'))];
    api.seed(CONFIG_MAPS, map('owned', [a.metadata.uid ?? '', b.metadata.uid ?? '']));
    await api.delete(CONFIG_MAPS, ref('a'));
    await api.get(CONFIG_MAPS, ref('owned'));
    await api.delete(CONFIG_MAPS, ref('b'), { propagationPolicy: 'Orphan' });
    await api.get(CONFIG_MAPS, ref('owned'));
  });

  it('makes the same names in every run', async () => {
    const names = async () => {
      const api = new InMemoryKubeApi();
      const object = { metadata: { generateName: 'node-a-', namespace: 'demo' } };
      const first = await api.create(CONFIG_MAPS, object);
      const second = await api.create(CONFIG_MAPS, object);
      return [first.metadata.name, second.metadata.name];
    };
    const [first, second] = await names();
    expect(first).not.toBe(second);
    expect(await names()).toEqual([first, second]);
  });

  it('says that it does not simulate server-side apply', async () => {
    const api = new InMemoryKubeApi();
    api.seed(CONFIG_MAPS, map('one'));
    await expect(
      api.patch(CONFIG_MAPS, ref('one'), {}, { type: 'apply', fieldManager: 'test' }),
    ).rejects.toThrow('does not simulate server-side apply');
  });
});
