import { mendedDefinition } from '../../../component/src/mended-definition.js';

type Found = Parameters<typeof mendedDefinition>[0];

const IMMUTABLE = { rule: 'self == oldSelf', message: 'Value is immutable' };
const NAMED = { rule: 'self != ""', message: 'Value is needed' };

/** A version whose status has these rules on its node, and one on the service's name. */
function versionOf(name: string, rules?: object[]) {
  const node = { type: 'string', ...(rules && { x_kubernetes_validations: rules }) };
  const serviceName = { type: 'string', x_kubernetes_validations: [IMMUTABLE] };
  const status = { type: 'object', properties: { node, serviceName, later: { type: 'string' } } };
  const openAPIV3Schema = { type: 'object', properties: { spec: { type: 'object' }, status } };
  return { name, served: true, storage: true, schema: { openAPIV3Schema }, subresources: { status: {} } };
}

const found = (versions: object[], annotations?: Record<string, string>): Found =>
  ({
    metadata: { uid: 'a', generation: 3, ...(annotations && { annotations }) },
    spec: { group: 'metallb.io', scope: 'Namespaced', names: { kind: 'ServiceL2Status' }, versions },
  }) as unknown as Found;

describe('a definition that is mended', () => {
  it('loses the rule on status.node in every version, keeps all others, and is marked', () => {
    const theirs = found([versionOf('v1beta1', [IMMUTABLE]), versionOf('v1', [NAMED, IMMUTABLE])]);
    const before = structuredClone(theirs);
    expect(mendedDefinition(theirs)).toEqual({
      annotations: { 'metallb-l2/mended': 'a/3' },
      spec: { ...theirs.spec, versions: [versionOf('v1beta1'), versionOf('v1', [NAMED])] },
    });
    expect(theirs).toEqual(before);
  });

  it.each([
    ['without the rule', versionOf('v1', [NAMED])],
    ['without any rule', versionOf('v1')],
    ['without a status', { name: 'v1', schema: { openAPIV3Schema: { type: 'object' } } }],
  ])('stays as it is %s, with the mark it has', (_, version) => {
    const mark = { 'metallb-l2/mended': 'a/2' };
    const theirs = found([version], { ...mark, theirs: 'stays out of this' });
    expect(mendedDefinition(theirs)).toEqual({ annotations: mark, spec: theirs.spec });
    expect(mendedDefinition(found([version])).annotations).toEqual({});
  });
});
