/**
 * How addresses are shared and which pool gives one, case by case: upstream's rules (internal/allocator and
 * controller/service.go of v0.16.1), and where those are an accident, what holds instead.
 */
import type { Namespace, Service } from '@metallb-l2/sdk/kube';
import type { IPAddressPool } from '@metallb-l2/sdk/models';
import { planAddresses } from '../../../../speaker/src/controller/plan.js';
import { pool, service, type ServiceSketch } from './fixtures.ts';

const DUAL = ['10.96.0.1', 'fd00::1'];
const dual = (policy: 'RequireDualStack' | 'PreferDualStack', clusterIPs = DUAL) => ({
  clusterIPs,
  ipFamilyPolicy: policy,
});
const shares = (key: string) => ({ 'metallb.io/allow-shared-ip': key });
const asks = (ips: string) => ({ 'metallb.io/loadBalancerIPs': ips });
const asksPool = (name: string) => ({ 'metallb.io/address-pool': name });
const port = (number: number, protocol: 'TCP' | 'UDP' = 'TCP') => ({ ports: [{ port: number, protocol }] });
const local = (selector: Record<string, string>) => ({ externalTrafficPolicy: 'Local' as const, selector });

const has = (name: string, ips: string, from: string, sketch: ServiceSketch = {}) =>
  service(name, {
    ...sketch,
    ingress: ips.split(' '),
    annotations: { ...sketch.annotations, 'metallb.io/ip-allocated-from-pool': from },
  });

const namespace = (name: string, labels: Record<string, string> = {}): Namespace => ({
  metadata: { name, labels },
});

/** What each service has once everything is written: `name: addresses (pool)`, or `name: reason`. */
function outcome(
  services: readonly Service[],
  pools: readonly IPAddressPool[],
  namespaces: readonly Namespace[] = [],
): string[] {
  let current = [...services];
  let refusals = new Map<string, string>();
  for (let round = 0; round < 5; round += 1) {
    const { decisions } = planAddresses({ services: current, pools, namespaces });
    const writes = new Map(decisions.map(({ service: { metadata }, write }) => [metadata.uid, write]));
    refusals = new Map(
      decisions.map(({ service: { metadata }, refusal }) => [metadata.uid ?? '', refusal?.reason ?? '']),
    );
    current = current.map((each) => writes.get(each.metadata.uid) ?? each);
  }
  return current.map(({ metadata, status }) => {
    const ips = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip).join(' ');
    const from = metadata.annotations?.['metallb.io/ip-allocated-from-pool'] ?? 'no pool';
    const refusal = refusals.get(metadata.uid ?? '');
    const said = refusal ? ` ${refusal}` : '';
    return `${metadata.name ?? ''}: ${ips === '' ? 'none' : `${ips} (${from})`}${said}`;
  });
}

interface Case {
  readonly services: readonly Service[];
  readonly pools?: readonly IPAddressPool[];
  readonly namespaces?: readonly Namespace[];
  readonly gives: readonly string[];
}

const one = [pool('one', ['10.0.0.1/32'])];
const main = [pool('main', ['10.0.0.1-10.0.0.9'])];
const both = [pool('both', ['10.0.0.1-10.0.0.9', '2001:db8::1-2001:db8::9'])];

