/**
 * Pools and advertisements that the API server is to refuse, with what it says, and unusual ones that it is to
 * take. `docs/configuration-errors.md` shows both lists.
 */
import type { IPAddressPoolSpec, L2AdvertisementSpec } from '@metallb-l2/sdk/models';

export type ConfigurationCase =
  | { readonly kind: 'IPAddressPool'; readonly what: string; readonly spec: IPAddressPoolSpec }
  | { readonly kind: 'L2Advertisement'; readonly what: string; readonly spec: L2AdvertisementSpec };

export type RefusedCase = ConfigurationCase & {
  /** The field the answer names. */
  readonly field: string;
  /** What it says about it. */
  readonly message: string;
  /** Whether upstream v0.16.1 takes it, and then cannot use it. */
  readonly takenUpstream?: true;
};

type Refusal = readonly [field: string, message: string, takenUpstream?: 'taken upstream'];

const pool = (what: string, ...addresses: string[]): ConfigurationCase => ({
  kind: 'IPAddressPool',
  what,
  spec: { addresses },
});
const poolFor = (
  what: string,
  serviceAllocation: NonNullable<IPAddressPoolSpec['serviceAllocation']>,
): ConfigurationCase => ({
  kind: 'IPAddressPool',
  what,
  spec: { addresses: ['192.168.10.0/24'], serviceAllocation },
});
const advertisement = (what: string, spec: L2AdvertisementSpec): ConfigurationCase => ({
  kind: 'L2Advertisement',
  what,
  spec,
});
const expression = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
});
const refused = (subject: ConfigurationCase, [field, message, taken]: Refusal): RefusedCase => ({
  ...subject,
  field,
  message,
  ...(taken !== undefined && { takenUpstream: true }),
});

const FIRST = 'spec.addresses[0]';
const NO_CIDR =
  'is no CIDR; write an address and a prefix length, at most 32 for IPv4 and 128 for IPv6, like 192.168.10.0/24';
const NO_RANGE = 'is no range; write the first and the last address, like 192.168.10.5-192.168.10.9';
const NO_ADDRESS =
  'is no address; write a CIDR like 192.168.10.0/24, or a range like 192.168.10.5-192.168.10.9';
const MIXED = 'mixes IPv4 and IPv6; write the IPv4 address alone, or the IPv6 address in hexadecimal';
const LABEL_VALUE = "should match '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'";

