import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { upstreamDefinitions } from '../../lab/upstream/definitions.ts';
import { UPSTREAM_NODE_LABEL, upstreamSettings, upstreamSpeaker } from '../../lab/upstream/objects.ts';

describe('the definitions upstream needs', () => {
  const definitions = upstreamDefinitions();

  it('are its nine kinds, each with one stored version', () => {
    expect(definitions.map(({ metadata }) => metadata.name).sort()).toEqual([
      'bfdprofiles.metallb.io',
      'bgpadvertisements.metallb.io',
      'bgppeers.metallb.io',
      'communities.metallb.io',
      'configurationstates.metallb.io',
      'ipaddresspools.metallb.io',
      'l2advertisements.metallb.io',
      'servicebgpstatuses.metallb.io',
      'servicel2statuses.metallb.io',
    ]);
    for (const { spec } of definitions) {
      expect(spec.versions.filter(({ storage }) => storage)).toHaveLength(1);
    }
  });

  it('have its immutable node and none of our fields, and leave ours as they were', () => {
    const fields = (all: typeof definitions) =>
      all.find(({ spec }) => spec.names.kind === 'ServiceL2Status')?.spec.versions[0]?.schema.openAPIV3Schema
        .properties?.['status']?.properties ?? {};
    const [theirs, ours] = [fields(definitions), fields(customResourceDefinitions())];
    expect(theirs['node']?.['x-kubernetes-validations']).toEqual([
      expect.objectContaining({ rule: 'self == oldSelf' }),
    ]);
    expect(ours['node']?.['x-kubernetes-validations']).toBeUndefined();
    expect(Object.keys(ours)).toEqual(expect.arrayContaining([...Object.keys(theirs), 'addresses']));
    expect(theirs['addresses']).toBeUndefined();
  });
});

describe('upstream’s speaker', () => {
  const podOf = (onSome: boolean) =>
    (upstreamSpeaker('image', onSome) as unknown as { spec: { template: { spec: Record<string, unknown> } } })
      .spec.template.spec;

  it('runs on all nodes, or on those that are marked', () => {
    expect(podOf(false)['nodeSelector']).toEqual({ 'kubernetes.io/os': 'linux' });
    expect(podOf(true)['nodeSelector']).toEqual({
      'kubernetes.io/os': 'linux',
      [UPSTREAM_NODE_LABEL]: 'true',
    });
  });

  it('runs under an account that is among its settings', () => {
    const accounts = upstreamSettings().filter(({ kind }) => kind === 'ServiceAccount');
    expect(accounts.map(({ metadata }) => metadata.name)).toContain(podOf(false)['serviceAccountName']);
  });
});
