/**
 * The rules of choice, row by row. Where a row says so it follows a table of upstream's tests
 * (internal/allocator/allocator_test.go of MetalLB v0.16.1, Apache-2.0).
 */
import {
  type Allocation,
  type AllocationRequest,
  Allocator,
} from '../../../../speaker/src/controller/allocator.js';
import type { NamespaceLabels } from '../../../../speaker/src/controller/pool-scope.js';
import { readPools } from '../../../../speaker/src/controller/pools.js';
import type { Refusal } from '../../../../speaker/src/controller/refusal.js';
import {
  type Address,
  formatAddress,
  parseAddress,
  type IPAddressPool,
  type ServiceAllocation,
} from '@metallb-l2/sdk/models';
import { pool } from './fixtures.ts';

function allocatorOf(pools: readonly IPAddressPool[], labels?: NamespaceLabels): Allocator {
  const { pools: standing, refused } = readPools(pools);
  expect(refused).toEqual([]);
  return new Allocator(standing, labels);
}

function request(service: string, fields: Partial<AllocationRequest> = {}): AllocationRequest {
  const { backendKey = '', upstreamBackendKey = backendKey } = fields;
  return {
    service,
    sharingKey: '',
    ports: ['TCP/80'],
    families: [4],
    secondFamilyOptional: false,
    addresses: [],
    pool: undefined,
    held: [],
    tenant: { namespace: 'default', labels: {} },
    ...fields,
    backendKey,
    upstreamBackendKey,
  };
}

/** The outcome as text: addresses and their pool, or the reason and its message. */
function told(outcome: Allocation | Address | Refusal): string {
  if ('reason' in outcome) return `${outcome.reason}: ${outcome.message}`;
  if ('value' in outcome) return formatAddress(outcome.family, outcome.value);
  const texts = outcome.addresses.map(({ family, value }) => formatAddress(family, value));
  return `${texts.join(' ')} from ${outcome.pool}`;
}

const addresses = (...texts: string[]) => texts.map(parseAddress);

/** What each of some requests gets, one after the other. */
function outcomes(allocator: Allocator, ...requests: Partial<AllocationRequest>[]): string[] {
  return requests.map((fields, index) =>
    told(allocator.allocate(request(`ns/${String(index + 1)}`, fields))).replace(/^\w+: /, ''),
  );
}

const DUAL = { families: [4, 6] } as const;
const PREFERS = { ...DUAL, secondFamilyOptional: true } as const;

