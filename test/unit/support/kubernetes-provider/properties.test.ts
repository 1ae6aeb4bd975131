import {
  copySecrets,
  decodeProperties,
  encodeProperties,
  hasUnknown,
  isSecret,
  reveal,
  secret,
  toSdkKeys,
  toServerKeys,
  UNKNOWN,
  type Properties,
} from '../../../support/kubernetes-provider/properties.ts';

describe('properties', () => {
  it('come back from the wire as they went', () => {
    const properties: Properties = {
      text: 'a',
      count: 3,
      on: true,
      nothing: null,
      list: [1, { a: [] }],
      map: {},
    };
    expect(decodeProperties(encodeProperties(properties))).toEqual(properties);
  });

  it('leave out keys without a value, which the wire format refuses', () => {
    const properties = { a: undefined, b: { c: undefined, d: 1 } } as unknown as Properties;
    expect(decodeProperties(encodeProperties(properties))).toEqual({ b: { d: 1 } });
  });

  it('are empty when the message has none', () => {
    expect(decodeProperties(undefined)).toEqual({});
  });

  it('are unknown when anything deep inside is', () => {
    expect(hasUnknown({ a: [{ b: secret(UNKNOWN) }] })).toBe(true);
    expect(hasUnknown({ a: [{ b: 'known' }] })).toBe(false);
  });

  it('lose every wrapping when revealed, and keep their shape', () => {
    expect(reveal({ a: secret({ b: secret('x') }), c: [secret(1)] })).toEqual({ a: { b: 'x' }, c: [1] });
  });

  it('are not wrapped twice', () => {
    expect(secret(secret('x'))).toEqual(secret('x'));
  });

  it('translate the keys of a CRD schema, at any depth and both ways', () => {
    const sdk = {
      schema: [{ x_kubernetes_validations: [{ rule: 'true' }], x_kubernetes_int_or_string: true }],
    };
    const server = {
      schema: [{ 'x-kubernetes-validations': [{ rule: 'true' }], 'x-kubernetes-int-or-string': true }],
    };
    expect(toServerKeys(sdk)).toEqual(server);
    expect(toSdkKeys(server)).toEqual(sdk);
  });
});

describe('copySecrets', () => {
  it('wraps in the outputs exactly what is secret in the inputs', () => {
    const outputs = copySecrets(
      { spec: { open: 'a', hidden: 'b' }, status: 1 },
      { spec: { open: 'a', hidden: secret('b') } },
    );
    expect(outputs).toEqual({ spec: { open: 'a', hidden: secret('b') }, status: 1 });
  });

  it('wraps a whole list when one element holds a secret, since the server may reorder it', () => {
    const outputs = copySecrets({ env: [{ value: 'a' }, { value: 'b' }] }, { env: [{ value: secret('a') }] });
    expect(outputs['env']).toEqual(secret([{ value: 'a' }, { value: 'b' }]));
  });

  it('always wraps the data of a Secret, whatever the program said', () => {
    const outputs = copySecrets({ kind: 'Secret', data: { a: 'eA==' }, stringData: { a: 'x' } }, {});
    expect(outputs).toEqual({ kind: 'Secret', data: secret({ a: 'eA==' }), stringData: secret({ a: 'x' }) });
  });

  it('wraps the copy of a Secret that kubectl leaves in an annotation', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"a":"eA=="}}' };
    const outputs = copySecrets({ kind: 'Secret', metadata: { name: 's', annotations } }, {});
    expect(isSecret((outputs['metadata'] as Properties)['annotations'])).toBe(true);
  });
});
