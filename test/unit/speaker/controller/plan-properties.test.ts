/** Properties that hold whatever happens: a seeded history of changes, checked after every step. */
import type { Namespace, Service } from '@metallb-l2/sdk/kube';
import { parseAddress, parseAddressRange, rangeContains, type IPAddressPool } from '@metallb-l2/sdk/models';
import { type Plan, planAddresses } from '../../../../speaker/src/controller/plan.js';
import { readClaimant } from '../../../../speaker/src/controller/service-request.js';
import { seededRandom } from '../../../support/seeded-random.ts';
import { pool, service } from './fixtures.ts';

const TIED = { serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'red' } }], priority: 1 } };
const POOLS: readonly IPAddressPool[][] = [
  [pool('a', ['10.0.0.0/28', 'fd00::/125'])],
  [pool('a', ['10.0.0.0/29']), pool('b', ['10.0.1.0/30', 'fd00:1::/126'], { autoAssign: false })],
  [pool('a', ['10.0.0.0/28'], { avoidBuggyIPs: true }), pool('b', ['10.0.0.8/30'], {}, 5)],
  [pool('c', ['10.0.2.1-10.0.2.6']), pool('tied', ['10.0.3.0/30', 'fd00:3::/126'], TIED)],
];
const DUAL = ['10.96.0.1', 'fd00:96::1'];
const SPECS: readonly NonNullable<Service['spec']>[] = [
  {},
  {},
  { clusterIPs: ['fd00:96::1'] },
  { clusterIPs: DUAL, ipFamilyPolicy: 'PreferDualStack' },
  { clusterIPs: DUAL, ipFamilyPolicy: 'RequireDualStack' },
];

class World {
  readonly services = new Map<string, Service>();
  pools = POOLS[0] ?? [];
  namespaces: readonly Namespace[] = [{ metadata: { name: 'default' } }];
  readonly random: () => number;
  #born = 0;
  #settled: Plan['settled'] = new Map();

  constructor(random: () => number) {
    this.random = random;
  }