describe('an allocator', () => {
  it('gives the lowest free address of the first pool by name, ranges in the order they are listed', () => {
    const allocator = allocatorOf([
      pool('b', ['10.0.1.0/30']),
      pool('a', ['10.0.0.9-10.0.0.10', '10.0.0.1-10.0.0.2']),
    ]);
    allocator.hold(request('held'), addresses('10.0.0.9'));
    expect(outcomes(allocator, {}, {}, {}, {})).toEqual([
      '10.0.0.10 from a',
      '10.0.0.1 from a',
      '10.0.0.2 from a',
      '10.0.1.0 from b',
    ]);
  });

  it('says so when every pool is full, and when the requested pool is', () => {
    const allocator = allocatorOf([
      pool('a', ['10.0.0.1/32']),
      pool('b', ['10.0.1.1/32'], { autoAssign: false }),
    ]);
    expect(outcomes(allocator, {}, {}, { pool: 'a' })).toEqual([
      '10.0.0.1 from a',
      'no available IPs',
      'no available IPs in pool a',
    ]);
  });

  it('gives an address of a pool without automatic assignment only to who asks for the pool', () => {
    const allocator = allocatorOf([pool('reserved', ['10.0.0.0/24'], { autoAssign: false })]);
    expect(outcomes(allocator, {}, { pool: 'reserved' }, { pool: 'nowhere' })).toEqual([
      'no available IPs',
      '10.0.0.0 from reserved',
      'unknown pool "nowhere"',
    ]);
  });

  it('leaves out addresses ending in .0 and .255 where the pool says so, also for who asks for one', () => {
    const allocator = allocatorOf([
      pool('a', ['10.0.0.254-10.0.2.0', 'fd00::/120'], { avoidBuggyIPs: true }),
    ]);
    expect(outcomes(allocator, {}, {}, { addresses: addresses('10.0.1.255') }, { families: [6] })).toEqual([
      '10.0.0.254 from a',
      '10.0.1.1 from a',
      '["10.0.1.255"] is not allowed in config',
      'fd00:: from a',
    ]);
    // 10.0.0.254, then 10.0.1.1 to 10.0.1.254.
    expect(allocator.usage()).toMatchObject([
      { pool: 'a', families: { 4: { total: 255n, inUse: 2 }, 6: { total: 256n, inUse: 1 } } },
    ]);
  });

  it('gives the very address that is asked for, or says what stands in the way', () => {
    const allocator = allocatorOf([
      pool('a', ['10.0.0.0/24']),
      pool('b', ['10.0.1.0/24', 'fd00::/64'], { autoAssign: false }),
      pool('tied', ['10.0.2.0/24'], { serviceAllocation: { namespaces: ['other'] } }),
    ]);
    const ask = (...texts: string[]) => ({ addresses: addresses(...texts) });
    expect(
      outcomes(
        allocator,
        ask('10.0.0.7'),
        ask('10.0.1.7'),
        ask('10.0.0.7'),
        ask('192.168.0.1'),
        { ...ask('10.0.0.8'), pool: 'b' },
        ask('2001:db8::1'),
        { ...PREFERS, ...ask('10.0.0.8') },
        { ...DUAL, ...ask('10.0.0.8', 'fd00::1') },
        { ...DUAL, ...ask('fd00::1', '10.0.1.8') },
        ask('10.0.2.1'),
      ),
    ).toEqual([
      '10.0.0.7 from a',
      '10.0.1.7 from b',
      'can\'t change sharing key for "ns/3", address also in use by ns/1',
      '["192.168.0.1"] is not allowed in config',
      'requested loadBalancer IP(s) ["10.0.0.8"] is not compatible with requested address pool b',
      'requested loadBalancer IP(s) ["2001:db8::1"] does not match the ipFamily of the service',
      'requested loadBalancer IP(s) ["10.0.0.8"] does not match the ipFamily of the service',
      '["10.0.0.8" "fd00::1"] is not allowed in config',
      'fd00::1 10.0.1.8 from b',
      'pool tied not compatible for ip assignment',
    ]);
  });

  it('counts without overflow, each address once', () => {
    const allocator = allocatorOf([pool('huge', ['::/1', '8000::/1', '0.0.0.0/0'])]);
    const shared = { sharingKey: 'k', families: [6] as const };
    outcomes(allocator, {}, { ...shared, ports: ['TCP/1'] }, { ...shared, ports: ['TCP/2'] });
    expect(allocator.usage()).toEqual([
      {
        pool: 'huge',
        total: 2n ** 128n + 2n ** 32n,
        inUse: 2,
        families: { 4: { total: 2n ** 32n, inUse: 1 }, 6: { total: 2n ** 128n, inUse: 1 } },
      },
    ]);
  });

  it.each([
    // Upstream's TestPoolCount.
    ['/24', ['1.2.3.0/24'], false, 256n],
    ['/24 and /25', ['1.2.3.0/24', '2.3.4.128/25'], false, 384n],
    ['/24 and /25 without those that end in .0 and .255', ['1.2.3.0/24', '2.3.4.128/25'], true, 381n],
    ['/24 and an IPv6 /126', ['1.2.3.0/24', '1000::/126'], true, 258n],
  ])('counts the addresses of %s', (_, ranges, avoidBuggyIPs, total) => {
    expect(allocatorOf([pool('a', ranges, { avoidBuggyIPs })]).usage()).toMatchObject([{ total }]);
  });

  it('costs no more for a /8 or a /64 than for a /24', () => {
    const allocator = allocatorOf([pool('huge', ['10.0.0.0/8', '2001:db8::/64'])]);
    for (let index = 0; index < 5000; index += 1) allocator.allocate(request(`service-${String(index)}`));
    expect(told(allocator.allocate(request('next')))).toBe('10.0.19.136 from huge');
    expect(allocator.usage()).toMatchObject([{ pool: 'huge', total: 2n ** 24n + 2n ** 64n, inUse: 5001 }]);
  });
});

