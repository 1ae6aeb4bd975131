/** How objects come, change and go under the Kubernetes provider that is in use: the real one or the stand-in. */
import { jest } from '@jest/globals';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Properties } from '../../support/kubernetes-provider/properties.ts';
import { Rig } from './rig.ts';

jest.setTimeout(180_000);

const rig = new Rig();
beforeAll(() => rig.start());
afterAll(() => rig.stop());

const configMap = (name: string, data: Record<string, string>) =>
  new k8s.core.v1.ConfigMap(name, { metadata: { name }, data });

/** A role named as the resource, whose rules may change in place. */
const role = (name: string, verbs: string[]) =>
  new k8s.rbac.v1.Role(name, {
    metadata: { name },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
  });

const configMapPath = (name: string) => `/api/v1/namespaces/default/configmaps/${name}`;
const rolePath = (name: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/${name}`;
const uidOf = async (path: string) => ((await rig.call(path))['metadata'] as Properties)['uid'];
const verbsOf = async (name: string) =>
  ((await rig.call(rolePath(name)))['rules'] as Properties[])[0]!['verbs'];

/** A kubeconfig that leads to a port nobody listens on. */
const nowhere = () => rig.kubeconfig.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9');

describe('a stack', () => {
  it('creates its objects, changes nothing the second time, and takes them away', async () => {
    const stack = await rig.stack('once', async () => {
      const namespace = new k8s.core.v1.Namespace('once', { metadata: { name: 'once' } });
      const config = new k8s.core.v1.ConfigMap('config', {
        metadata: { namespace: namespace.metadata.name },
        data: { a: '1' },
      });
      return { config: config.metadata.name };
    });

    expect((await stack.preview()).changes).toEqual({ create: 3 });
    expect(await rig.exists('/api/v1/namespaces/once')).toBe(false);

    const { changes, outputs } = await stack.up();
    expect(changes).toEqual({ create: 3 });
    expect(outputs['config']).toMatch(/^config-[0-9a-f]{8}$/);
    expect(await rig.call(`/api/v1/namespaces/once/configmaps/${String(outputs['config'])}`)).toMatchObject({
      data: { a: '1' },
    });

    expect((await stack.up()).changes).toEqual({ same: 3 });
    expect((await stack.refresh()).changes).toEqual({ same: 3 });
    expect((await stack.destroy()).changes).toEqual({ delete: 3 });
    expect(await rig.exists('/api/v1/namespaces/once')).toBe(false);
  });

  it('changes an object in place where the API server lets it', async () => {
    const stack = await rig.stack('update', async () => void role('update', ['get']));
    await stack.up();
    const uid = await uidOf(rolePath('update'));

    const changed = await stack.up(async () => void role('update', ['get', 'list']));
    expect(changed.changes).toEqual({ update: 1, same: 1 });
    expect(await verbsOf('update')).toEqual(['get', 'list']);
    expect(await uidOf(rolePath('update'))).toBe(uid);

    const shrunk = await stack.up(async () => void role('update', ['list']));
    expect(shrunk.changes).toEqual({ update: 1, same: 1 });
    expect(await verbsOf('update')).toEqual(['list']);
    await stack.destroy();
  });

  it('deletes an object with a fixed name before it creates the one that replaces it', async () => {
    const stack = await rig.stack('replace', async () => void configMap('replace', { a: '1' }));
    await stack.up();
    const uid = await uidOf(configMapPath('replace'));

    const { changes } = await stack.up(async () => void configMap('replace', { a: '2' }));
    expect(changes).toMatchObject({ replace: 1 });
    expect(await rig.call(configMapPath('replace'))).toMatchObject({ data: { a: '2' } });
    expect(await uidOf(configMapPath('replace'))).not.toBe(uid);
    await stack.destroy();
  });

  it('creates the replacement of an object it named first, under another name', async () => {
    const program = (value: string) => async () => ({
      name: new k8s.core.v1.ConfigMap('autonamed', { data: { a: value } }).metadata.name,
    });
    const stack = await rig.stack('autonamed', program('1'));
    const { outputs: before } = await stack.up();
    const { outputs: after } = await stack.up(program('2'));

    expect(after['name']).not.toBe(before['name']);
    expect(await rig.exists(configMapPath(String(before['name'])))).toBe(false);
    expect(await rig.call(configMapPath(String(after['name'])))).toMatchObject({ data: { a: '2' } });
    await stack.destroy();
  });

  it('sees after a refresh what others changed, and what they took away', async () => {
    const program = async () => {
      configMap('kept', { a: '1' });
      configMap('lost', { a: '1' });
    };
    const stack = await rig.stack('drift', program);
    await stack.up();
    await rig.mergePatch(configMapPath('kept'), {
      data: { a: 'changed' },
      metadata: { annotations: { more: 'x' } },
    });
    await rig.call(configMapPath('lost'), { method: 'DELETE' });

    expect((await stack.up()).changes).toEqual({ same: 3 });
    expect((await stack.refresh()).changes).toEqual({ update: 1, delete: 1, same: 1 });
    expect((await stack.up()).changes).toMatchObject({ create: 1, replace: 1 });
    expect(await rig.call(configMapPath('kept'))).toMatchObject({ data: { a: '1' } });
    await stack.destroy();
  });

  it('takes a value the API server spells in its own way for unchanged, also after a refresh', async () => {
    const stack = await rig.stack('spelling', async () => {
      new k8s.core.v1.ResourceQuota('spelling', {
        metadata: { name: 'spelling' },
        spec: { hard: { 'limits.cpu': '1000m', 'limits.memory': '1024Mi' } },
      });
    });
    await stack.up();
    expect((await stack.refresh()).changes).toEqual({ same: 2 });
    expect((await stack.up()).changes).toEqual({ same: 2 });
    await stack.destroy();
  });

  it('keeps secrets out of the state file in clear', async () => {
    const stack = await rig.stack('secrets', async () => {
      const hidden = pulumi.secret('Xyzzy-Plugh-1');
      new k8s.core.v1.Secret('text', {
        metadata: { name: 'text' },
        stringData: { a: hidden, b: 'Xyzzy-Plugh-2' },
      });
      new k8s.core.v1.Secret('data', { metadata: { name: 'data' }, data: { a: btoa('Xyzzy-Plugh-3') } });
      new k8s.core.v1.ConfigMap('mixed', {
        metadata: { name: 'mixed' },
        data: { open: 'not-hidden', a: hidden },
      });
    });
    const assertHidden = async () => {
      const state = await stack.readState();
      expect(state).toContain('not-hidden');
      expect(state).not.toContain('Xyzzy');
      for (const text of ['Xyzzy-Plugh-1', 'Xyzzy-Plugh-2', 'Xyzzy-Plugh-3'])
        expect(state).not.toContain(btoa(text));
    };
    await stack.up();
    await assertHidden();
    expect(await rig.call('/api/v1/namespaces/default/secrets/text')).toMatchObject({
      data: { a: btoa('Xyzzy-Plugh-1'), b: btoa('Xyzzy-Plugh-2') },
    });

    await rig.mergePatch('/api/v1/namespaces/default/secrets/data', { data: { a: btoa('Xyzzy-Plugh-1') } });
    await stack.refresh();
    await assertHidden();
    await stack.destroy();
  });

  it('previews what depends on values known only later', async () => {
    const stack = await rig.stack('unknown', async () => {
      const first = configMap('first', { a: '1' });
      const uid = first.id.apply((id) => `made-after-${id}`);
      new k8s.core.v1.ConfigMap('second', { metadata: { name: 'second' }, data: { uid } });
    });
    expect((await stack.preview()).changes).toEqual({ create: 3 });
    await stack.up();
    expect(await rig.call(configMapPath('second'))).toMatchObject({
      data: { uid: 'made-after-default/first' },
    });
    expect((await stack.up()).changes).toEqual({ same: 3 });
    await stack.destroy();
  });

  it('reads objects it does not manage, and adopts one by import', async () => {
    await rig.call('/api/v1/namespaces/default/configmaps', {
      method: 'POST',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'foreign' }, data: { a: '1' } },
    });
    const stack = await rig.stack('foreign', async () => ({
      data: k8s.core.v1.ConfigMap.get('foreign', 'default/foreign').data,
    }));
    expect((await stack.up()).outputs['data']).toEqual({ a: '1' });
    await stack.destroy();
    expect(await rig.exists(configMapPath('foreign'))).toBe(true);

    const adopting = await rig.stack('adopting', async () => {
      new k8s.core.v1.ConfigMap(
        'foreign',
        { metadata: { name: 'foreign', namespace: 'default' }, data: { a: '1' } },
        { import: 'default/foreign' },
      );
    });
    expect((await adopting.up()).changes).toMatchObject({ import: 1 });
    await adopting.destroy();
    expect(await rig.exists(configMapPath('foreign'))).toBe(false);
  });

  it('reports an object that is there already, with what can be done', async () => {
    await rig.call('/api/v1/namespaces/default/configmaps', {
      method: 'POST',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'taken' } },
    });
    const stack = await rig.stack('taken', async () => void configMap('taken', { a: '1' }));
    expect((await stack.preview()).changes).toEqual({ create: 2 });
    await expect(stack.up()).rejects.toThrow(/already exists[^]*upsertExistingObjects/);
    await stack.destroy();
  });

  it("is not led by what the user has set for Pulumi's stacks of their own", async () => {
    await rig.call('/api/v1/namespaces/default/configmaps', {
      method: 'POST',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs' } },
    });
    const before = { ...process.env };
    Object.assign(process.env, { PULUMI_STACK: 'theirs', PULUMI_K8S_UPSERT_EXISTING_OBJECTS: 'true' });
    try {
      const stack = await rig.stack('ours', async () => void configMap('theirs', { a: '1' }));
      await expect(stack.up()).rejects.toThrow(/already exists/);
      await stack.destroy();
    } finally {
      process.env = before;
    }
  });
});

describe('a provider of the program', () => {
  const program = (args: k8s.ProviderArgs) => async () => {
    const provider = new k8s.Provider('own', args);
    new k8s.rbac.v1.Role('own', { metadata: { name: 'own' } }, { provider });
  };

  it('leads to its own cluster and namespace, whatever $KUBECONFIG says', async () => {
    const args = { kubeconfig: rig.kubeconfig, namespace: 'kube-public' };
    const stack = await rig.stack('own', program(args), { kubeconfig: nowhere() });
    expect((await stack.up()).changes).toEqual({ create: 3 });
    const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-public/roles/own';
    expect(await rig.exists(path)).toBe(true);

    const renamed = rig.kubeconfig.replaceAll('"lab"', '"another"');
    expect(renamed).not.toBe(rig.kubeconfig);
    const changed = await stack.up(program({ ...args, kubeconfig: renamed }));
    expect(changed.changes).toEqual({ update: 1, same: 2 });
    await stack.destroy();
    expect(await rig.exists(path)).toBe(false);
  });

  it('can be previewed while its kubeconfig is only known later', async () => {
    const stack = await rig.stack('later', async () => {
      const first = configMap('later', { a: '1' });
      await program({ kubeconfig: first.id.apply(() => rig.kubeconfig) })();
    });
    expect((await stack.preview()).changes).toEqual({ create: 4 });
    expect((await stack.up()).changes).toEqual({ create: 4 });
    expect((await stack.up()).changes).toEqual({ same: 4 });
    await stack.destroy();
  });
});

describe('a cluster that does not answer', () => {
  it('can be previewed, and says so clearly in the update', async () => {
    const kubeconfig = nowhere();
    expect(kubeconfig).not.toBe(rig.kubeconfig);
    const stack = await rig.stack('away', async () => void configMap('away', { a: '1' }), { kubeconfig });

    expect((await stack.preview()).changes).toEqual({ create: 2 });
    await expect(stack.up()).rejects.toThrow(/configured Kubernetes cluster is unreachable/);
  });
});