const SHARING: Readonly<Record<string, Case>> = {
  'equal keys, other ports': {
    services: [
      service('a', { annotations: shares('k'), spec: port(80) }),
      service('b', { annotations: shares('k'), spec: port(443) }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: 10.0.0.1 (one)'],
  },
  'equal keys, one port in two protocols': {
    services: [
      service('a', { annotations: shares('k'), spec: port(53) }),
      service('b', { annotations: shares('k'), spec: port(53, 'UDP') }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: 10.0.0.1 (one)'],
  },
  'equal keys, the same port': {
    services: [
      service('a', { annotations: shares('k') }),
      service('b', { age: 1, annotations: shares('k') }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: none allPoolsExhausted'],
  },
  'the same port, asked for': {
    services: [
      has('a', '10.0.0.1', 'main', { annotations: shares('k') }),
      service('b', { age: 1, annotations: { ...shares('k'), ...asks('10.0.0.1') } }),
    ],
    gives: ['a: 10.0.0.1 (main)', 'b: none portInUse'],
  },
  'other keys': {
    services: [
      service('a', { annotations: shares('k'), spec: port(80) }),
      service('b', { age: 1, annotations: shares('other'), spec: port(443) }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: none allPoolsExhausted'],
  },
  'no keys': {
    services: [service('a', { spec: port(80) }), service('b', { age: 1, spec: port(443) })],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: none allPoolsExhausted'],
  },
  'empty keys, which are none': {
    services: [
      service('a', { annotations: shares(''), spec: port(80) }),
      service('b', { age: 1, annotations: shares(''), spec: port(443) }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: none allPoolsExhausted'],
  },
  'keys under the deprecated name, which count': {
    services: [
      service('a', { annotations: { 'metallb.universe.tf/allow-shared-ip': 'k' }, spec: port(80) }),
      service('b', { annotations: shares('k'), spec: port(443) }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: 10.0.0.1 (one)'],
  },
  'a stable key that is empty, which wins over a deprecated one': {
    services: [
      service('a', {
        annotations: { ...shares(''), 'metallb.universe.tf/allow-shared-ip': 'k' },
        spec: port(80),
      }),
      service('b', { age: 1, annotations: shares('k'), spec: port(443) }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: none allPoolsExhausted'],
  },
  'equal keys in two namespaces': {
    services: [
      service('a', { annotations: shares('k'), spec: port(80) }),
      service('b', { namespace: 'other', annotations: shares('k'), spec: port(443) }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: 10.0.0.1 (one)'],
  },
  'local traffic to equal selectors': {
    services: [
      service('a', { annotations: shares('k'), spec: { ...local({ app: 'x' }), ...port(80) } }),
      service('b', { annotations: shares('k'), spec: { ...local({ app: 'x' }), ...port(443) } }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: 10.0.0.1 (one)'],
  },
  'local traffic to other selectors': {
    services: [
      service('a', { annotations: shares('k'), spec: { ...local({ app: 'x' }), ...port(80) } }),
      service('b', { age: 1, annotations: shares('k'), spec: { ...local({ app: 'y' }), ...port(443) } }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: none allPoolsExhausted'],
  },
  'local traffic beside traffic for the whole cluster': {
    services: [
      service('a', { annotations: shares('k'), spec: { ...local({ app: 'x' }), ...port(80) } }),
      service('b', { age: 1, annotations: shares('k'), spec: { selector: { app: 'x' }, ...port(443) } }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: none allPoolsExhausted'],
  },
  'local traffic to equal selectors in two namespaces, where the pods differ (upstream shares)': {
    services: [
      service('a', { annotations: shares('k'), spec: { ...local({ app: 'x' }), ...port(80) } }),
      service('b', {
        age: 1,
        namespace: 'other',
        annotations: shares('k'),
        spec: { ...local({ app: 'x' }), ...port(443) },
      }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: none allPoolsExhausted'],
  },
  'local traffic without a selector beside traffic for the whole cluster (upstream shares)': {
    services: [
      service('a', { annotations: shares('k'), spec: { ...local({}), ...port(80) } }),
      service('b', { age: 1, annotations: shares('k'), spec: port(443) }),
    ],
    pools: one,
    gives: ['a: 10.0.0.1 (one)', 'b: none allPoolsExhausted'],
  },
  'a key that its only holder changes': {
    services: [
      has('a', '10.0.0.1', 'main', { annotations: shares('new') }),
      service('b', { age: 1, annotations: { ...shares('new'), ...asks('10.0.0.1') }, spec: port(443) }),
    ],
    gives: ['a: 10.0.0.1 (main)', 'b: 10.0.0.1 (main)'],
  },
  'a key that one of two holders changes': {
    services: [
      has('a', '10.0.0.1', 'main', { annotations: shares('k') }),
      has('b', '10.0.0.1', 'main', { age: 1, annotations: shares('new'), spec: port(443) }),
    ],
    gives: ['a: 10.0.0.1 (main)', 'b: 10.0.0.2 (main)'],
  },
  'the lowest address that can be shared before a higher one that is free': {
    services: [
      has('a', '10.0.0.1', 'main', { annotations: shares('other') }),
      has('b', '10.0.0.2', 'main', { annotations: shares('k') }),
      service('c', { age: 1, annotations: shares('k'), spec: port(443) }),
    ],
    gives: ['a: 10.0.0.1 (main)', 'b: 10.0.0.2 (main)', 'c: 10.0.0.2 (main)'],
  },
  'a free address below one that could be shared': {
    services: [
      has('b', '10.0.0.2', 'main', { annotations: shares('k') }),
      service('c', { age: 1, annotations: shares('k'), spec: port(443) }),
    ],
    gives: ['b: 10.0.0.2 (main)', 'c: 10.0.0.1 (main)'],
  },
  'one address of a dual-stack service': {
    services: [
      service('two', { annotations: shares('k'), spec: { ...dual('RequireDualStack'), ...port(80) } }),
      service('six', {
        age: 1,
        annotations: shares('k'),
        spec: { clusterIP: 'fd00::2', clusterIPs: ['fd00::2'], ...port(443) },
      }),
    ],
    pools: both,
    gives: ['two: 10.0.0.1 2001:db8::1 (both)', 'six: 2001:db8::1 (both)'],
  },
};

const tied = (spec: NonNullable<IPAddressPool['spec']['serviceAllocation']>) => ({ serviceAllocation: spec });
const shop = { namespace: 'shop' };
const gold = { labels: { tier: 'gold' } };
const forGold = { serviceSelectors: [{ matchLabels: { tier: 'gold' } }] };

const POOLS: Readonly<Record<string, Case>> = {
  '1. an address it has': {
    services: [has('a', '10.0.0.7', 'main')],
    gives: ['a: 10.0.0.7 (main)'],
  },
  '1. an address another controller gave, if a pool has it': {
    services: [service('a', { ingress: ['10.0.0.7'] })],
    gives: ['a: 10.0.0.7 (main)'],
  },
  '1. an address another controller gave that no pool has': {
    services: [service('a', { ingress: ['192.0.2.1'] })],
    gives: ['a: 10.0.0.1 (main)'],
  },
  '2. an address that is asked for': {
    services: [service('a', { annotations: asks('10.0.0.5') })],
    gives: ['a: 10.0.0.5 (main)'],
  },
  '2. an address that is asked for in the field': {
    services: [service('a', { spec: { loadBalancerIP: '10.0.0.5' } })],
    gives: ['a: 10.0.0.5 (main)'],
  },
  '2. one address in the field, for a dual-stack service': {
    services: [service('a', { spec: { ...dual('PreferDualStack'), loadBalancerIP: '10.0.0.5' } })],
    pools: both,
    gives: ['a: none familyMismatch'],
  },
  '2. two addresses, in any order': {
    services: [service('a', { annotations: asks('2001:db8::5, 10.0.0.5'), spec: dual('RequireDualStack') })],
    pools: both,
    gives: ['a: 2001:db8::5 10.0.0.5 (both)'],
  },
  '2. an address of a pool without automatic assignment': {
    services: [service('a', { annotations: asks('10.0.0.5') })],
    pools: [pool('manual', ['10.0.0.0/24'], { autoAssign: false })],
    gives: ['a: 10.0.0.5 (manual)'],
  },
  '2. an address of a pool that is kept for others': {
    services: [service('a', { annotations: asks('10.0.0.5') })],
    pools: [pool('kept', ['10.0.0.0/24'], tied({ namespaces: ['shop'] }))],
    gives: ['a: none poolNotAllowed'],
  },
  '2. an address and a pool that do not go together': {
    services: [service('a', { annotations: { ...asks('10.0.0.5'), ...asksPool('second') } })],
    pools: [...main, pool('second', ['10.0.1.0/24'])],
    gives: ['a: none otherPool'],
  },
  '3. a pool that is asked for': {
    services: [service('a', { annotations: asksPool('second') })],
    pools: [...main, pool('second', ['10.0.1.0/24'])],
    gives: ['a: 10.0.1.0 (second)'],
  },
  '3. a pool that is asked for without automatic assignment': {
    services: [service('a', { annotations: asksPool('manual') })],
    pools: [...main, pool('manual', ['10.0.1.0/24'], { autoAssign: false })],
    gives: ['a: 10.0.1.0 (manual)'],
  },
  '3. a pool that is asked for and kept for others': {
    services: [service('a', { annotations: asksPool('kept') })],
    pools: [...main, pool('kept', ['10.0.1.0/24'], tied(forGold))],
    gives: ['a: none poolNotAllowed'],
  },
  '3. a pool that is full': {
    services: [has('a', '10.0.0.1', 'one'), service('b', { age: 1, annotations: asksPool('one') })],
    pools: [...one, pool('second', ['10.0.1.0/24'])],
    gives: ['a: 10.0.0.1 (one)', 'b: none poolExhausted'],
  },
  '4. a pool kept for its namespace before any other': {
    services: [service('a', shop), service('b')],
    pools: [...main, pool('shop', ['10.0.1.1/32'], tied({ namespaces: ['shop'] }))],
    gives: ['a: 10.0.1.1 (shop)', 'b: 10.0.0.1 (main)'],
  },
  '4. a pool kept for namespaces by their labels': {
    services: [service('a', shop), service('b')],
    pools: [
      ...main,
      pool('shop', ['10.0.1.1/32'], tied({ namespaceSelectors: [{ matchLabels: { team: 'shop' } }] })),
    ],
    namespaces: [namespace('shop', { team: 'shop' }), namespace('default')],
    gives: ['a: 10.0.1.1 (shop)', 'b: 10.0.0.1 (main)'],
  },
  '4. a pool kept for services by their labels': {
    services: [service('a', gold), service('b')],
    pools: [...main, pool('gold', ['10.0.1.1/32'], tied(forGold))],
    gives: ['a: 10.0.1.1 (gold)', 'b: 10.0.0.1 (main)'],
  },
  '4. a pool kept for labels in a namespace: both have to fit': {
    services: [
      service('a', { ...shop, ...gold }),
      service('b', { age: 1, ...shop }),
      service('c', { age: 2, ...gold }),
    ],
    pools: [...main, pool('both', ['10.0.1.1-10.0.1.9'], tied({ namespaces: ['shop'], ...forGold }))],
    gives: ['a: 10.0.1.1 (both)', 'b: 10.0.0.1 (main)', 'c: 10.0.0.2 (main)'],
  },
  '4. a kept pool that is full: any other': {
    services: [service('a', shop), service('b', { age: 1, ...shop })],
    pools: [...main, pool('shop', ['10.0.1.1/32'], tied({ namespaces: ['shop'] }))],
    gives: ['a: 10.0.1.1 (shop)', 'b: 10.0.0.1 (main)'],
  },
  '4. a kept pool without automatic assignment: any other': {
    services: [service('a', shop)],
    pools: [...main, pool('shop', ['10.0.1.1/32'], { autoAssign: false, ...tied({ namespaces: ['shop'] }) })],
    gives: ['a: 10.0.0.1 (main)'],
  },
  '4. priorities: lower first, none last, equal ones by name': {
    services: [0, 1, 2, 3, 4].map((age) => service(`s${String(age)}`, { age, ...shop })),
    pools: [
      pool('a', ['10.0.1.1/32'], tied({ namespaces: ['shop'] })),
      pool('b', ['10.0.2.1/32'], tied({ namespaces: ['shop'], priority: 20 })),
      pool('d', ['10.0.4.1/32'], tied({ namespaces: ['shop'], priority: 10 })),
      pool('c', ['10.0.3.1/32'], tied({ namespaces: ['shop'], priority: 10 })),
      pool('e', ['10.0.5.1/32'], tied({ namespaces: ['shop'], priority: 0 })),
    ],
    gives: [
      's0: 10.0.3.1 (c)',
      's1: 10.0.4.1 (d)',
      's2: 10.0.2.1 (b)',
      's3: 10.0.1.1 (a)',
      's4: 10.0.5.1 (e)',
    ],
  },
  '4. a pool with nothing but a priority is everybody’s (upstream gives nobody of it)': {
    services: [service('a')],
    pools: [...main, pool('first', ['10.0.1.1/32'], tied({ priority: 1 }))],
    gives: ['a: 10.0.1.1 (first)'],
  },
  '4. selectors that match no namespace: nobody’s (upstream lets everybody ask for it)': {
    services: [
      service('a', { annotations: asksPool('shop') }),
      service('b', { age: 1, annotations: asks('10.0.1.1') }),
    ],
    pools: [pool('shop', ['10.0.1.1/32'], tied({ namespaceSelectors: [{ matchLabels: { team: 'shop' } }] }))],
    namespaces: [namespace('default')],
    gives: ['a: none poolNotAllowed', 'b: none poolNotAllowed'],
  },
  '4. a service that loses the label its pool is kept for': {
    services: [has('a', '10.0.1.1', 'gold')],
    pools: [...main, pool('gold', ['10.0.1.1/32'], tied(forGold))],
    gives: ['a: 10.0.0.1 (main)'],
  },
  '5. pools by name (upstream: in random order)': {
    services: [service('x'), service('y', { age: 1 })],
    pools: [pool('b', ['10.0.1.1/32']), pool('a', ['10.0.2.1/32'])],
    gives: ['x: 10.0.2.1 (a)', 'y: 10.0.1.1 (b)'],
  },
  '5. no pool that is kept for others': {
    services: [service('a')],
    pools: [pool('shop', ['10.0.1.1/32'], tied({ namespaces: ['shop'] }))],
    gives: ['a: none allPoolsExhausted'],
  },
  'addresses in the order they are listed, the lowest free one of each': {
    services: [has('x', '10.0.9.1', 'list'), service('y', { age: 1 }), service('z', { age: 2 })],
    pools: [pool('list', ['10.0.9.1-10.0.9.2', '10.0.1.1-10.0.1.9'])],
    gives: ['x: 10.0.9.1 (list)', 'y: 10.0.9.2 (list)', 'z: 10.0.1.1 (list)'],
  },
  'network and broadcast addresses': {
    services: [service('x'), service('y', { age: 1 })],
    pools: [pool('net', ['10.0.0.0/31'])],
    gives: ['x: 10.0.0.0 (net)', 'y: 10.0.0.1 (net)'],
  },
  'no address ending in .0 or .255 where they are avoided': {
    services: [service('x'), service('y', { age: 1, annotations: asks('10.0.0.255') })],
    pools: [pool('net', ['10.0.0.0/24'], { avoidBuggyIPs: true })],
    gives: ['x: 10.0.0.1 (net)', 'y: none notInPool'],
  },
  'a held address that is avoided now': {
    services: [has('x', '10.0.0.0', 'net')],
    pools: [pool('net', ['10.0.0.0/24'], { avoidBuggyIPs: true })],
    gives: ['x: 10.0.0.1 (net)'],
  },
  'dual-stack, required: one pool has to have both': {
    services: [service('a', { spec: dual('RequireDualStack') })],
    pools: [pool('four', ['10.0.0.1/32']), pool('six', ['2001:db8::1/128'])],
    gives: ['a: none allPoolsExhausted'],
  },
  'dual-stack, preferred: the first pool with both': {
    services: [service('a', { spec: dual('PreferDualStack') })],
    pools: [pool('a-four', ['10.0.1.1/32']), ...both],
    gives: ['a: 10.0.0.1 2001:db8::1 (both)'],
  },
  'dual-stack, preferred: else one of the primary family': {
    services: [service('a', { spec: dual('PreferDualStack', ['fd00::1', '10.96.0.1']) })],
    pools: [pool('four', ['10.0.0.1/32']), pool('six', ['2001:db8::1/128'])],
    gives: ['a: 2001:db8::1 (six)'],
  },
  'dual-stack, preferred: else one of the other family': {
    services: [service('a', { spec: dual('PreferDualStack', ['fd00::1', '10.96.0.1']) })],
    pools: [pool('four', ['10.0.0.1/32'])],
    gives: ['a: 10.0.0.1 (four)'],
  },
  'dual-stack, preferred: one family where the cluster gave one': {
    services: [service('a', { spec: { ipFamilyPolicy: 'PreferDualStack' } })],
    pools: both,
    gives: ['a: 10.0.0.1 (both)'],
  },
  'dual-stack, preferred: the second address later, of the same pool': {
    services: [has('a', '10.0.0.7', 'both', { spec: dual('PreferDualStack') })],
    pools: both,
    gives: ['a: 10.0.0.7 2001:db8::1 (both)'],
  },
  'dual-stack, preferred: no second address of another pool': {
    services: [has('a', '10.0.0.1', 'four', { spec: dual('PreferDualStack') })],
    pools: [pool('four', ['10.0.0.1/32']), pool('six', ['2001:db8::1/128'])],
    gives: ['a: 10.0.0.1 (four)'],
  },
  'dual-stack, preferred: a first address for all before a second for one': {
    services: [
      has('a', '10.0.0.1', 'tight', { spec: dual('PreferDualStack') }),
      service('b', { age: 1, spec: { clusterIP: 'fd00::2', clusterIPs: ['fd00::2'] } }),
    ],
    pools: [pool('tight', ['10.0.0.1/32', '2001:db8::1/128'])],
    gives: ['a: 10.0.0.1 (tight)', 'b: 2001:db8::1 (tight)'],
  },
  'dual-stack, required from now on: the address it has stays': {
    services: [has('a', '10.0.0.2', 'both', { spec: dual('RequireDualStack') })],
    pools: both,
    gives: ['a: 10.0.0.2 2001:db8::1 (both)'],
  },
  'two held addresses of one family': {
    services: [has('a', '10.0.0.1 10.0.0.2', 'main')],
    gives: ['a: 10.0.0.1 (main)'],
  },
  'a pool that shrinks': {
    services: [has('a', '10.0.0.200', 'main')],
    gives: ['a: 10.0.0.1 (main)'],
  },
  'a pool under a new name': {
    services: [has('a', '10.0.0.5', 'old')],
    gives: ['a: 10.0.0.5 (main)'],
  },
  'a pool that is gone': {
    services: [has('a', '10.0.9.1', 'gone')],
    gives: ['a: 10.0.0.1 (main)'],
  },
  'no pool at all': {
    services: [has('a', '10.0.9.1', 'gone')],
    pools: [],
    gives: ['a: none allPoolsExhausted'],
  },
};

describe.each([
  ['sharing', SHARING],
  ['the choice of a pool', POOLS],
])('%s', (_, cases) => {
  it.each(Object.entries(cases))('%s', (_name, { services, pools = main, namespaces, gives }) => {
    expect(outcome(services, pools, namespaces)).toEqual(gives);
    // The order in which the cluster lists its objects means nothing.
    expect(outcome(services.toReversed(), pools.toReversed(), namespaces)).toEqual(gives.toReversed());
  });
});

it('counts pools beyond 2^63 addresses without a wrong sign (upstream overflows)', () => {
  const { usage } = planAddresses({
    services: [],
    pools: [pool('huge', ['2001:db8::/32', '2001:db9::/120'])],
  });
  expect(usage[0]?.total).toBe((1n << 96n) + 256n);
});

describe('what is said', () => {
  const said = (...services: Service[]) =>
    planAddresses({ services, pools: both }).decisions.flatMap(({ notices, standing }) =>
      [...notices, ...(standing ? [standing] : [])].map(
        ({ type, reason, message }) => `${type} ${reason}: ${message}`,
      ),
    );

  it('of an address that was added', () => {
    expect(said(has('a', '10.0.0.7', 'both', { spec: dual('PreferDualStack') }))).toEqual([
      'Normal IPAllocated: Assigned additional IP "2001:db8::1"',
    ]);
  });

  it('of one that could not be added', () => {
    const services = [has('a', '10.0.0.1', 'four', { spec: dual('PreferDualStack') })];
    const { decisions } = planAddresses({ services, pools: [pool('four', ['10.0.0.1/32'])] });
    expect(decisions).toMatchObject([
      {
        write: undefined,
        notices: [],
        refusal: undefined,
        standing: {
          type: 'Normal',
          reason: 'AdditionalAssignFailed',
          message:
            'cannot assign additional IP in PreferDualStack: no available IPs in pool four for ipv6 IPFamily',
        },
      },
    ]);
  });

  it('of annotations under deprecated names, when the service is written', () => {
    const annotations = { 'metallb.universe.tf/loadBalancerIPs': '10.0.0.5' };
    expect(said(service('a', { annotations }))).toEqual([
      'Normal IPAllocated: Assigned IP ["10.0.0.5"]',
      'Warning deprecatedAnnotation: Service uses deprecated annotation metallb.universe.tf/loadBalancerIPs',
    ]);
    expect(said(has('a', '10.0.0.5', 'both', { annotations }))).toEqual([]);
  });

  it('of two held addresses of one family', () => {
    expect(said(has('a', '10.0.0.1 10.0.0.2', 'both'))).toEqual([
      expect.stringContaining(
        'Warning nolbIPsIPFamily: Failed to retrieve LBIPs IPFamily for ["10.0.0.1" "10.0.0.2"]',
      ),
      'Normal IPAllocated: Assigned IP ["10.0.0.1"]',
    ]);
  });
});