describe('services that ask for one address', () => {
  const first = { sharingKey: 'k', ports: ['TCP/80'], addresses: addresses('10.0.0.1') };
  it.each([
    ['share it with one key and different ports', {}, { ports: ['TCP/443'] }, 'shared'],
    ['share it on the same port of two protocols', {}, { ports: ['UDP/80'] }, 'shared'],
    ['need both a key', { sharingKey: '' }, { ports: ['TCP/443'] }, 'in use'],
    ['need both a key, the second too', {}, { sharingKey: '', ports: ['TCP/443'] }, 'in use'],
    [
      'without a key have no key in common',
      { sharingKey: '' },
      { sharingKey: '', ports: ['TCP/443'] },
      'in use',
    ],
    ['need the same key', {}, { sharingKey: 'other', ports: ['TCP/443'] }, 'in use'],
    ['need the same backends', { backendKey: 'a' }, { backendKey: 'b', ports: ['TCP/443'] }, 'in use'],
    [
      'share it with the same backends',
      { backendKey: 'a' },
      { backendKey: 'a', ports: ['TCP/443'] },
      'shared',
    ],
    [
      'need backends that are the same, not just alike to upstream',
      { backendKey: 'ns1 app=a', upstreamBackendKey: 'app=a' },
      { backendKey: 'ns2 app=a', upstreamBackendKey: 'app=a', ports: ['TCP/443'] },
      'in use',
    ],
    ['have no port in common', {}, { ports: ['TCP/443', 'TCP/80'] }, 'port'],
  ] satisfies [string, Partial<AllocationRequest>, Partial<AllocationRequest>, string][])(
    '%s',
    (_, one, other, outcome) => {
      const allocator = allocatorOf([pool('a', ['10.0.0.0/24'])]);
      const expected = {
        shared: '10.0.0.1 from a',
        'in use': 'can\'t change sharing key for "ns/2", address also in use by ns/1',
        port: 'port TCP/80 is already in use on "10.0.0.1"',
      }[outcome];
      expect(outcomes(allocator, { ...first, ...one }, { ...first, ...other })).toEqual([
        '10.0.0.1 from a',
        expected,
      ]);
    },
  );
});

describe('services that share', () => {
  it('get the lowest address that has room for them, be it shared or free', () => {
    const allocator = allocatorOf([pool('a', ['10.0.0.0/24'])]);
    const sharer = (port: string, fields: Partial<AllocationRequest> = {}) => ({
      sharingKey: 'k',
      ports: [port],
      ...fields,
    });
    expect(
      outcomes(
        allocator,
        sharer('TCP/80'),
        sharer('TCP/443'),
        sharer('TCP/80'),
        sharer('TCP/8080', { sharingKey: 'other' }),
        sharer('TCP/8080', { backendKey: 'app=x' }),
        sharer('TCP/8080'),
        sharer('TCP/80'),
      ),
    ).toEqual([
      '10.0.0.0 from a',
      '10.0.0.0 from a',
      '10.0.0.1 from a',
      '10.0.0.2 from a',
      '10.0.0.3 from a',
      '10.0.0.0 from a',
      '10.0.0.4 from a',
    ]);
  });

  it('find room that has come about below where they have looked', () => {
    const allocator = allocatorOf([pool('a', ['10.0.0.0-10.0.0.2'])]);
    const shared = { sharingKey: 'k', ports: ['TCP/80'] };
    allocator.hold(request('plain'), addresses('10.0.0.0', '10.0.0.2'));
    expect(outcomes(allocator, shared, shared)).toEqual(['10.0.0.1 from a', 'no available IPs']);
    allocator.hold(request('other', { ...shared, ports: ['TCP/1'] }), addresses('10.0.0.1'));
    expect(told(allocator.allocate(request('third', { ...shared, ports: ['TCP/2'] })))).toBe(
      '10.0.0.1 from a',
    );
    const low = allocatorOf([pool('a', ['10.0.0.0-10.0.0.5'])]);
    low.hold(request('plain'), addresses('10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.4', '10.0.0.5'));
    expect(outcomes(low, shared, shared)).toEqual(['10.0.0.3 from a', 'no available IPs']);
    const wide = allocatorOf([pool('a', ['10.0.0.0/30'])]);
    wide.hold(request('plain'), addresses('10.0.0.0', '10.0.0.2'));
    wide.hold(request('x', shared), addresses('10.0.0.3'));
    expect(outcomes(wide, shared, shared)).toEqual(['10.0.0.1 from a', 'no available IPs']);
  });

  it('share either address of two, and both', () => {
    const allocator = allocatorOf([pool('a', ['10.0.0.0/31', 'fd00::/127'])]);
    const sharer = (fields: Partial<AllocationRequest>) => ({ sharingKey: 'k', ...fields });
    expect(
      outcomes(
        allocator,
        sharer({ ...DUAL, ports: ['TCP/1'] }),
        sharer({ families: [6], ports: ['TCP/2'] }),
        sharer({ ...DUAL, ports: ['TCP/3'] }),
        sharer({ ...DUAL, ports: ['TCP/2'] }),
        sharer({ ...DUAL, ports: ['TCP/2'] }),
        sharer({ ...DUAL, ports: ['TCP/2'] }),
      ),
    ).toEqual([
      '10.0.0.0 fd00:: from a',
      'fd00:: from a',
      '10.0.0.0 fd00:: from a',
      '10.0.0.0 fd00::1 from a',
      'no available IPs',
      'no available IPs',
    ]);
  });
});

