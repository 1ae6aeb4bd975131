import {
  fromCheckpoint,
  inputsOfLive,
  toCheckpoint,
  withDrift,
} from '../../../support/kubernetes-provider/checkpoint.ts';
import { secret } from '../../../support/kubernetes-provider/properties.ts';

describe('a checkpoint', () => {
  const inputs = { kind: 'ConfigMap', data: { a: secret('hidden') } };
  const live = { apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'hidden' }, metadata: { uid: 'u' } };

  it('holds no secret in clear, neither in the outputs nor in the inputs beside them', () => {
    const state = toCheckpoint(inputs, live, 'manager');
    expect(state).toMatchObject({
      data: { a: secret('hidden') },
      __inputs: inputs,
      __initialApiVersion: 'v1',
    });
  });

  it('gives back the live object, the inputs and the field manager', () => {
    expect(fromCheckpoint(toCheckpoint(inputs, live, 'manager'))).toEqual({
      live,
      inputs: { kind: 'ConfigMap', data: { a: 'hidden' } },
      fieldManager: 'manager',
    });
  });

  it('of a resource never seen is empty', () => {
    expect(fromCheckpoint({})).toEqual({ live: {}, inputs: {}, fieldManager: undefined });
  });
});

describe('withDrift', () => {
  it('takes over what changed in the cluster', () => {
    expect(withDrift({ a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1, b: 3 })).toEqual({ a: 1, b: 3 });
  });

  it('keeps an input the server spells in its own way', () => {
    expect(withDrift({ cpu: '1000m' }, { cpu: '1', uid: 'u' }, { cpu: '1', uid: 'v' })).toEqual({
      cpu: '1000m',
    });
  });

  it('keeps an input the server has never shown', () => {
    expect(withDrift({ readOnly: false, b: 1 }, { b: 1 }, { b: 2 })).toEqual({ readOnly: false, b: 2 });
  });

  it('drops what was taken away in the cluster', () => {
    expect(withDrift({ a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 })).toEqual({ a: 1 });
  });

  it('leaves out what others added, also in the elements of a list', () => {
    const seen = { list: [{ a: 1 }] };
    expect(withDrift({ list: [{ a: 1 }] }, seen, { list: [{ a: 2, b: 3 }, { c: 4 }], more: 1 })).toEqual({
      list: [{ a: 2 }],
    });
  });
});

describe('inputsOfLive', () => {
  it('leaves out what only the server writes', () => {
    const live = {
      kind: 'ConfigMap',
      metadata: { name: 'a', uid: 'u', managedFields: [] },
      data: {},
      status: {},
    };
    expect(inputsOfLive(live)).toEqual({ kind: 'ConfigMap', metadata: { name: 'a' }, data: {} });
  });
});