  /** Something a user does. */
  change(): void {
    const names = [...this.services.keys()];
    const victim = names[Math.floor(this.random() * names.length)];
    const dice = this.random();
    if (victim === undefined || dice < 0.45) this.#create();
    else if (dice < 0.65) this.services.delete(victim);
    else if (dice < 0.75) this.#annotate(victim, 'loadBalancerIPs', `10.0.0.${String(this.#below(16))}`);
    else if (dice < 0.85) this.#annotate(victim, 'allow-shared-ip', this.#pick(['left', 'right', '']));
    else if (dice < 0.9)
      this.namespaces = [{ metadata: { name: 'default', labels: { team: this.#pick(['red', 'blue']) } } }];
    else this.pools = this.#pick(POOLS);
  }

  plan(): Plan {
    const { pools, namespaces } = this;
    const plan = planAddresses({
      services: [...this.services.values()],
      pools,
      namespaces,
      settled: this.#settled,
    });
    this.#settled = plan.settled;
    return plan;
  }

  /** One round of the controller in which every write succeeds with the probability `chance`. */
  round(chance: number): number {
    let writes = 0;
    for (const { write } of this.plan().decisions) {
      if (write === undefined) continue;
      writes += 1;
      if (this.random() < chance) this.services.set(write.metadata.name ?? '', write);
    }
    return writes;
  }

  settle(): void {
    for (let round = 0; round < 10; round += 1) if (this.round(1) === 0) return;
    throw new Error('the plan never comes to rest');
  }

  /** Pairs of services that are on one address and may not be. */
  clashes(): string[] {
    const clashes: string[] = [];
    const claims = [...this.services.values()].map((each) => ({
      ...readClaimant(each),
      on: addressesOf(each),
    }));
    for (const [index, a] of claims.entries()) {
      for (const b of claims.slice(index + 1)) {
        const together = a.on.filter((address) => b.on.includes(address));
        const agree = a.sharingKey !== '' && a.sharingKey === b.sharingKey && a.backendKey === b.backendKey;
        const portsClash = a.ports.some((port) => b.ports.includes(port));
        if (together.length > 0 && (!agree || portsClash)) clashes.push(`${a.service} ${b.service}`);
      }
    }
    return clashes;
  }

  #create(): void {
    this.#born += 1;
    const name = `service-${String(this.#born)}`;
    const shares = this.random() < 0.4;
    const annotations = { 'metallb.io/allow-shared-ip': this.#pick(['left', 'right']) };
    const ports = [{ port: this.#pick([80, 443, 8080]) }];
    this.services.set(
      name,
      service(name, {
        age: this.#born,
        spec: { ...this.#pick(SPECS), ports },
        ...(shares && { annotations }),
      }),
    );
  }

  #annotate(name: string, key: string, value: string): void {
    const known = this.services.get(name);
    if (known === undefined) return;
    const annotations = { ...known.metadata.annotations, [`metallb.io/${key}`]: value };
    this.services.set(name, { ...known, metadata: { ...known.metadata, annotations } });
  }

  #below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }
}

function addressesOf({ status }: Service): string[] {
  return status?.loadBalancer?.ingress?.flatMap(({ ip }) => ip ?? []) ?? [];
}

describe.each(Array.from({ length: 40 }, (_, seed) => seed))('a history of changes (seed %d)', (seed) => {
  const history = () => new World(seededRandom(seed));

  it('brings no two services onto one address that may not share it, even when writes fail', () => {
    const world = history();
    for (let step = 0; step < 60; step += 1) {
      const before = new Set(world.clashes());
      world.change();
      // What a user has brought about by changing a key is there until the controller has moved one of them.
      const byUser = new Set(world.clashes());
      world.round(0.7);
      const added = world.clashes().filter((pair) => !before.has(pair) && !byUser.has(pair));
      expect(added).toEqual([]);
    }
    world.settle();
    expect(world.clashes()).toEqual([]);
  });

  it('comes to rest with every address inside a pool, and nobody waiting for what could be given', () => {
    const world = history();
    for (let step = 0; step < 40; step += 1) {
      world.change();
      world.settle();
      const { decisions } = world.plan();
      const inPools = world.pools.flatMap(({ spec }) => spec.addresses.map(parseAddressRange));
      for (const text of [...world.services.values()].flatMap(addressesOf)) {
        expect(inPools.some((range) => rangeContains(range, parseAddress(text)))).toBe(true);
      }
      for (const { service: waits, refusal } of decisions) {
        if (refusal === undefined) continue;
        // Were each of those that wait the oldest, it would wait as well.
        const { metadata } = waits;
        const oldest = { ...waits, metadata: { ...metadata, creationTimestamp: '2020-01-01T00:00:00Z' } };
        const others = [...world.services.values()].filter((each) => each !== waits);
        const { pools, namespaces } = world;
        const again = planAddresses({ pools, namespaces, services: [oldest, ...others] });
        expect(again.decisions.find(({ service: seen }) => seen === oldest)?.refusal).toEqual(refusal);
      }
    }
  });

  it('decides nothing new after a restart, and the same in whatever order it is told', () => {
    const world = history();
    const told = (plan: Plan) => ({
      decisions: plan.decisions.map(({ write, notices, standing }) => ({ write, notices, standing })),
      usage: plan.usage,
    });
    for (let step = 0; step < 40; step += 1) {
      world.change();
      const { pools, namespaces } = world;
      const services = [...world.services.values()];
      const backwards = {
        services: services.toReversed(),
        pools: pools.toReversed(),
        namespaces: namespaces.toReversed(),
      };
      expect(told(planAddresses(backwards))).toEqual(told(planAddresses({ services, pools, namespaces })));
      world.round(0.5);
    }
    world.settle();
    const services = structuredClone([...world.services.values()]).reverse();
    const { namespaces } = world;
    const { decisions } = planAddresses({ namespaces, services, pools: world.pools.toReversed() });
    expect(decisions.filter(({ write }) => write !== undefined)).toEqual([]);
  });
});
