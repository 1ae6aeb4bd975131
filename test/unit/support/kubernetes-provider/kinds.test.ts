import {
  idOf,
  isPatch,
  kindOf,
  kindOfType,
  nameOfUrn,
  parseId,
  typeOfUrn,
} from '../../../support/kubernetes-provider/kinds.ts';

const CRD = { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' };

describe('the kind of a resource', () => {
  it.each([
    ['kubernetes:core/v1:Namespace', { group: '', version: 'v1', kind: 'Namespace' }],
    ['kubernetes:apps/v1:Deployment', { group: 'apps', version: 'v1', kind: 'Deployment' }],
    [
      'kubernetes:metallb.io/v1beta1:IPAddressPool',
      { group: 'metallb.io', version: 'v1beta1', kind: 'IPAddressPool' },
    ],
    ['kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinitionPatch', CRD],
  ])('is read from its type %s', (type, kind) => {
    expect(kindOfType(type)).toEqual(kind);
  });

  it('is what the object says where it says it', () => {
    const object = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
    expect(kindOf(object, 'kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinitionPatch')).toEqual(CRD);
  });

  it('is a Patch when the type ends so and the kind does not', () => {
    expect(isPatch('kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinitionPatch', CRD)).toBe(true);
    expect(
      isPatch('kubernetes:example.org/v1:RoutePatch', {
        group: 'example.org',
        version: 'v1',
        kind: 'RoutePatch',
      }),
    ).toBe(false);
  });

  it.each([
    'kubernetes:helm.sh/v3:Release',
    'kubernetes:yaml/v2:ConfigGroup',
    'kubernetes:kustomize/v2:Directory',
  ])('is refused for %s with a word on who is speaking', (type) => {
    expect(() => kindOfType(type)).toThrow(/stand-in/);
  });
});

describe('a URN', () => {
  const urn = 'urn:pulumi:dev::app::metallb-l2:index:MetalLBLayer2$kubernetes:core/v1:ConfigMap::a::b';

  it('gives the type of the resource without those of its parents', () => {
    expect(typeOfUrn(urn)).toBe('kubernetes:core/v1:ConfigMap');
  });

  it('gives the name, which may hold the separator', () => {
    expect(nameOfUrn(urn)).toBe('a::b');
  });
});

describe('an id', () => {
  it.each([
    [{ metadata: { name: 'a', namespace: 'n' } }, 'n/a'],
    [{ metadata: { name: 'a' } }, 'a'],
  ])('names the object and its namespace', (object, id) => {
    expect(idOf(object)).toBe(id);
    expect(parseId(id)).toEqual({ name: 'a', namespace: id === 'a' ? '' : 'n' });
  });
});