export const REFUSED: readonly RefusedCase[] = [
  refused(pool('no address'), ['spec.addresses', 'should have at least 1 items']),
  refused(pool('an empty text', ''), [FIRST, `"" ${NO_ADDRESS}`]),
  refused(pool('a word', 'home'), [FIRST, `"home" ${NO_ADDRESS}`]),
  refused(pool('a single IPv4 address', '192.168.10.7'), [
    FIRST,
    '"192.168.10.7" is a single address; write "192.168.10.7/32" to use it alone',
  ]),
  refused(pool('a single IPv6 address', 'fd00::7'), [
    FIRST,
    '"fd00::7" is a single address; write "fd00::7/128" to use it alone',
  ]),
  refused(pool('a number over 255', '192.168.300.0/24'), [FIRST, `"192.168.300.0/24" ${NO_CIDR}`]),
  refused(pool('three numbers', '192.168.10/24'), [FIRST, `"192.168.10/24" ${NO_CIDR}`]),
  refused(pool('a leading zero', '192.168.010.0/24'), [FIRST, `"192.168.010.0/24" ${NO_CIDR}`]),
  refused(pool('a prefix of IPv4 that is too long', '192.168.10.0/33'), [
    FIRST,
    `"192.168.10.0/33" ${NO_CIDR}`,
  ]),
  refused(pool('a prefix of IPv6 that is too long', 'fd00::/129'), [FIRST, `"fd00::/129" ${NO_CIDR}`]),
  refused(pool('a prefix without a length', '192.168.10.0/'), [FIRST, `"192.168.10.0/" ${NO_CIDR}`]),
  refused(pool('a netmask for a length', '192.168.10.0/255.255.255.0'), [
    FIRST,
    `"192.168.10.0/255.255.255.0" ${NO_CIDR}`,
  ]),
  refused(pool('a prefix length with a leading zero', '192.168.10.0/024'), [
    FIRST,
    `"192.168.10.0/024" ${NO_CIDR}`,
    'taken upstream',
  ]),
  refused(pool('two times ::', 'fd00::1::/64'), [FIRST, `"fd00::1::/64" ${NO_CIDR}`]),
  refused(pool('a zone', 'fe80::1%eth0/128'), [FIRST, `"fe80::1%eth0/128" ${NO_CIDR}`]),
  refused(pool('IPv4 within IPv6', '::ffff:192.168.10.0/120'), [
    FIRST,
    `"::ffff:192.168.10.0/120" ${MIXED}`,
    'taken upstream',
  ]),
  refused(pool('a range without an end', '192.168.10.5-'), [FIRST, `"192.168.10.5-" ${NO_RANGE}`]),
  refused(pool('the last number alone as the end', '192.168.10.5-9'), [
    FIRST,
    `"192.168.10.5-9" ${NO_RANGE}`,
  ]),
  refused(pool('two addresses with a comma', '192.168.10.5,192.168.10.6'), [
    FIRST,
    `"192.168.10.5,192.168.10.6" ${NO_ADDRESS}`,
  ]),
  refused(pool('a range of two IP versions', '192.168.10.5-fd00::9'), [
    FIRST,
    '"192.168.10.5-fd00::9" starts with one IP version and ends with the other; write one range for each',
    'taken upstream',
  ]),
  refused(pool('an IPv4 range in reverse', '192.168.10.9-192.168.10.5'), [
    FIRST,
    '"192.168.10.9-192.168.10.5" ends before it starts; write "192.168.10.5-192.168.10.9"',
  ]),
  refused(pool('an IPv4 range in reverse as numbers', '192.168.10.10-192.168.10.9'), [
    FIRST,
    '"192.168.10.10-192.168.10.9" ends before it starts; write "192.168.10.9-192.168.10.10"',
  ]),
  refused(pool('an IPv6 range in reverse', 'fd00::10-fd00::f'), [
    FIRST,
    '"fd00::10-fd00::f" ends before it starts; write "fd00::f-fd00::10"',
  ]),
  refused(pool('an IPv6 range in reverse in its first bit', '8000::-::1'), [
    FIRST,
    '"8000::-::1" ends before it starts; write "::1-8000::"',
  ]),
  refused(pool('an IPv6 range in reverse in the middle', 'fd00:0:0:8000::-fd00:0:0:7fff::'), [
    FIRST,
    '"fd00:0:0:8000::-fd00:0:0:7fff::" ends before it starts; write "fd00:0:0:7fff::-fd00:0:0:8000::"',
  ]),
  refused(pool('the second of two', '192.168.10.0/24', '10.0.0.0'), [
    'spec.addresses[1]',
    '"10.0.0.0" is a single address; write "10.0.0.0/32" to use it alone',
  ]),
  refused(pool('a CIDR twice', '192.168.10.0/24', '192.168.10.0/24'), [
    'spec.addresses',
    'one CIDR of the pool lies within another; leave it out',
  ]),
  refused(pool('a CIDR within another', '192.168.0.0/16', '192.168.10.0/24'), [
    'spec.addresses',
    'one CIDR of the pool lies within another; leave it out',
  ]),
  refused(pool('an IPv6 CIDR within another', 'fd00:1::/64', 'fd00::/16'), [
    'spec.addresses',
    'one CIDR of the pool lies within another; leave it out',
  ]),
  refused(pool('a range twice', '192.168.10.5-192.168.10.9', '192.168.10.5 - 192.168.10.9'), [
    'spec.addresses',
    'two ranges of the pool start with the same address; leave one of them out',
  ]),
  refused(pool('a range that reaches into a CIDR', '192.168.10.0/24', '192.168.9.250-192.168.10.9'), [
    'spec.addresses',
    'a range of the pool begins or ends within one of its CIDRs; list each address once',
  ]),
  refused(poolFor('a namespace twice', { namespaces: ['red', 'blue', 'red'] }), [
    'spec.serviceAllocation.namespaces',
    '"red" is among the namespaces twice; leave one of them out',
  ]),
  refused(poolFor('a namespace without a name', { namespaces: [''] }), [
    'spec.serviceAllocation.namespaces[0]',
    'should be at least 1 chars long',
    'taken upstream',
  ]),
  refused(
    poolFor('a selector twice', {
      namespaceSelectors: [{ matchLabels: { team: 'red' } }, { matchLabels: { team: 'red' } }],
    }),
    [
      'spec.serviceAllocation.namespaceSelectors',
      'namespaceSelectors are listed twice; leave one of them out',
    ],
  ),
  refused(
    poolFor('an operator that does not exist', { serviceSelectors: [expression('app', 'Like', 'web')] }),
    [
      'spec.serviceAllocation.serviceSelectors[0].matchExpressions[0].operator',
      'Unsupported value: "Like": supported values: "In", "NotIn", "Exists", "DoesNotExist"',
    ],
  ),
  refused(poolFor('In without values', { serviceSelectors: [expression('app', 'In')] }), [
    'spec.serviceAllocation.serviceSelectors[0].matchExpressions[0]',
    'label "app": In needs values',
  ]),
  refused(advertisement('a pool twice', { ipAddressPools: ['production', 'production'] }), [
    'spec.ipAddressPools',
    '"production" is among the ipAddressPools twice; leave one of them out',
  ]),
  refused(advertisement('a pool without a name', { ipAddressPools: ['production', ''] }), [
    'spec.ipAddressPools[1]',
    'should be at least 1 chars long',
    'taken upstream',
  ]),
  refused(advertisement('an interface without a name', { interfaces: [''] }), [
    'spec.interfaces[0]',
    'should be at least 1 chars long',
    'taken upstream',
  ]),
  refused(advertisement('Exists with values', { nodeSelectors: [expression('zone', 'Exists', 'a')] }), [
    'spec.nodeSelectors[0].matchExpressions[0]',
    'label "zone": Exists takes no values',
  ]),
  refused(advertisement('a value twice', { nodeSelectors: [expression('zone', 'In', 'a', 'a')] }), [
    'spec.nodeSelectors[0].matchExpressions[0].values[1]',
    'Duplicate value: "a"',
  ]),
  refused(
    advertisement('a requirement twice', {
      nodeSelectors: [
        {
          matchExpressions: [
            { key: 'a', operator: 'Exists' },
            { key: 'a', operator: 'Exists' },
          ],
        },
      ],
    }),
    ['spec.nodeSelectors[0].matchExpressions', 'matchExpressions are listed twice; leave one of them out'],
  ),
  refused(advertisement('a key that is none', { nodeSelectors: [expression('node name', 'Exists')] }), [
    'spec.nodeSelectors[0].matchExpressions[0].key',
    'should match',
  ]),
  refused(advertisement('a label that is none', { nodeSelectors: [{ matchLabels: { '-zone': 'a' } }] }), [
    'spec.nodeSelectors[0].matchLabels',
    '"-zone" cannot be the key of a label',
  ]),
  refused(advertisement('a value that is none', { nodeSelectors: [{ matchLabels: { zone: 'a b' } }] }), [
    'spec.nodeSelectors[0].matchLabels.zone',
    LABEL_VALUE,
  ]),
  refused(
    advertisement('a selector twice', {
      ipAddressPoolSelectors: [expression('tier', 'Exists'), expression('tier', 'Exists')],
    }),
    ['spec.ipAddressPoolSelectors', 'ipAddressPoolSelectors are listed twice; leave one of them out'],
  ),
  refused(advertisement('a weight over 100', { preferredNodeSelectors: [{ weight: 101, preference: {} }] }), [
    'spec.preferredNodeSelectors[0].weight',
    'should be less than or equal to 100',
    'taken upstream',
  ]),
];

