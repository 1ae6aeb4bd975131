/**
 * A random walk through what people do with services and pools: the same seed gives the same walk, as long as it is
 * told the same assignments. Names and numbers are few, so that services meet again and again.
 */
import { type Random, type ResourceType, type ServicePort, SERVICES } from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, type IPAddressPoolSpec } from '@metallb-l2/sdk/models';

/** One thing somebody does; a patch is a JSON merge patch. */
export interface Operation {
  /** For people. */
  readonly what: string;
  readonly type: ResourceType;
  readonly name: string;
  readonly verb: 'create' | 'patch' | 'delete';
  readonly body: { readonly metadata?: object; readonly spec?: object };
}

type PoolName = 'main' | 'named' | 'small';

/**
 * Only one pool at a time gives addresses to whoever asks for none in particular: among several, upstream's choice is
 * the order of a Go map.
 */
export const FIRST_POOLS: Readonly<Record<PoolName, IPAddressPoolSpec>> = {
  main: { addresses: ['10.30.0.0/28', 'fd00:30::/124'] },
  named: { addresses: ['10.31.0.250-10.31.1.5', 'fd00:31::/125'], autoAssign: false },
  small: { addresses: ['10.32.0.7/32', 'fd00:32::7/128'], autoAssign: false },
};
const OTHER_ADDRESSES: Readonly<Record<PoolName, readonly string[][]>> = {
  main: [['10.30.0.4-10.30.0.20', 'fd00:30::/124'], ['10.30.0.0/27', 'fd00:30::8/125'], ['10.30.0.0/28']],
  named: [['10.31.0.252/30', '10.31.1.0/30', 'fd00:31::/125'], ['10.31.0.0/24'], ['fd00:31::/125']],
  small: [['10.32.0.7-10.32.0.8', 'fd00:32::7/128'], ['10.32.0.9/32']],
};
/** What is asked for beside what somebody has: of each pool, and of none. */
const REQUESTED = [
  '10.30.0.3',
  '10.30.0.11',
  '10.31.0.255',
  '10.31.1.1',
  '10.32.0.7',
  '10.99.0.1',
  'fd00:30::5',
  'no address',
];
const SERVICE_COUNT = 14;
const PREFIX = 'metallb.io/';
const OLD_PREFIX = 'metallb.universe.tf/';

export class Sequence {
  readonly #random: Random;
  readonly #services = new Set<string>();
  readonly #pools = new Map<PoolName, IPAddressPoolSpec>(
    Object.entries(FIRST_POOLS) as [PoolName, IPAddressPoolSpec][],
  );

  constructor(random: Random) {
    this.#random = random;
  }

  /** @param held addresses that services have at this moment */
  next(held: readonly string[]): Operation {
    const name = `service-${Math.floor(this.#random() * SERVICE_COUNT)}`;
    if (this.#random() < 0.08) return this.#changePool();
    if (!this.#services.has(name)) return this.#create(name, held);
    if (this.#random() < 0.15) return this.remove(name);
    return this.#pick([
      () => this.#retype(name),
      () => this.#annotate(name, this.#sharing()),
      () => this.#annotate(name, this.#addresses(held)),
      () => this.#annotate(name, this.#pool()),
      () => this.#annotate(name, { [`${PREFIX}loadBalancerIPs`]: null, [`${PREFIX}address-pool`]: null }),
      () => this.#respec(name, { ports: this.#ports() }),
      () => this.#respec(name, { externalTrafficPolicy: this.#pick(['Cluster', 'Local']) }),
      () => this.#respec(name, this.#families()),
      () => this.#respec(name, { loadBalancerIP: this.#pick([null, ...REQUESTED, ...held]) }),
    ])();
  }

  /** Takes a service away. */
  remove(name: string): Operation {
    this.#services.delete(name);
    return { what: `delete ${name}`, type: SERVICES, name, verb: 'delete', body: {} };
  }

  #create(name: string, held: readonly string[]): Operation {
    this.#services.add(name);
    const asks = this.#pick([{}, {}, this.#sharing(), this.#sharing(), this.#pool(), this.#addresses(held)]);
    const spec = {
      type: this.#random() < 0.9 ? 'LoadBalancer' : 'ClusterIP',
      selector: { app: this.#pick(['a', 'b']) },
      ports: this.#ports(),
      ...this.#families(),
    };
    return this.#service('create', name, { metadata: { annotations: asks }, spec });
  }

  #retype(name: string): Operation {
    return this.#respec(name, { type: this.#pick(['LoadBalancer', 'LoadBalancer', 'ClusterIP']) });
  }

  #annotate(name: string, annotations: Record<string, string | null>): Operation {
    return this.#service('patch', name, { metadata: { annotations } });
  }

  #respec(name: string, spec: object): Operation {
    return this.#service('patch', name, { spec });
  }

  #service(verb: 'create' | 'patch', name: string, body: Operation['body']): Operation {
    const what = `${verb} ${name} ${JSON.stringify({ ...body.metadata, ...body.spec })}`;
    return { what, type: SERVICES, name, verb, body };
  }

  #changePool(): Operation {
    const name = this.#pick<PoolName>(['main', 'named', 'named', 'small', 'small']);
    const spec = this.#pools.get(name);
    const pool = { type: IP_ADDRESS_POOLS, name };
    if (spec === undefined) {
      this.#pools.set(name, FIRST_POOLS[name]);
      const body = { spec: FIRST_POOLS[name] };
      return { what: `create pool ${name}`, ...pool, verb: 'create', body };
    }
    if (name !== 'main' && this.#random() < 0.3) {
      this.#pools.delete(name);
      return { what: `delete pool ${name}`, ...pool, verb: 'delete', body: {} };
    }
    const change = this.#pick([
      { addresses: this.#pick([FIRST_POOLS[name].addresses, ...OTHER_ADDRESSES[name]]) },
      { avoidBuggyIPs: this.#random() < 0.5 },
    ]);
    this.#pools.set(name, { ...spec, ...change });
    return { what: `pool ${name} ${JSON.stringify(change)}`, ...pool, verb: 'patch', body: { spec: change } };
  }

  #sharing(): Record<string, string | null> {
    return { [`${this.#prefix()}allow-shared-ip`]: this.#pick(['left', 'left', 'right', null]) };
  }

  #pool(): Record<string, string | null> {
    return {
      [`${this.#prefix()}address-pool`]: this.#pick(['main', 'named', 'named', 'small', 'missing', null]),
    };
  }

  #addresses(held: readonly string[]): Record<string, string | null> {
    const one = this.#pick([...REQUESTED, ...held, ...held]);
    const value = this.#random() < 0.2 ? `${one}, ${this.#pick([...REQUESTED, ...held])}` : one;
    return { [`${this.#prefix()}loadBalancerIPs`]: value };
  }

  #ports(): ServicePort[] {
    const port = this.#pick([80, 443, 8080]);
    return [{ name: 'main', port, protocol: this.#pick(['TCP', 'TCP', 'UDP'] as const) }];
  }

  #families(): object {
    return this.#pick([
      { ipFamilyPolicy: 'SingleStack' },
      { ipFamilyPolicy: 'SingleStack' },
      { ipFamilyPolicy: 'PreferDualStack' },
      { ipFamilyPolicy: 'RequireDualStack' },
    ]);
  }

  #prefix(): string {
    return this.#random() < 0.9 ? PREFIX : OLD_PREFIX;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)] as T;
  }
}