describe('a service with two IP families', () => {
  const v4 = pool('a-v4', ['10.0.0.0/31']);
  const v6 = pool('b-v6', ['fd00::/127']);
  const both = pool('c-both', ['10.0.1.0/31', 'fd00:1::/127']);
  const V6_FIRST = { ...PREFERS, families: [6, 4] } as const;

  it.each([
    ['needs one pool with both', [v4, v6, both], DUAL, '10.0.1.0 fd00:1:: from c-both'],
    ['gets none from two pools', [v4, v6], DUAL, 'no available IPs'],
    ['prefers a pool with both', [v4, v6, both], PREFERS, '10.0.1.0 fd00:1:: from c-both'],
    ['else takes one of its first family', [v6, v4], PREFERS, '10.0.0.0 from a-v4'],
    ['else takes one of its first family, IPv6 too', [v4, v6], V6_FIRST, 'fd00:: from b-v6'],
    ['else takes one of the second', [v6], PREFERS, 'fd00:: from b-v6'],
    ['names IPv4 first, as upstream does', [both], V6_FIRST, '10.0.1.0 fd00:1:: from c-both'],
    [
      'of a pool it asks for needs both',
      [v4],
      { ...DUAL, pool: 'a-v4' },
      'no available IPs in pool a-v4 for dual IPFamily',
    ],
    ['of a pool it asks for takes one', [v4], { ...PREFERS, pool: 'a-v4' }, '10.0.0.0 from a-v4'],
    ['with one address is one of one family', [v4, v6], { families: [6] }, 'fd00:: from b-v6'],
    [
      'of one family gets none of the other',
      [v4],
      { families: [6], pool: 'a-v4' },
      'no available IPs in pool a-v4 for ipv6 IPFamily',
    ],
  ] satisfies [string, IPAddressPool[], Partial<AllocationRequest>, string][])(
    '%s',
    (_, pools, fields, expected) => {
      expect(outcomes(allocatorOf(pools), fields)).toEqual([expected]);
    },
  );

  it('gets its second address from the pool of the first', () => {
    const allocator = allocatorOf([v4, v6, both]);
    const having = (text: string) => request('ns/has', { ...PREFERS, held: addresses(text) });
    expect(told(allocator.allocateSecond(having('10.0.1.0'), 'c-both'))).toBe('fd00:1::');
    expect(told(allocator.allocateSecond(having('fd00:1::1'), 'c-both'))).toBe('10.0.1.0');
    expect(told(allocator.allocateSecond(having('10.0.0.0'), 'a-v4'))).toBe(
      'poolExhausted: no available IPs in pool a-v4 for ipv6 IPFamily',
    );
  });
});

