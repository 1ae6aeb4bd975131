import { interfacesFor, judgeService, resolveLayer2Config } from '@metallb-l2/sdk/election';
import type { EndpointSlice, Node, Service } from '@metallb-l2/sdk/kube';
import type { IPAddressPool, L2Advertisement } from '@metallb-l2/sdk/models';
import { advertisement, node, pool, service, slice, sliceOf } from '../../speaker/fixtures.ts';

interface World {
  service?: Service;
  slices?: EndpointSlice[];
  pools?: IPAddressPool[];
  advertisements?: L2Advertisement[];
  nodes?: Node[];
  members?: string[];
  loadBalancerClass?: string;
}

function judge(world: World) {
  const nodes = world.nodes ?? [node('a'), node('b'), node('c')];
  const eligibility = judgeService({
    service: world.service ?? service('web', ['10.0.0.1']),
    endpointSlices: world.slices ?? [slice('web', ['a', 'b'])],
    config: resolveLayer2Config({
      pools: world.pools ?? [pool('main', ['10.0.0.0/24'])],
      advertisements: world.advertisements ?? [advertisement('all')],
      nodes,
    }),
    nodes: new Map(nodes.map((each) => [each.metadata.name ?? '', each])),
    members: new Set(world.members ?? ['a', 'b', 'c']),
    loadBalancerClass: world.loadBalancerClass,
  });
  if (!eligibility.ok) return eligibility.reason;
  return {
    candidates: eligibility.candidates,
    refused: Object.fromEntries(eligibility.refused),
    preferences: Object.fromEntries(eligibility.preferences),
    addresses: eligibility.addresses,
  };
}

const endpoint = (conditions: { ready?: boolean; serving?: boolean }, nodeName = 'a') => ({
  addresses: ['10.1.0.1'],
  conditions,
  nodeName,
});

describe('judgeService', () => {
  it('serves a class of services alone when it is told which', () => {
    const of = (loadBalancerClass?: string) => {
      const spec = loadBalancerClass === undefined ? {} : { loadBalancerClass };
      return judge({ service: service('web', ['10.0.0.1'], spec), loadBalancerClass: 'example.com/l2' });
    };
    expect(of('example.com/l2')).toMatchObject({ candidates: ['a', 'b', 'c'] });
    expect(of('example.com/other')).toBe('otherLoadBalancerClass');
    expect(of()).toBe('otherLoadBalancerClass');
  });

  it('lets every node with a live speaker announce a service that has all it needs', () => {
    expect(judge({})).toMatchObject({ candidates: ['a', 'b', 'c'], refused: {} });
  });

  const refusals: [name: string, world: World, reason: string][] = [
    ['of another type', { service: service('web', ['10.0.0.1'], { type: 'NodePort' }) }, 'notLoadBalancer'],
    [
      'that belongs to another load balancer',
      { service: service('web', ['10.0.0.1'], { loadBalancerClass: 'example.com/other' }) },
      'otherLoadBalancerClass',
    ],
    ['without address', { service: service('web', []) }, 'noIPAllocated'],
    ['with something else for an address', { service: service('web', ['web.example']) }, 'invalidIP'],
    ['with an address of no pool', { service: service('web', ['10.9.9.9']) }, 'ipNotAllowed'],
    [
      'with addresses of two pools',
      {
        service: service('web', ['10.0.0.1', '10.0.1.1']),
        pools: [pool('main', ['10.0.0.0/24']), pool('other', ['10.0.1.0/24'])],
      },
      'ipNotAllowed',
    ],
    ['without endpoints', { slices: [] }, 'noServingEndpoints'],
    [
      'whose slice has a null list',
      { slices: [{ ...slice('web', []), endpoints: null }] },
      'noServingEndpoints',
    ],
    [
      'without endpoint that is ready or serving',
      { slices: [sliceOf('web', [endpoint({ ready: false, serving: false }), endpoint({ ready: false })])] },
      'noServingEndpoints',
    ],
    ['that no advertisement selects', { advertisements: [] }, 'noMatchingAdvertisement'],
    [
      'of a pool that no advertisement names',
      { advertisements: [advertisement('one', { ipAddressPools: ['other'] })] },
      'noMatchingAdvertisement',
    ],
    [
      'whose labels no advertisement selects',
      { advertisements: [advertisement('one', { serviceSelectors: [{ matchLabels: { app: 'db' } }] })] },
      'noMatchingAdvertisement',
    ],
  ];
  for (const [name, world, reason] of refusals) {
    it(`refuses a service ${name}: ${reason}`, () => {
      expect(judge(world)).toBe(reason);
    });
  }

  it('takes an endpoint without conditions for ready, and a terminating one that still serves', () => {
    expect(judge({ slices: [sliceOf('web', [endpoint({})])] })).toMatchObject({
      candidates: ['a', 'b', 'c'],
    });
    expect(judge({ slices: [sliceOf('web', [endpoint({ ready: false, serving: true })])] })).toMatchObject({
      candidates: ['a', 'b', 'c'],
    });
  });

  it('gives addresses in canonical form', () => {
    const world = {
      service: service('web', ['2001:DB8:0::1']),
      pools: [pool('main', ['2001:db8::/64'])],
    };
    expect(judge(world)).toMatchObject({ addresses: ['2001:db8::1'] });
  });

  it('names what is wrong with each node that may not announce', () => {
    const nodes = [
      node('a'),
      node('dead'),
      node('dark', { noNetwork: true }),
      node('hidden', { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } }),
      node('edge', { labels: { zone: 'edge' } }),
    ];
    const inside = { matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] };
    expect(
      judge({
        nodes,
        members: ['a', 'dark', 'hidden', 'edge', 'unknown'],
        advertisements: [advertisement('inside', { nodeSelectors: [inside] })],
      }),
    ).toMatchObject({
      candidates: ['a'],
      refused: {
        dead: 'notMember',
        dark: 'networkUnavailable',
        hidden: 'excludedFromLoadBalancers',
        edge: 'notSelectedByAdvertisement',
      },
    });
  });

  it('asks for a local endpoint only when the service wants local traffic', () => {
    const local = service('web', ['10.0.0.1'], { externalTrafficPolicy: 'Local' });
    expect(judge({ service: local, slices: [slice('web', ['b'])] })).toMatchObject({
      candidates: ['b'],
      refused: { a: 'noLocalEndpoint', c: 'noLocalEndpoint' },
    });
    expect(judge({ slices: [slice('web', ['b'])] })).toMatchObject({ candidates: ['a', 'b', 'c'] });
  });

  it('takes the nodes of all matching advertisements together', () => {
    const on = (name: string) => ({ matchLabels: { 'kubernetes.io/hostname': name } });
    expect(
      judge({
        advertisements: [
          advertisement('one', { nodeSelectors: [on('a')] }),
          advertisement('two', { nodeSelectors: [on('b')], ipAddressPools: ['main'] }),
          advertisement('other', { nodeSelectors: [on('c')], ipAddressPools: ['other'] }),
        ],
      }),
    ).toMatchObject({ candidates: ['a', 'b'], refused: { c: 'notSelectedByAdvertisement' } });
  });

  it('takes a service that any one selector of an advertisement selects', () => {
    const serviceSelectors = ['db', 'web'].map((app) => ({ matchLabels: { app } }));
    expect(judge({ advertisements: [advertisement('one', { serviceSelectors })] })).toMatchObject({
      candidates: ['a', 'b', 'c'],
    });
  });

  it('adds up how much its advertisements prefer each of the nodes they select', () => {
    const on = (name: string) => ({ matchLabels: { 'kubernetes.io/hostname': name } });
    const prefer = (name: string, weight: number) => ({ weight, preference: on(name) });
    const known = { weight: 5, preference: { matchExpressions: [{ key: 'zone', operator: 'Exists' }] } };
    const advertisements = [
      advertisement('one', {
        nodeSelectors: [on('a'), on('b')],
        preferredNodeSelectors: [prefer('a', 10), known, prefer('c', 100)],
      }),
      advertisement('two', { preferredNodeSelectors: [prefer('b', 20), prefer('a', 1)] }),
      advertisement('other', { ipAddressPools: ['other'], preferredNodeSelectors: [prefer('b', 100)] }),
    ];
    const nodes = [node('a', { labels: { zone: 'x' } }), node('b'), node('c')];
    expect(judge({ nodes, advertisements })).toMatchObject({ preferences: { a: 16, b: 20, c: 0 } });
  });

  it('selects pools by their labels', () => {
    const byLabel = advertisement('one', { ipAddressPoolSelectors: [{ matchLabels: { tier: 'gold' } }] });
    const world = { advertisements: [byLabel], pools: [pool('main', ['10.0.0.0/24'], { tier: 'gold' })] };
    expect(judge(world)).toMatchObject({ candidates: ['a', 'b', 'c'] });
    expect(judge({ ...world, pools: [pool('main', ['10.0.0.0/24'])] })).toBe('noMatchingAdvertisement');
  });
});

