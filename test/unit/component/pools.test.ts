import { AddressPool, L2Advertisement } from '../../../component/src/index.js';
import { mockPulumi, settled, valueOf } from '../../support/pulumi-mocks.ts';

const POOL = 'kubernetes:metallb.io/v1beta1:IPAddressPool';
const ADVERTISEMENT = 'kubernetes:metallb.io/v1beta1:L2Advertisement';

describe('resources of their own', () => {
  it('are a pool under the name of the resource, and an advertisement that names it', async () => {
    const mocks = await mockPulumi();
    const pool = new AddressPool('office', {
      addresses: ['192.168.20.0/24'],
      autoAssign: false,
      serviceAllocation: { priority: 5, serviceSelectors: [{ matchLabels: { tier: 'front' } }] },
    });
    new L2Advertisement('lan', {
      pools: [pool.name],
      preferredNodes: [{ weight: 7, preference: { matchLabels: { rack: 'a' } } }],
    });
    await settled();
    await expect(valueOf(pool.name)).resolves.toBe('office');
    await expect(valueOf(pool.namespace)).resolves.toBe('metallb-system');
    expect(mocks.find(POOL)).toMatchObject({
      name: 'office',
      parent: expect.stringContaining('metallb-l2:index:AddressPool::office') as unknown,
      inputs: {
        metadata: {
          name: 'office',
          namespace: 'metallb-system',
          annotations: { 'pulumi.com/deletionPropagationPolicy': 'background' },
        },
        spec: {
          addresses: ['192.168.20.0/24'],
          autoAssign: false,
          avoidBuggyIPs: false,
          serviceAllocation: { priority: 5, serviceSelectors: [{ matchLabels: { tier: 'front' } }] },
        },
      },
    });
    expect(mocks.find(ADVERTISEMENT).inputs).toMatchObject({
      metadata: { name: 'lan', annotations: { 'pulumi.com/deletionPropagationPolicy': 'background' } },
      spec: {
        ipAddressPools: ['office'],
        preferredNodeSelectors: [{ weight: 7, preference: { matchLabels: { rack: 'a' } } }],
      },
    });
    expect(mocks.find(ADVERTISEMENT).dependencies).toContain(mocks.find(POOL).urn);
  });

  it('may have another name and namespace', async () => {
    const mocks = await mockPulumi();
    new AddressPool('a', { name: 'x', namespace: 'lb', addresses: ['10.0.0.0/24'] });
    new L2Advertisement('b', { name: 'y', namespace: 'lb' });
    await settled();
    expect(mocks.find(POOL).inputs).toMatchObject({ metadata: { name: 'x', namespace: 'lb' } });
    expect(mocks.find(ADVERTISEMENT).inputs).toMatchObject({
      metadata: { name: 'y', namespace: 'lb' },
      spec: {},
    });
  });

  it('register nothing when their arguments are bad', async () => {
    const mocks = await mockPulumi();
    expect(() => new AddressPool('office', { addresses: [] })).toThrow(
      'the arguments of AddressPool are refused',
    );
    expect(() => new L2Advertisement('lan', { interfaces: [''] })).toThrow('interfaces[0]');
    await settled();
    expect(mocks.resources).toEqual([]);
  });
});