describe('pools for certain services', () => {
  const labels = new Map([
    ['red', { team: 'red' }],
    ['blue', { team: 'blue' }],
  ]);
  const team = (name: string) => [{ matchLabels: { team: name } }];
  const from = (namespace: string, app?: string, fields: Partial<AllocationRequest> = {}) => ({
    ...fields,
    tenant: { namespace, labels: app === undefined ? {} : { app } },
  });
  const WEB = { serviceSelectors: [{ matchLabels: { app: 'web' } }] };
  const tied = (serviceAllocation: ServiceAllocation) => pool('tied', ['10.1.0.0/24'], { serviceAllocation });
  const open = pool('a-open', ['10.0.0.0/24']);

  it.each([
    ['by namespace', { namespaces: ['red'] }, from('red'), 'tied'],
    ['by namespace, another', { namespaces: ['red'] }, from('blue'), 'a-open'],
    ['by labels of the namespace', { namespaceSelectors: team('red') }, from('red'), 'tied'],
    ['by labels of the namespace, others', { namespaceSelectors: team('red') }, from('blue'), 'a-open'],
    ['by labels of a namespace not known yet', { namespaceSelectors: [{}] }, from('new'), 'a-open'],
    [
      'by namespace or its labels',
      { namespaces: ['x'], namespaceSelectors: team('red') },
      from('red'),
      'tied',
    ],
    ['by labels of the service', WEB, from('blue', 'web'), 'tied'],
    ['by labels of the service, others', WEB, from('blue', 'db'), 'a-open'],
    ['by any of several selectors', { serviceSelectors: [...WEB.serviceSelectors, {}] }, from('x'), 'tied'],
    ['by namespace and labels', { namespaces: ['red'], ...WEB }, from('red', 'web'), 'tied'],
    ['by namespace and labels, the label missing', { namespaces: ['red'], ...WEB }, from('red'), 'a-open'],
    [
      'by namespace and labels, another namespace',
      { namespaces: ['red'], ...WEB },
      from('blue', 'web'),
      'a-open',
    ],
    ['by nothing but a priority', { priority: 1 }, from('x'), 'tied'],
    ['by nothing', {}, from('x'), 'tied'],
    // Upstream lets every namespace in here (allocator.go:543 looks at the set only when it is not empty).
    ['by labels that no namespace has', { namespaceSelectors: team('green') }, from('red'), 'a-open'],
    [
      'by labels no namespace has and the service does',
      { namespaceSelectors: team('green'), ...WEB },
      from('red', 'web'),
      'a-open',
    ],
  ] satisfies [string, ServiceAllocation, Partial<AllocationRequest>, string][])(
    'come before those for all: %s',
    (_, allocation, fields, expected) => {
      const [outcome] = outcomes(allocatorOf([open, tied(allocation)], labels), fields);
      expect(outcome?.split(' from ')[1]).toBe(expected);
    },
  );

  it.each([
    ['asks for the pool', from('red', 'web', { pool: 'tied' }), '10.1.0.0 from tied'],
    [
      'asks for an address of it',
      from('red', 'web', { addresses: addresses('10.1.0.9') }),
      '10.1.0.9 from tied',
    ],
    [
      'asks for it from elsewhere',
      from('blue', 'web', { pool: 'tied' }),
      'pool tied not compatible for ip assignment',
    ],
    [
      'asks for it with other labels',
      from('red', 'db', { pool: 'tied' }),
      'pool tied not compatible for ip assignment',
    ],
    [
      'asks for an address of it from elsewhere',
      from('blue', 'web', { addresses: addresses('10.1.0.9') }),
      'pool tied not compatible for ip assignment',
    ],
  ] satisfies [string, Partial<AllocationRequest>, string][])(
    'serve who may have them and %s, and nobody else',
    (_, fields, expected) => {
      const allocator = allocatorOf([open, tied({ namespaceSelectors: team('red'), ...WEB })], labels);
      expect(outcomes(allocator, fields)).toEqual([expected]);
    },
  );

  it('are tried by priority: the lowest number first, then none, then by name', () => {
    const single = (name: string, last: number, priority?: number) =>
      pool(name, [`10.1.0.${String(last)}/32`], {
        serviceAllocation: { namespaces: ['red'], ...(priority !== undefined && { priority }) },
      });
    const pools = [
      single('f', 1),
      single('e', 2, 0),
      single('d', 3, 20),
      single('b', 4, 10),
      single('c', 5, 10),
    ];
    const closed = pool('closed', ['10.1.1.0/24'], {
      autoAssign: false,
      serviceAllocation: { namespaces: ['red'], priority: 1 },
    });
    const allocator = allocatorOf([...pools, closed, pool('a-open', ['10.0.0.0/32'])], labels);
    const given = outcomes(allocator, ...Array.from({ length: 7 }, () => from('red')));
    expect(given.map((text) => text.split(' from ')[1] ?? text)).toEqual([
      'b',
      'c',
      'd',
      'e',
      'f',
      'a-open',
      'no available IPs',
    ]);
    expect(outcomes(allocator, from('red', undefined, { pool: 'closed' }))).toEqual(['10.1.1.0 from closed']);
  });

  it('with one family go before a pool for all with both, when one is enough', () => {
    const dual = pool('a-open', ['10.0.0.0/24', 'fd00::/64']);
    const fields = { ...PREFERS, ...from('red') };
    expect(outcomes(allocatorOf([dual, tied({ namespaces: ['red'] })], labels), fields)).toEqual([
      '10.1.0.0 from tied',
    ]);
    expect(
      outcomes(allocatorOf([dual, tied({ namespaces: ['red'] })], labels), { ...DUAL, ...from('red') }),
    ).toEqual(['10.0.0.0 fd00:: from a-open']);
  });
});
