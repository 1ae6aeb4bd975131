/**
 * Properties of shared, dual-stack and kept addresses over seeded histories, each checked by brute force over pools
 * small enough to try every address.
 */
import type { Namespace, Service } from '@metallb-l2/sdk/kube';
import {
  type AddressFamily,
  formatAddress,
  type IPAddressPool,
  parseAddressRange,
} from '@metallb-l2/sdk/models';
import { planAddresses } from '../../../../speaker/src/controller/plan.js';
import { seededRandom } from '../../../support/seeded-random.ts';
import { pool, service } from './fixtures.ts';

const KEYS = ['', '', 'k', 'l'];
const PORTS = [80, 443, 8080];
const FAMILIES = [['10.96.0.1'], ['fd00::1'], ['10.96.0.1', 'fd00::1'], ['fd00::1', '10.96.0.1']];
const NAMESPACES: readonly Namespace[] = [
  { metadata: { name: 'shop', labels: { team: 'shop' } } },
  { metadata: { name: 'default', labels: {} } },
];
const POOLS: readonly IPAddressPool[][] = [
  [pool('a', ['10.0.0.1-10.0.0.4', '2001:db8::1-2001:db8::3'])],
  [pool('a', ['10.0.0.1-10.0.0.2']), pool('b', ['10.0.1.1/32', '2001:db8::1/127'])],
  [
    pool('a', ['10.0.0.1-10.0.0.3']),
    pool('gold', ['10.0.2.1/32', '2001:db8::5/128'], {
      serviceAllocation: { priority: 5, serviceSelectors: [{ matchLabels: { tier: 'gold' } }] },
    }),
    pool('shop', ['10.0.3.1/32', '2001:db8::6/128'], {
      serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'shop' } }] },
    }),
  ],
];

interface World {
  services: Service[];
  pools: readonly IPAddressPool[];
}

const plan = ({ services, pools }: World) => planAddresses({ services, pools, namespaces: NAMESPACES });

function settle(world: World): void {
  for (let round = 0; round < 12; round += 1) {
    const writes = new Map(
      plan(world).decisions.flatMap(({ service: { metadata }, write }) =>
        write === undefined ? [] : [[metadata.uid, write] as const],
      ),
    );
    if (writes.size === 0) return;
    world.services = world.services.map((each) => writes.get(each.metadata.uid) ?? each);
  }
  throw new Error('the plan never comes to rest');
}

function born(age: number, random: () => number): Service {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const clusterIPs = pick(FAMILIES);
  const policies =
    clusterIPs.length === 1 ? ['SingleStack' as const] : (['PreferDualStack', 'RequireDualStack'] as const);
  const key = pick(KEYS);
  return service(`s${String(age)}`, {
    age,
    namespace: pick(['default', 'shop']),
    labels: { tier: pick(['gold', 'tin']) },
    annotations: key === '' ? {} : { 'metallb.io/allow-shared-ip': key },
    spec: {
      clusterIPs,
      ipFamilyPolicy: pick<'SingleStack' | 'PreferDualStack' | 'RequireDualStack'>(policies),
      ports: [{ port: pick(PORTS) }],
      ...(random() < 0.3 && { externalTrafficPolicy: 'Local', selector: { app: pick(['x', 'y']) } }),
    },
  });
}

const ipsOf = ({ status }: Service) => (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
const keyOf = ({ metadata }: Service) => metadata.annotations?.['metallb.io/allow-shared-ip'] ?? '';
const backends = ({ metadata, spec }: Service) =>
  spec?.externalTrafficPolicy === 'Local'
    ? `${metadata.namespace ?? ''}/${spec.selector?.['app'] ?? ''}`
    : '';
const portsOf = ({ spec }: Service) => (spec?.ports ?? []).map(({ port }) => port);

function mayShare(a: Service, b: Service): boolean {
  const samePort = portsOf(a).some((port) => portsOf(b).includes(port));
  return keyOf(a) !== '' && keyOf(a) === keyOf(b) && backends(a) === backends(b) && !samePort;
}

/** Whether some pool has an address of `family` for `who`, whichever. */
function fits(world: World, who: Service, candidate: IPAddressPool, family: AddressFamily): boolean {
  return candidate.spec.addresses.map(parseAddressRange).some((range) => {
    if (range.family !== family) return false;
    for (let value = range.first; value <= range.last; value += 1n) {
      const ip = formatAddress(family, value);
      const others = world.services.filter((each) => each !== who && ipsOf(each).includes(ip));
      if (others.every((other) => mayShare(who, other))) return true;
    }
    return false;
  });
}

function isFor({ metadata, spec }: IPAddressPool, { metadata: whose }: Service): boolean {
  if (spec.serviceAllocation === undefined) return true;
  return metadata.name === 'gold' ? whose.labels?.['tier'] === 'gold' : whose.namespace === 'shop';
}

function couldBeServed(world: World, who: Service): boolean {
  const families = (who.spec?.clusterIPs ?? []).map((ip): AddressFamily => (ip.includes(':') ? 6 : 4));
  const needsAll = who.spec?.ipFamilyPolicy !== 'PreferDualStack';
  return world.pools
    .filter((candidate) => isFor(candidate, who))
    .some((candidate) => {
      const has = (family: AddressFamily) => fits(world, who, candidate, family);
      return needsAll ? families.every(has) : families.some(has);
    });
}

it.each(Array.from({ length: 60 }, (_, seed) => seed))('history %d', (seed) => {
  const random = seededRandom(seed);
  const world: World = { services: [], pools: POOLS[seed % POOLS.length] ?? [] };
  for (let step = 0; step < 25; step += 1) {
    const victim = Math.floor(random() * world.services.length);
    if (random() < 0.7 || world.services.length === 0) world.services.push(born(step, random));
    else if (random() < 0.8) world.services.splice(victim, 1);
    else world.pools = POOLS[Math.floor(random() * POOLS.length)] ?? [];
    settle(world);

    const { services } = world;
    for (const [index, a] of services.entries()) {
      for (const b of services.slice(index + 1)) {
        const together = ipsOf(a).some((ip) => ipsOf(b).includes(ip));
        expect(together && !mayShare(a, b)).toBe(false);
      }
      expect(ipsOf(a).length > 0 || !couldBeServed(world, a)).toBe(true);
    }
    const restarted = { services: structuredClone(services).reverse(), pools: world.pools.toReversed() };
    expect(plan(restarted).decisions.filter(({ write }) => write !== undefined)).toEqual([]);
  }
});
