import { inheritFields, isOwnedByOthers } from '../../../support/kubernetes-provider/field-managers.ts';
import type { Properties } from '../../../support/kubernetes-provider/properties.ts';

function owned(...entries: Properties[]): Properties {
  return { metadata: { resourceVersion: '7', managedFields: entries } };
}

const created = { manager: 'pulumi-kubernetes', operation: 'Update', fieldsV1: { 'f:data': { 'f:a': {} } } };
const own = { manager: 'mine', operation: 'Apply', fieldsV1: { 'f:data': { 'f:b': {} } } };
const other = { manager: 'controller', operation: 'Update', fieldsV1: { 'f:data': { 'f:c': {} } } };

describe('inheritFields', () => {
  it('has nothing to say where there is nothing to inherit', () => {
    expect(inheritFields(owned(own, other), 'mine')).toEqual([]);
  });

  it('gives what the creator owned to the manager, and leaves others alone', () => {
    const [fields, version] = inheritFields(owned(created, other), 'mine');
    expect(fields?.['value']).toEqual([other, { ...created, manager: 'mine', operation: 'Apply' }]);
    expect(version).toMatchObject({ path: '/metadata/resourceVersion', value: '7' });
  });

  it('adds what is inherited to what the manager owns already', () => {
    const [fields] = inheritFields(owned(created, own), 'mine');
    expect(fields?.['value']).toEqual([{ ...own, fieldsV1: { 'f:data': { 'f:a': {}, 'f:b': {} } } }]);
  });

  it('does not inherit the status', () => {
    expect(inheritFields(owned({ ...created, subresource: 'status' }), 'mine')).toEqual([]);
  });
});

describe('isOwnedByOthers', () => {
  it.each([
    ['c', true],
    ['b', false],
    ['nobody', false],
  ])('of the field %s is %s', (field, answer) => {
    expect(isOwnedByOthers(owned(own, other), ['data', field], 'mine')).toBe(answer);
  });
});
