import { diffInputs, type DiffRules } from '../../../support/kubernetes-provider/diff.ts';
import { UNKNOWN, type Properties } from '../../../support/kubernetes-provider/properties.ts';

const RULES: DiffRules = {
  type: 'kubernetes:core/v1:ConfigMap',
  patch: false,
  namespaced: true,
  mutableConfigMaps: false,
  mutableSecrets: false,
};

function object(kind: string, fields: Properties = {}, apiVersion = 'v1'): Properties {
  return { apiVersion, kind, metadata: { name: 'a', namespace: 'n' }, ...fields };
}

function changesOf(olds: Properties, news: Properties, rules: Partial<DiffRules> = {}) {
  return Object.fromEntries(diffInputs(olds, news, { ...RULES, ...rules }).changes);
}

const updates = { kind: 'update', replaces: false };
const replaces = { kind: 'update', replaces: true };

describe('diffInputs', () => {
  it('finds nothing in equal inputs, whatever the order of their keys', () => {
    expect(changesOf({ ...object('Service'), a: 1, b: 2 }, { ...object('Service'), b: 2, a: 1 })).toEqual({});
  });

  it('names what was added, changed and taken away by its path', () => {
    const olds = object('Service', { spec: { ports: [{ port: 80 }], type: 'ClusterIP', gone: 1 } });
    const news = object('Service', { spec: { ports: [{ port: 81 }, { port: 82 }], type: 'ClusterIP' } });
    expect(changesOf(olds, news)).toEqual({
      'spec.ports[0].port': updates,
      'spec.ports[1]': { kind: 'add', replaces: false },
      'spec.gone': { kind: 'delete', replaces: false },
    });
  });

  it('quotes keys that hold a dot', () => {
    const label = (value: string) => ({
      metadata: { name: 'a', namespace: 'n', labels: { 'a.b/c': value } },
    });
    expect(changesOf(object('Service', label('1')), object('Service', label('2')))).toEqual({
      'metadata.labels["a.b/c"]': updates,
    });
  });

  it('takes a value that is not known yet for a change', () => {
    const type = (value: string) => object('Service', { spec: { type: value } });
    expect(changesOf(type('ClusterIP'), type(UNKNOWN))).toEqual({ 'spec.type': updates });
  });

  it.each([
    [
      'Deployment',
      'apps/v1',
      { spec: { selector: { matchLabels: { app: 'a' } } } },
      { spec: { selector: { matchLabels: { app: 'b' } } } },
    ],
    [
      'DaemonSet',
      'apps/v1',
      { spec: { selector: { matchLabels: { app: 'a' } } } },
      { spec: { selector: { matchLabels: { app: 'b' } } } },
    ],
    ['RoleBinding', 'rbac.authorization.k8s.io/v1', { roleRef: { name: 'a' } }, { roleRef: { name: 'b' } }],
    [
      'ClusterRoleBinding',
      'rbac.authorization.k8s.io/v1',
      { roleRef: { name: 'a' } },
      { roleRef: { name: 'b' } },
    ],
    ['Service', 'v1', { spec: { clusterIP: '10.0.0.1' } }, { spec: { clusterIP: '10.0.0.2' } }],
    ['ConfigMap', 'v1', { data: { a: '1' } }, { data: { a: '2' } }],
    ['Secret', 'v1', { data: { a: 'MQ==' } }, { data: { a: 'Mg==' } }],
  ])('replaces a %s for a field that cannot change', (kind, apiVersion, before, after) => {
    const changes = changesOf(object(kind, before, apiVersion), object(kind, after, apiVersion));
    expect(Object.values(changes)).toEqual([replaces]);
  });

  it('replaces a ConfigMap that gets its first data', () => {
    expect(changesOf(object('ConfigMap'), object('ConfigMap', { data: { a: '1' } }))).toEqual({
      data: { kind: 'add', replaces: true },
    });
  });

  it('changes a ConfigMap in place where the provider is told so, but not an immutable one', () => {
    const data = (a: string, immutable: boolean) => object('ConfigMap', { data: { a }, immutable });
    expect(changesOf(data('1', false), data('2', false), { mutableConfigMaps: true })).toEqual({
      'data.a': updates,
    });
    expect(changesOf(data('1', true), data('2', true), { mutableConfigMaps: true })).toEqual({
      'data.a': replaces,
    });
  });

  it('replaces an object that gets another name or namespace', () => {
    const moved = { ...object('Service'), metadata: { name: 'b', namespace: 'm' } };
    expect(changesOf(object('Service'), moved)).toEqual({
      'metadata.name': replaces,
      'metadata.namespace': replaces,
    });
  });

  it('replaces an object that becomes another kind, not one in another version', () => {
    expect(changesOf(object('A', {}, 'x.io/v1'), object('A', {}, 'x.io/v2'))).toEqual({
      apiVersion: updates,
    });
    expect(changesOf(object('A', {}, 'x.io/v1'), object('B', {}, 'x.io/v1'))).toEqual({ kind: replaces });
    expect(changesOf(object('A', {}, 'x.io/v1'), object('A', {}, 'y.io/v1'))).toEqual({
      apiVersion: replaces,
    });
  });

  it('changes all but the identity of a patched object in place', () => {
    const patch = { patch: true };
    expect(
      changesOf(object('ConfigMap', { data: { a: '1' } }), object('ConfigMap', { data: { a: '2' } }), patch),
    ).toEqual({
      'data.a': updates,
    });
  });

  it('takes an object without a namespace for one in default', () => {
    const metadata = (fields: Properties) => object('Service', { metadata: { name: 'a', ...fields } });
    expect(changesOf(metadata({}), metadata({ namespace: 'default' }))).toEqual({});
  });

  it('ignores the namespace of a kind that has none', () => {
    const metadata = (fields: Properties) => object('Namespace', { metadata: { name: 'a', ...fields } });
    expect(changesOf(metadata({ namespace: 'default' }), metadata({}), { namespaced: false })).toEqual({});
  });
});

describe('a replacement', () => {
  const before = (metadata: Properties) => object('ConfigMap', { metadata, data: { a: '1' } });
  const after = (metadata: Properties) => object('ConfigMap', { metadata, data: { a: '2' } });
  const fixed = { name: 'a', namespace: 'n' };
  const autonamed = { ...fixed, annotations: { 'pulumi.com/autonamed': 'true' } };

  it('deletes first when the new object has the name of the old', () => {
    expect(diffInputs(before(fixed), after(fixed), RULES).deleteBeforeReplace).toBe(true);
  });

  it('creates first when the new object gets a name of its own', () => {
    expect(diffInputs(before(autonamed), after(autonamed), RULES).deleteBeforeReplace).toBe(false);
  });

  it('creates first when the program gives another name', () => {
    expect(diffInputs(before(fixed), after({ ...fixed, name: 'b' }), RULES).deleteBeforeReplace).toBe(false);
  });

  it('is not asked for by a change in place', () => {
    const rules = { ...RULES, mutableConfigMaps: true };
    expect(diffInputs(before(fixed), after(fixed), rules).deleteBeforeReplace).toBe(false);
  });
});
