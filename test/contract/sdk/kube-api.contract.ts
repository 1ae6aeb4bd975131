/**
 * What every `KubeApi` promises. The suite runs on the in-memory API server and, in test/cluster, on the
 * adapter in front of a real one, so that tests built on the first mean something about the second.
 */
import {
  CONFIG_MAPS,
  type ConfigMap,
  type KubeApi,
  NODES,
  SERVICES,
  type Service,
  type WatchLine,
  type WatchOptions,
} from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';

export interface KubeApiSetup {
  readonly api: KubeApi;
  /** A namespace that exists and that no other test uses. */
  readonly namespace: string;
}

/** A real cluster puts this config map into every namespace, at some time. */
const OURS = 'metadata.name!=kube-root-ca.crt';

const MISSING = '00000000-0000-4000-8000-0000deadbeef';

export function kubeApiContract(name: string, setup: () => Promise<KubeApiSetup>): void {
  describe(`${name} as a KubeApi`, () => {
    let api: KubeApi;
    let namespace: string;

    beforeEach(async () => {
      ({ api, namespace } = await setup());
    });

    const configMap = (name: string, labels: Record<string, string> = {}): ConfigMap => ({
      metadata: { name, namespace, labels },
      data: { greeting: 'hello' },
    });
    const status = (): ServiceL2Status => ({
      apiVersion: 'metallb.io/v1beta1',
      kind: 'ServiceL2Status',
      metadata: { generateName: 'node-a-', namespace, labels: { 'metallb.io/node': 'node-a' } },
    });
    const service = (name: string): Service => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    });
    const createMaps = async (...names: string[]) => {
      for (const each of names) await api.create(CONFIG_MAPS, configMap(each));
    };
    const resourceVersion = async () =>
      (await api.list(CONFIG_MAPS, { namespace, labelSelector: 'none=such' })).metadata.resourceVersion;
    const watch = (options: Omit<WatchOptions, 'namespace'>) =>
      api.watch(CONFIG_MAPS, { namespace, fieldSelector: OURS, ...options })[Symbol.asyncIterator]();

    describe('create', () => {
      it('gives an object its identity and keeps fields it does not know', async () => {
        const created = await api.create(CONFIG_MAPS, configMap('one', { app: 'x' }));
        expect(created).toMatchObject({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'one', namespace, labels: { app: 'x' } },
          data: { greeting: 'hello' },
        });
        expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(created.metadata.resourceVersion).toMatch(/^\d+$/);
      });

      it('refuses a name that is taken', async () => {
        await createMaps('one');
        await expect(api.create(CONFIG_MAPS, configMap('one'))).rejects.toMatchObject({
          name: 'KubeError',
          code: 'AlreadyExists',
          status: 409,
          operation: `create configmaps ${namespace}/one`,
        });
      });

      it('makes a new name from generateName each time', async () => {
        const first = await api.create(SERVICE_L2_STATUSES, status());
        const second = await api.create(SERVICE_L2_STATUSES, status());
        expect(first.metadata.name).toMatch(/^node-a-[a-z0-9]{5}$/);
        expect(second.metadata.name).not.toBe(first.metadata.name);
        expect(first.metadata.generateName).toBe('node-a-');
      });

      it('drops the status of a kind with a status subresource', async () => {
        const created = await api.create(SERVICE_L2_STATUSES, { ...status(), status: { node: 'node-a' } });
        expect(created.status).toBeUndefined();
      });

      it('refuses names and label values that Kubernetes does not allow', async () => {
        await expect(api.create(CONFIG_MAPS, configMap('Not_A_Name'))).rejects.toMatchObject({
          code: 'Invalid',
        });
        await expect(
          api.create(CONFIG_MAPS, configMap('one', { node: 'n'.repeat(64) })),
        ).rejects.toMatchObject({ code: 'Invalid', status: 422 });
        await expect(api.create(CONFIG_MAPS, { metadata: { namespace } })).rejects.toMatchObject({
          code: 'Invalid',
        });
      });

      it('refuses an object that already has a resourceVersion', async () => {
        const object = configMap('one');
        object.metadata.resourceVersion = '7';
        await expect(api.create(CONFIG_MAPS, object)).rejects.toMatchObject({
          name: 'KubeError',
          message: expect.stringContaining('resourceVersion should not be set') as string,
        });
      });
    });

    describe('get and list', () => {
      it('answers NotFound for an object that is not there', async () => {
        await expect(api.get(CONFIG_MAPS, { namespace, name: 'none' })).rejects.toMatchObject({
          code: 'NotFound',
          status: 404,
          operation: `get configmaps ${namespace}/none`,
        });
      });

      it('reads cluster-scoped objects without a namespace', async () => {
        const name = `node-of-${namespace}`;
        await api.create(NODES, { metadata: { name } });
        expect((await api.get(NODES, { name })).metadata.name).toBe(name);
        expect((await api.list(NODES, { fieldSelector: `metadata.name=${name}` })).items).toHaveLength(1);
        await api.delete(NODES, { name });
      });

      it('lists by name, one namespace only', async () => {
        await createMaps('b', 'a');
        const { items, metadata } = await api.list(CONFIG_MAPS, { namespace, fieldSelector: OURS });
        expect(items.map((item) => item.metadata.name)).toEqual(['a', 'b']);
        expect(metadata.resourceVersion).toMatch(/^\d+$/);
        expect((await api.list(CONFIG_MAPS, { namespace: `${namespace}-other` })).items).toEqual([]);
      });

      it.each([
        ['app=web', ['one', 'two']],
        ['app==web,tier!=back', ['one']],
        ['app in (web,db)', ['one', 'three', 'two']],
        ['tier notin (back),app', ['one', 'three']],
        ['tier', ['two']],
        ['!tier,app', ['one', 'three']],
      ])('selects by the labels %s', async (labelSelector, expected) => {
        await api.create(CONFIG_MAPS, configMap('one', { app: 'web' }));
        await api.create(CONFIG_MAPS, configMap('two', { app: 'web', tier: 'back' }));
        await api.create(CONFIG_MAPS, configMap('three', { app: 'db' }));
        const { items } = await api.list(CONFIG_MAPS, { namespace, labelSelector });
        expect(items.map((item) => item.metadata.name)).toEqual(expected);
      });

      it('refuses a label selector it cannot read', async () => {
        await expect(api.list(CONFIG_MAPS, { namespace, labelSelector: 'a b c' })).rejects.toMatchObject({
          code: 'BadRequest',
        });
      });

      it('gives one consistent list in pages', async () => {
        await createMaps('a', 'b', 'c', 'd', 'e');
        const options = { namespace, limit: 2, fieldSelector: OURS };
        const names: (string | undefined)[] = [];
        let page = await api.list(CONFIG_MAPS, options);
        await createMaps('f');
        names.push(...page.items.map((item) => item.metadata.name));
        while (page.metadata.continue !== undefined) {
          expect(page.items).toHaveLength(2);
          page = await api.list(CONFIG_MAPS, { ...options, continue: page.metadata.continue });
          names.push(...page.items.map((item) => item.metadata.name));
        }
        expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
      });
    });

    describe('patch', () => {
      it('merges, deletes at null and keeps the rest', async () => {
        await api.create(CONFIG_MAPS, configMap('one', { a: '1', b: '2' }));
        const patch = { metadata: { labels: { a: null, c: '3' } }, data: { more: 'x' } };
        const after = await api.patch(CONFIG_MAPS, { namespace, name: 'one' }, patch, { type: 'merge' });
        expect(after.metadata.labels).toEqual({ b: '2', c: '3' });
        expect(after.data).toEqual({ greeting: 'hello', more: 'x' });
      });

      it('takes a resourceVersion in a merge patch as a precondition', async () => {
        const before = await api.create(CONFIG_MAPS, configMap('one'));
        const ref = { namespace, name: 'one' };
        const patch = (value: string) => ({
          metadata: { resourceVersion: before.metadata.resourceVersion },
          data: { greeting: value },
        });
        await api.patch(CONFIG_MAPS, ref, patch('first'), { type: 'merge' });
        await expect(api.patch(CONFIG_MAPS, ref, patch('second'), { type: 'merge' })).rejects.toMatchObject({
          code: 'Conflict',
          status: 409,
        });
        expect((await api.get(CONFIG_MAPS, ref)).data).toEqual({ greeting: 'first' });
      });

      it('applies a JSON patch as a whole or not at all', async () => {
        await api.create(CONFIG_MAPS, configMap('one', { app: 'web' }));
        const ref = { namespace, name: 'one' };
        const good = [
          { op: 'test', path: '/data/greeting', value: 'hello' },
          { op: 'replace', path: '/data/greeting', value: 'bye' },
          { op: 'add', path: '/metadata/labels/example.com~1tier', value: 'x' },
        ];
        const after = await api.patch(CONFIG_MAPS, ref, good, { type: 'json' });
        expect(after.data).toEqual({ greeting: 'bye' });
        expect(after.metadata.labels).toEqual({ app: 'web', 'example.com/tier': 'x' });
        const bad = [
          { op: 'remove', path: '/data/greeting' },
          { op: 'test', path: '/metadata/labels/example.com~1tier', value: 'y' },
        ];
        await expect(api.patch(CONFIG_MAPS, ref, bad, { type: 'json' })).rejects.toMatchObject({
          code: 'Invalid',
        });
        expect((await api.get(CONFIG_MAPS, ref)).data).toEqual({ greeting: 'bye' });
      });

      it('leaves the resourceVersion alone when nothing changes', async () => {
        const before = await api.create(CONFIG_MAPS, configMap('one'));
        const patch = { data: { greeting: 'hello' } };
        const after = await api.patch(CONFIG_MAPS, { namespace, name: 'one' }, patch, { type: 'merge' });
        expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
      });

      it('answers NotFound for an object that is not there', async () => {
        const call = api.patch(CONFIG_MAPS, { namespace, name: 'none' }, { data: {} }, { type: 'merge' });
        await expect(call).rejects.toMatchObject({ code: 'NotFound' });
      });
    });

    describe('the status subresource', () => {
      it('writes the status of a custom resource and nothing else', async () => {
        const { metadata } = await api.create(SERVICE_L2_STATUSES, status());
        const ref = { namespace, name: metadata.name ?? '' };
        const patch = { metadata: { labels: { other: 'x' } }, status: { node: 'node-a' } };
        const after = await api.patch(SERVICE_L2_STATUSES, ref, patch, {
          type: 'merge',
          subresource: 'status',
        });
        expect(after.status).toEqual({ node: 'node-a' });
        expect(after.metadata.labels).toEqual({ 'metallb.io/node': 'node-a' });
        expect(after.metadata.generation).toBe(metadata.generation);
      });

      it('is not written by way of the object', async () => {
        const { metadata } = await api.create(SERVICE_L2_STATUSES, status());
        const ref = { namespace, name: metadata.name ?? '' };
        const patch = { metadata: { labels: { other: 'x' } }, status: { node: 'node-a' } };
        const after = await api.patch(SERVICE_L2_STATUSES, ref, patch, { type: 'merge' });
        expect(after.status).toBeUndefined();
        expect(after.metadata.labels).toEqual({ 'metallb.io/node': 'node-a', other: 'x' });
      });

      it('takes a stale resourceVersion as a conflict', async () => {
        const { metadata } = await api.create(SERVICE_L2_STATUSES, status());
        const ref = { namespace, name: metadata.name ?? '' };
        await api.patch(SERVICE_L2_STATUSES, ref, { metadata: { labels: { a: 'b' } } }, { type: 'merge' });
        const patch = {
          metadata: { resourceVersion: metadata.resourceVersion },
          status: { node: 'node-a' },
        };
        await expect(
          api.patch(SERVICE_L2_STATUSES, ref, patch, { type: 'merge', subresource: 'status' }),
        ).rejects.toMatchObject({ code: 'Conflict' });
      });

      it('of a service carries annotations along, but no spec', async () => {
        const created = await api.create(SERVICES, service('web'));
        const after = await api.replace(
          SERVICES,
          {
            ...created,
            metadata: { ...created.metadata, annotations: { 'metallb.io/ip-allocated-from-pool': 'p' } },
            spec: { ...created.spec, externalTrafficPolicy: 'Local' },
            status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } },
          },
          { subresource: 'status' },
        );
        expect(after.status?.loadBalancer?.ingress).toMatchObject([{ ip: '192.0.2.7' }]);
        expect(after.metadata.annotations).toEqual({ 'metallb.io/ip-allocated-from-pool': 'p' });
        expect(after.spec?.externalTrafficPolicy).not.toBe('Local');
      });
    });

    describe('replace', () => {
      it('writes the whole object while it is unchanged, and conflicts after', async () => {
        const before = await api.create(CONFIG_MAPS, configMap('one', { a: '1' }));
        const wanted = { ...before, data: { only: 'this' } };
        const after = await api.replace(CONFIG_MAPS, wanted);
        expect(after.data).toEqual({ only: 'this' });
        expect(after.metadata.uid).toBe(before.metadata.uid);
        await expect(api.replace(CONFIG_MAPS, wanted)).rejects.toMatchObject({ code: 'Conflict' });
      });

      it('wants the resourceVersion of a custom resource', async () => {
        const created = await api.create(SERVICE_L2_STATUSES, status());
        const { resourceVersion: _, ...metadata } = created.metadata;
        await expect(api.replace(SERVICE_L2_STATUSES, { ...created, metadata })).rejects.toMatchObject({
          code: 'Invalid',
        });
      });
    });

    describe('delete', () => {
      it('deletes once', async () => {
        await createMaps('one');
        const ref = { namespace, name: 'one' };
        await api.delete(CONFIG_MAPS, ref);
        await expect(api.get(CONFIG_MAPS, ref)).rejects.toMatchObject({ code: 'NotFound' });
        await expect(api.delete(CONFIG_MAPS, ref)).rejects.toMatchObject({ code: 'NotFound' });
      });

      it('refuses when a precondition does not hold', async () => {
        const { metadata } = await api.create(CONFIG_MAPS, configMap('one'));
        const ref = { namespace, name: 'one' };
        for (const preconditions of [{ uid: MISSING }, { resourceVersion: '1' }]) {
          await expect(api.delete(CONFIG_MAPS, ref, { preconditions })).rejects.toMatchObject({
            code: 'Conflict',
          });
        }
        const { uid = '', resourceVersion: version = '' } = metadata;
        await api.delete(CONFIG_MAPS, ref, { preconditions: { uid, resourceVersion: version } });
      });

      it('waits for finalizers', async () => {
        const object = configMap('one');
        object.metadata.finalizers = ['example.com/hold'];
        await api.create(CONFIG_MAPS, object);
        const ref = { namespace, name: 'one' };
        await api.delete(CONFIG_MAPS, ref);
        expect((await api.get(CONFIG_MAPS, ref)).metadata.deletionTimestamp).toMatch(/Z$/);
        await api.patch(CONFIG_MAPS, ref, { metadata: { finalizers: null } }, { type: 'merge' });
        await expect(api.get(CONFIG_MAPS, ref)).rejects.toMatchObject({ code: 'NotFound' });
      });
    });

    it('deletes what an object owns after the object', async () => {
      const owner = await api.create(CONFIG_MAPS, configMap('owner'));
      const owned = configMap('owned');
      const { name = '', uid = '' } = owner.metadata;
      owned.metadata.ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
      const created = await api.create(CONFIG_MAPS, owned);
      const lines = watch({ resourceVersion: created.metadata.resourceVersion ?? '' });
      await api.delete(CONFIG_MAPS, { namespace, name });
      const seen = [await object(lines), await object(lines)];
      expect(seen.map(({ type, object: { metadata } }) => [type, metadata.name])).toEqual([
        ['DELETED', 'owner'],
        ['DELETED', 'owned'],
      ]);
      await lines.return?.();
    });

    describe('watch', () => {
      it('tells every change after the resourceVersion, also those from before it was opened', async () => {
        const lines = watch({ resourceVersion: await resourceVersion(), timeoutSeconds: 60 });
        await createMaps('one');
        await api.patch(CONFIG_MAPS, { namespace, name: 'one' }, { data: { a: 'b' } }, { type: 'merge' });
        await api.delete(CONFIG_MAPS, { namespace, name: 'one' });
        const seen = [await object(lines), await object(lines), await object(lines)];
        expect(seen.map((line) => [line.type, line.object.metadata.name])).toEqual([
          ['ADDED', 'one'],
          ['MODIFIED', 'one'],
          ['DELETED', 'one'],
        ]);
        expect(seen[1]?.object).toMatchObject({ kind: 'ConfigMap', data: { a: 'b' } });
        await lines.return?.();
      });

      it('tells an object that enters or leaves the selection as added or deleted', async () => {
        await api.create(CONFIG_MAPS, configMap('one', { app: 'x' }));
        const lines = watch({ resourceVersion: await resourceVersion(), labelSelector: 'app=web' });
        const label = (app: string) =>
          api.patch(
            CONFIG_MAPS,
            { namespace, name: 'one' },
            { metadata: { labels: { app } } },
            { type: 'merge' },
          );
        await label('web');
        const left = await label('db');
        const seen = [await object(lines), await object(lines)];
        expect(seen.map((line) => line.type)).toEqual(['ADDED', 'DELETED']);
        expect(seen[1]?.object.metadata.resourceVersion).toBe(left.metadata.resourceVersion);
        await lines.return?.();
      });

      it('ends by itself after timeoutSeconds', async () => {
        const lines = watch({ resourceVersion: await resourceVersion(), timeoutSeconds: 1 });
        for (;;) {
          const next = await lines.next();
          if (next.done === true) break;
          expect(next.value.type).toBe('BOOKMARK');
        }
      });

      it('rejects with the reason of the signal when aborted', async () => {
        const controller = new AbortController();
        const lines = watch({ resourceVersion: await resourceVersion(), signal: controller.signal });
        const next = lines.next();
        const reason = new Error('enough');
        controller.abort(reason);
        await expect(next).rejects.toBe(reason);
      });
    });

    it('asks right before a request leaves, and sends nothing when the answer is an error', async () => {
      let asked = 0;
      const allow = {
        beforeSend: () => {
          asked += 1;
        },
      };
      const one = await api.create(CONFIG_MAPS, configMap('one'), allow);
      await api.get(CONFIG_MAPS, { namespace, name: 'one' }, allow);
      expect(asked).toBe(2);

      const error = new Error('not any more');
      const beforeSend = () => {
        throw error;
      };
      const ref = { namespace, name: 'one' };
      await expect(api.create(CONFIG_MAPS, configMap('two'), { beforeSend })).rejects.toBe(error);
      await expect(api.replace(CONFIG_MAPS, { ...one, data: {} }, { beforeSend })).rejects.toBe(error);
      await expect(api.patch(CONFIG_MAPS, ref, { data: null }, { type: 'merge', beforeSend })).rejects.toBe(
        error,
      );
      await expect(api.delete(CONFIG_MAPS, ref, { beforeSend })).rejects.toBe(error);
      const { items } = await api.list(CONFIG_MAPS, { namespace, fieldSelector: OURS });
      expect(items.map(({ metadata, data }) => [metadata.name, data])).toEqual([
        ['one', { greeting: 'hello' }],
      ]);
    });

    it('rejects with the reason of a signal that is aborted before the call', async () => {
      const reason = new Error('too late');
      const signal = AbortSignal.abort(reason);
      await expect(api.get(CONFIG_MAPS, { namespace, name: 'one' }, { signal })).rejects.toBe(reason);
      await expect(api.list(CONFIG_MAPS, { namespace, signal })).rejects.toBe(reason);
    });
  });
}

/** The next line that is about an object. */
async function object(lines: AsyncIterator<WatchLine<ConfigMap>>) {
  for (;;) {
    const next = await lines.next();
    if (next.done === true) throw new Error('the watch has ended');
    if (next.value.type !== 'BOOKMARK') return next.value;
  }
}
