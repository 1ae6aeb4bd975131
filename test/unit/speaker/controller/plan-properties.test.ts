/** Properties that hold whatever happens: a seeded history of changes, checked after every step. */
import type { Service } from '@metallb-l2/sdk/kube';
import { parseAddress, parseAddressRange, rangeContains, type IPAddressPool } from '@metallb-l2/sdk/models';
import { planAddresses } from '../../../../speaker/src/controller/plan.js';
import { seededRandom } from '../../../support/seeded-random.ts';
import { pool, service } from './fixtures.ts';

const POOLS: readonly IPAddressPool[][] = [
  [pool('a', ['10.0.0.0/28'])],
  [pool('a', ['10.0.0.0/29']), pool('b', ['10.0.1.0/30'], { autoAssign: false })],
  [pool('a', ['10.0.0.0/28'], { avoidBuggyIPs: true }), pool('b', ['10.0.0.8/30'], {}, 5)],
  [pool('c', ['10.0.2.1-10.0.2.6'])],
];

class World {
  readonly services = new Map<string, Service>();
  pools = POOLS[0] ?? [];
  readonly random: () => number;
  #born = 0;

  constructor(random: () => number) {
    this.random = random;
  }

  /** Something a user does. */
  change(): void {
    const names = [...this.services.keys()];
    const victim = names[Math.floor(this.random() * names.length)];
    const dice = this.random();
    if (victim === undefined || dice < 0.5) this.#create();
    else if (dice < 0.75) this.services.delete(victim);
    else if (dice < 0.85) this.#ask(victim);
    else this.pools = POOLS[Math.floor(this.random() * POOLS.length)] ?? [];
  }

  /** One round of the controller in which every write succeeds with the probability `chance`. */
  round(chance: number): number {
    const { decisions } = planAddresses({ services: [...this.services.values()], pools: this.pools });
    let writes = 0;
    for (const { write } of decisions) {
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

  addresses(): string[] {
    return [...this.services.values()].flatMap(
      ({ status }) => status?.loadBalancer?.ingress?.flatMap(({ ip }) => ip ?? []) ?? [],
    );
  }

  #create(): void {
    this.#born += 1;
    const name = `service-${String(this.#born)}`;
    this.services.set(name, service(name, { age: this.#born }));
  }

  #ask(name: string): void {
    const known = this.services.get(name);
    if (known === undefined) return;
    const last = Math.floor(this.random() * 16);
    const annotations = {
      ...known.metadata.annotations,
      'metallb.io/loadBalancerIPs': `10.0.0.${String(last)}`,
    };
    this.services.set(name, { ...known, metadata: { ...known.metadata, annotations } });
  }
}

describe.each(Array.from({ length: 30 }, (_, seed) => seed))('a history of changes (seed %d)', (seed) => {
  const history = () => new World(seededRandom(seed));

  it('never puts one address on two services, even when writes fail', () => {
    const world = history();
    for (let step = 0; step < 60; step += 1) {
      world.change();
      world.round(0.7);
      const addresses = world.addresses();
      expect(new Set(addresses).size).toBe(addresses.length);
    }
  });

  it('comes to rest with every address inside a pool, and none free while someone waits for it', () => {
    const world = history();
    for (let step = 0; step < 40; step += 1) {
      world.change();
      world.settle();
      const services = [...world.services.values()];
      const { decisions, usage } = planAddresses({ services, pools: world.pools });
      const anyWaits = decisions.some(({ refusal }) => refusal?.reason === 'allPoolsExhausted');
      const automatic = usage.filter(({ pool: name }) => name !== 'b');
      const anyFree = automatic.some(({ total, inUse }) => BigInt(inUse) < total);
      expect(anyWaits && anyFree).toBe(false);
      const given = world.addresses().map(parseAddress);
      for (const address of given) {
        const inside = world.pools.some(({ spec }) =>
          spec.addresses.some((text) => rangeContains(parseAddressRange(text), address)),
        );
        expect(inside).toBe(true);
      }
    }
  });

  it('decides nothing new after a restart', () => {
    const world = history();
    for (let step = 0; step < 40; step += 1) world.change();
    world.settle();
    const before = structuredClone([...world.services.values()]);
    const { decisions } = planAddresses({ services: before.reverse(), pools: world.pools.toReversed() });
    expect(decisions.filter(({ write }) => write !== undefined)).toEqual([]);
  });
});