export const ACCEPTED: readonly ConfigurationCase[] = [
  pool('one IPv4 address', '192.168.10.7/32'),
  pool('one IPv6 address', 'fd00::7/128'),
  pool('all addresses', '0.0.0.0/0', '::/0'),
  pool('host bits, which are ignored', '192.168.10.77/24', 'fd00::77/64'),
  pool('upper-case hexadecimal', 'FD00:ABCD::/64', 'fd01::AB-fd01::AF'),
  pool(
    'IPv6 in full and compressed',
    'fd00:0000:0000:0000:0000:0000:0000:0001-fd00::ff',
    '::1:0/112',
    '1::/128',
  ),
  pool('leading zeros in IPv6', 'fd00:0001::/64'),
  pool('blanks around the dash', '192.168.10.5 - 192.168.10.9', 'fd00::5   -fd00::9'),
  pool('a tab and a line break', '\t192.168.10.5-192.168.10.9\n'),
  pool('a range of one address', '192.168.10.5-192.168.10.5', 'fd00::5-fd00:0::5'),
  pool('a range over a border of bytes', '192.168.9.250-192.168.10.5', '9.255.255.255-10.0.0.0'),
  pool('the widest ranges', '0.0.0.0-255.255.255.255', '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'),
  pool(
    'IPv6 ranges over each border of bits',
    '7fff::-8000::',
    'fd00:0:0:7fff::-fd00:0:0:8000::',
    '::ffff-::1:0',
  ),
  pool('both IP versions', '192.168.10.0/24', 'fd00::/64', '192.168.11.5-192.168.11.9', 'fd01::5-fd01::9'),
  pool('CIDRs side by side', '192.168.10.0/25', '192.168.10.128/25', '192.168.11.0-192.168.11.255'),
  pool('512 CIDRs', ...Array.from({ length: 512 }, (_, i) => `10.${String(i >> 8)}.${String(i & 255)}.0/24`)),
  pool(
    '512 IPv6 ranges',
    ...Array.from({ length: 512 }, (_, i) => {
      const block = `fd00:1111:2222:3333:4444:5555:${i.toString(16)}`;
      return `${block}:8000-${block}:8fff`;
    }),
  ),
  poolFor('an allocation that says nothing', {}),
  poolFor('a priority below zero', { priority: -1 }),
  poolFor('a selector of everything', { namespaceSelectors: [{}], serviceSelectors: [{}] }),
  poolFor('300 namespaces', { namespaces: Array.from({ length: 300 }, (_, i) => `namespace-${String(i)}`) }),
  poolFor('two selectors of one label', {
    namespaceSelectors: [{ matchLabels: { team: 'red' } }, { matchLabels: { team: 'blue' } }],
  }),
  advertisement('nothing: all pools, all nodes', {}),
  advertisement('empty lists, which are as good as none', {
    ipAddressPools: [],
    interfaces: [],
    nodeSelectors: [],
  }),
  advertisement('256 pools', { ipAddressPools: Array.from({ length: 256 }, (_, i) => `pool-${String(i)}`) }),
  ...[128, 256].map((count) =>
    advertisement(`${String(count)} pools with the longest names`, {
      ipAddressPools: Array.from({ length: count }, (_, i) => String(i).padStart(253, 'pool-')),
    }),
  ),
  advertisement('an interface twice', { interfaces: ['eth0', 'eth0'] }),
  advertisement('a VLAN and a bridge', { interfaces: ['bond0.100', 'br-lan'] }),
  advertisement('256 nodes by name', {
    nodeSelectors: Array.from({ length: 256 }, (_, i) => ({
      matchLabels: { 'kubernetes.io/hostname': `node${String(i)}` },
    })),
  }),
  advertisement('1,000 nodes in one requirement', {
    nodeSelectors: [
      expression(
        'kubernetes.io/hostname',
        'In',
        ...Array.from({ length: 1000 }, (_, i) => `node${String(i)}`),
      ),
    ],
  }),
  advertisement('an empty label value', {
    nodeSelectors: [{ matchLabels: { 'node-role.kubernetes.io/worker': '' } }],
  }),
  advertisement('every operator', {
    nodeSelectors: [
      {
        matchExpressions: [
          { key: 'example.com/zone', operator: 'In', values: ['a', 'B_2.c'] },
          { key: 'gpu', operator: 'NotIn', values: [''] },
          { key: 'disk', operator: 'Exists' },
          { key: 'node-role.kubernetes.io/control-plane', operator: 'DoesNotExist', values: [] },
        ],
      },
    ],
  }),
  advertisement('preferred nodes', {
    preferredNodeSelectors: [{ weight: 100, preference: { matchLabels: { zone: 'a' } } }],
  }),
];
