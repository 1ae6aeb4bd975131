/** Services with addresses of two IP families, and those that share one of them. */
import { electOwners } from '@metallb-l2/sdk/election';
import type { EndpointSlice, Service } from '@metallb-l2/sdk/kube';
import { explain } from '../../../../sdk/src/explain/explain.js';
import type { ExplainFacts } from '../../../../sdk/src/explain/facts.js';
import { advertisement, pool, service, slice, sliceOf } from '../../speaker/fixtures.ts';
import { healthy, read, status, waiting, web } from './facts.ts';

const BOTH = { clusterIPs: ['10.96.0.1', 'fd00:10::1'] };
const checkOf = (broken: Partial<ExplainFacts>, wanted: string) =>
  explain(healthy(broken)).checks.find(({ check }) => check === wanted);

describe('the endpoints of a service of both families', () => {
  /** Pods with an address of each family, in a slice of each. */
  function slices(ready: boolean, ...pods: string[]): EndpointSlice[] {
    return (['IPv4', 'IPv6'] as const).map((addressType, family) => {
      const endpoints = pods.map((name, index) => ({
        addresses: [family === 0 ? `10.1.0.${index}` : `fd00:1::${index}`],
        conditions: { ready },
        nodeName: 'a',
        targetRef: { kind: 'Pod', namespace: 'default', name },
      }));
      const { metadata } = sliceOf('web', []);
      return { metadata: { ...metadata, name: `web-${addressType}` }, addressType, endpoints };
    });
  }

  it('are counted once', () => {
    const endpointSlices = read(...slices(true, 'web-1', 'web-2'));
    expect(checkOf({ endpointSlices }, 'endpoints')?.message).toContain('Of 2 endpoints at least one');
  });

  it('are named once', () => {
    const one = checkOf({ endpointSlices: read(...slices(false, 'web-1')) }, 'endpoints');
    expect(one?.message).toBe('Its only endpoint is not ready: pod web-1.');
    const two = checkOf({ endpointSlices: read(...slices(false, 'web-1', 'web-2')) }, 'endpoints');
    expect(two?.message).toBe('None of its 2 endpoints is ready: pod web-1 and pod web-2.');
  });
});

describe('a service that waits for addresses of both families', () => {
  const address = (policy: 'RequireDualStack' | 'PreferDualStack', more: Partial<ExplainFacts>) =>
    checkOf({ ...waiting({}, { ...BOTH, ipFamilyPolicy: policy }), ...more }, 'address');
  const taken = { otherServices: read(service('shop', ['10.0.0.9'])) };
  const halfFull = { pools: read(pool('main', ['10.0.0.9/32', 'fd00::/64'])), ...taken };
  const apart = { pools: read(pool('four', ['10.0.0.0/24']), pool('six', ['fd00::/64'])) };

  it('needs a free one of each when it requires them', () => {
    expect(address('RequireDualStack', halfFull)).toMatchObject({
      reason: 'allPoolsExhausted',
      message: 'It has no address: every IPv4 address of IPAddressPool main is in use.',
    });
    expect(address('PreferDualStack', halfFull)?.reason).toBe('noIPAllocated');
  });

  it('needs one pool that has both', () => {
    expect(address('RequireDualStack', apart)).toMatchObject({
      reason: 'noPoolOfFamily',
      message:
        'It has no address: it needs an IPv4 and an IPv6 address of one IPAddressPool, and none of four and six has both.',
    });
    expect(address('PreferDualStack', apart)?.reason).toBe('noIPAllocated');
  });

  it('needs one pool that has both to give', () => {
    const pools = read(pool('a', ['10.0.0.9/32', 'fd00::/64']), pool('b', ['10.1.0.0/24', 'fd01::9/128']));
    const otherServices = read(service('shop', ['10.0.0.9']), service('blog', ['fd01::9']));
    expect(address('RequireDualStack', { pools, otherServices })?.message).toContain(
      'none of a and b has both to give',
    );
  });

  it('has none of either family left', () => {
    const pools = read(pool('main', ['10.0.0.9/32', 'fd00::9/128']));
    const otherServices = read(service('shop', ['10.0.0.9', 'fd00::9']));
    expect(address('PreferDualStack', { pools, otherServices })?.message).toBe(
      'It has no address: every address of IPAddressPool main is in use.',
    );
  });
});

describe('a service that shares its address with one that shares another with a third', () => {
  const local = { externalTrafficPolicy: 'Local' } as const;
  const subject: Service = web(
    { ...local, ...BOTH },
    { ips: ['10.0.0.9'], annotations: { 'metallb.io/allow-shared-ip': 'k' } },
  );
  const others = [service('shop', ['10.0.0.9', 'fd00::9'], local), service('blog', ['fd00::9'], local)];
  const everywhere = ['a', 'b', 'c'];
  const contender = (addresses: string[], candidates: string[]) => ({
    addresses,
    candidates,
    preferences: new Map(),
  });

  function facts(blogOn: string[]): Partial<ExplainFacts> {
    return {
      service: read(subject),
      endpointSlices: read(slice('web', everywhere)),
      otherServices: read(...others),
      otherEndpointSlices: read(slice('shop', everywhere), slice('blog', blogOn)),
      pools: read(pool('main', ['10.0.0.0/24', 'fd00::/64'])),
      advertisements: read(advertisement('all')),
      statuses: read(status('a')),
    };
  }

  it.each(everywhere)('is elected with all of them, of which one may be announced by %s alone', (node) => {
    const together = electOwners(
      new Map([
        ['web', contender(['10.0.0.9'], everywhere)],
        ['shop', contender(['10.0.0.9', 'fd00::9'], everywhere)],
        ['blog', contender(['fd00::9'], [node])],
      ]),
    );
    expect(together.get('web')).toBe(node);
    expect(checkOf(facts([node]), 'election')?.message).toBe(
      `${node} is elected for 10.0.0.9 among a, b and c.`,
    );
  });

  it('is not said to share an address with the third', () => {
    const broken = {
      ...facts(['c']),
      endpointSlices: read(slice('web', ['a'])),
      otherEndpointSlices: read(slice('shop', ['c']), slice('blog', ['c'])),
    };
    expect(checkOf(broken, 'election')?.message).toContain(
      'It shares 10.0.0.9 with default/shop (and they an address with default/blog), so',
    );
  });
});