describe('resolveLayer2Config', () => {
  it('leaves out what it cannot understand, says so, and keeps the rest', () => {
    const odd = [{ matchExpressions: [{ key: 'app', operator: 'Near' }] }];
    const config = resolveLayer2Config({
      pools: [pool('main', ['10.0.0.0/24', '10.0.0.300/24'])],
      advertisements: [
        advertisement('odd-nodes', { nodeSelectors: odd }),
        advertisement('odd-services', { serviceSelectors: odd }),
        advertisement('odd-wishes', { preferredNodeSelectors: [{ weight: 1, preference: odd[0]! }] }),
        advertisement('good'),
      ],
      nodes: [node('a')],
    });
    expect(config.pools[0]?.ranges).toHaveLength(1);
    expect(config.advertisements.map(({ name }) => name)).toEqual(['good']);
    expect(config.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/IPAddressPool main.*300/),
      expect.stringMatching(/L2Advertisement odd-nodes.*"Near"/),
      expect.stringMatching(/L2Advertisement odd-services.*"Near"/),
      expect.stringMatching(/L2Advertisement odd-wishes.*"Near"/),
    ]);
  });
});

describe('interfacesFor', () => {
  const { advertisements } = resolveLayer2Config({
    pools: [],
    nodes: [node('a'), node('b')],
    advertisements: [
      advertisement('one', { interfaces: ['eth1', 'eth0'] }),
      advertisement('two', { interfaces: ['eth2', 'eth0'] }),
      advertisement('only-b', { nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'b' } }] }),
    ],
  });

  it('is the union of what the advertisements of the node allow', () => {
    expect(interfacesFor('a', advertisements)).toEqual(['eth0', 'eth1', 'eth2']);
  });

  it('is all as soon as one of them sets no limit', () => {
    expect(interfacesFor('b', advertisements)).toBe('all');
  });
});
