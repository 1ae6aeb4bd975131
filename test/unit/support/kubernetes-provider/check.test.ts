import { checkInputs, type CheckRequest } from '../../../support/kubernetes-provider/check.ts';
import {
  reveal,
  secret,
  UNKNOWN,
  valueAt,
  type Properties,
} from '../../../support/kubernetes-provider/properties.ts';

const AUTONAMED = 'pulumi.com/autonamed';

function check(news: Properties, request: Partial<CheckRequest> = {}): Properties {
  const type = 'kubernetes:core/v1:ConfigMap';
  return checkInputs({
    urn: `urn:pulumi:dev::app::${type}::config`,
    type,
    olds: {},
    news: { apiVersion: 'v1', kind: 'ConfigMap', ...news },
    seed: Buffer.from('seed'),
    defaultNamespace: 'apps',
    ...request,
  });
}

describe('checkInputs', () => {
  it('names an object the program does not name, and marks the name as its own', () => {
    const { name, annotations } = check({})['metadata'] as Properties;
    expect(name).toMatch(/^config-[0-9a-f]{8}$/);
    expect(annotations).toEqual({ [AUTONAMED]: 'true' });
  });

  it('keeps the name it made up before', () => {
    const olds = { metadata: { name: 'config-old', annotations: { [AUTONAMED]: 'true' } } };
    expect(valueAt(check({}, { olds }), 'metadata', 'name')).toBe('config-old');
  });

  it('does not keep a name the program has taken back', () => {
    const olds = { metadata: { name: 'chosen' } };
    expect(valueAt(check({}, { olds }), 'metadata', 'name')).toMatch(/^config-[0-9a-f]{8}$/);
  });

  it('makes up another name for a replacement, which comes without the inputs before', () => {
    const first = check({});
    expect(check({}, { seed: Buffer.from('other') })['metadata']).not.toEqual(first['metadata']);
  });

  it('leaves a name alone that is only known later', () => {
    expect(valueAt(check({ metadata: { name: UNKNOWN } }), 'metadata', 'name')).toBe(UNKNOWN);
  });

  it('leaves metadata alone that is only known later', () => {
    expect(check({ metadata: UNKNOWN })['metadata']).toBe(UNKNOWN);
  });

  it('puts an object without a namespace into the default one', () => {
    expect(valueAt(check({ metadata: { name: 'a' } }), 'metadata', 'namespace')).toBe('apps');
  });

  it('gives no namespace to a kind that has none', () => {
    const inputs = check({ metadata: { name: 'a' } }, { defaultNamespace: undefined });
    expect(inputs['metadata']).toEqual({ name: 'a' });
  });

  it('asks for the name of what a Patch resource patches', () => {
    expect(() => check({}, { type: 'kubernetes:core/v1:ConfigMapPatch' })).toThrow(/patch resources require/);
  });

  it('refuses generateName, which server-side apply does not know', () => {
    expect(() => check({ metadata: { generateName: 'a-' } })).toThrow(/generateName/);
  });

  it('drops nulls and what only the server writes', () => {
    const inputs = check({
      metadata: { name: 'a', uid: 'u', resourceVersion: '1' },
      data: { a: null, b: 'c' },
    });
    expect(inputs).toMatchObject({ metadata: { name: 'a', namespace: 'apps' }, data: { b: 'c' } });
    expect(valueAt(inputs, 'metadata', 'uid')).toBeUndefined();
    expect(valueAt(inputs, 'data', 'a')).toBeUndefined();
  });

  it('keeps a secret wrapped', () => {
    expect(valueAt(check({ data: { a: secret('hidden') } }), 'data', 'a')).toEqual(secret('hidden'));
  });

  it('moves the text of a Secret to where the server keeps it, wrapped', () => {
    const inputs = check({ kind: 'Secret', stringData: { a: 'hidden' }, data: { b: 'eA==' } });
    expect(inputs['stringData']).toBeUndefined();
    expect(inputs['data']).toEqual(secret({ a: 'aGlkZGVu', b: 'eA==' }));
  });

  it('leaves text of a Secret where it is while it is unknown', () => {
    const inputs = reveal(check({ kind: 'Secret', stringData: { a: UNKNOWN } }));
    expect(inputs['stringData']).toEqual({ a: UNKNOWN });
  });
});
