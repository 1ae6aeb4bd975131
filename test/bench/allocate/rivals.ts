/**
 * Our controller and upstream's, each on an API server of its own, led through one sequence of operations; after each
 * of them both are waited for, and what services have is compared.
 *
 * The sequence does not avoid that several services need another address at the same moment. Upstream then serves
 * them in the order of a Go map, and gives one at once what another is about to lose; ours serves the oldest first,
 * and with what is free. Those that come out with something else are taken away on both sides, and it goes on.
 */
import { isKubeError, type KubeObject, type Service, SERVICES } from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS } from '@metallb-l2/sdk/models';
import { DEFAULT_NAMESPACE, SERVICE_ANNOTATIONS } from '@metallb-l2/sdk/settings';
import { pause } from '../../toolchain/pause.ts';
import type { Task } from '../../toolchain/progress.ts';
import type { SubjectName } from '../benchmark.ts';
import { FIRST_POOLS, type Operation, type Sequence } from './sequence.ts';
import { until } from './services.ts';
import { AllocateSite } from './site.ts';

export interface Comparison {
  readonly operations: number;
  /** Steps after which services that needed an address at the same moment had other ones. */
  readonly unordered: number;
  /** What upstream did only when the service was touched: it does not look again by itself. */
  readonly late: readonly string[];
  /** Where upstream took an address away that it would not give anew, or gave another one, and ours left it. */
  readonly kept: readonly string[];
  /** What was not the same in the end, in words. */
  readonly differences: readonly string[];
}

/** By the service's name: its addresses in order, and the pool it says they are from. */
type Assignments = ReadonlyMap<string, string>;

const IN_NAMESPACE = { namespace: DEFAULT_NAMESPACE };
/** Moved after each change of a service, and of a pool: a controller that has moved it has seen the change. */
const SENTINELS = { services: 'sentinel', pools: 'beacon' };
/** So long the two may take to agree. */
const AGREE_MS = 5000;
const POLL_MS = 25;

/** Leads both through `operations` steps of `sequence`. */
export async function compare(sequence: Sequence, operations: number, task: Task): Promise<Comparison> {
  const rivals = await openBoth(task);
  const [late, kept, differences]: [string[], string[], string[]] = [[], [], []];
  let unordered = 0;
  try {
    let before: Assignments = new Map();
    for (let step = 1; step <= operations; step++) {
      task.signal.throwIfAborted();
      const operation = sequence.next([...before.values()].flatMap(addressesIn));
      await both(rivals, (rival) => rival.apply(operation));
      await both(rivals, (rival) => rival.settle(operation.type.plural));
      let found = await agreement(rivals, task);
      if (found.differing.length > 0) {
        if (isUnordered(found, before)) {
          unordered += 1;
        } else {
          const asked = await rivals.ours.services(found.differing);
          const said = `${step}. ${operation.what}: ${describe(found, before, asked)}`;
          const known = asked.every((service) => isKept(service, found, before));
          await both(rivals, (rival) => rival.touch(found.differing));
          found = await agreement(rivals, task);
          const [list, verdict] =
            found.differing.length === 0
              ? ([late, 'late'] as const)
              : known
                ? ([kept, 'kept'] as const)
                : ([differences, 'DIFFERENT'] as const);
          list.push(said);
          task.log(`${verdict}: ${said}`);
        }
        for (const name of found.differing) {
          const removal = sequence.remove(name);
          await both(rivals, (rival) => rival.apply(removal));
        }
        await both(rivals, (rival) => rival.settle('services'));
        found = await agreement(rivals, task);
      }
      before = found.ours;
    }
    return { operations, unordered, late, kept, differences };
  } finally {
    await both(rivals, (rival) => rival.close());
  }
}

class Rival {
  readonly #site: AllocateSite;
  readonly #task: Task;
  #moves = 0;

  private constructor(site: AllocateSite, task: Task) {
    this.#site = site;
    this.#task = task;
  }

  static async open(subject: SubjectName, task: Task): Promise<Rival> {
    const site = await AllocateSite.open(task, ['10.96.0.0/16', 'fd00:96::/112']);
    const rival = new Rival(site, task);
    try {
      await rival.#prepare();
      await site.start(subject, task);
      await rival.settle('services');
      await rival.settle('pools');
      return rival;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  async #prepare(): Promise<void> {
    const { signal } = this.#task;
    for (const [name, spec] of Object.entries(FIRST_POOLS)) await this.#site.createPool(name, spec, signal);
    const { services, pools } = SENTINELS;
    await this.#site.createPool(services, { addresses: ['10.39.0.0/24'], autoAssign: false }, signal);
    await this.#site.createPool(pools, { addresses: ['10.39.1.0/32'], autoAssign: false }, signal);
    for (const name of [services, pools]) {
      const metadata = { name, ...IN_NAMESPACE, annotations: { [SERVICE_ANNOTATIONS.addressPool]: name } };
      const spec: Service['spec'] = { type: 'LoadBalancer', ports: [{ port: 1 }] };
      await this.#site.api.create(SERVICES, { metadata, spec }, { signal });
    }
  }

  /** What the API server refuses stays undone, on both sides alike. */
  async apply({ type, name, verb, body }: Operation): Promise<void> {
    const { api } = this.#site;
    const { signal } = this.#task;
    const ref = { ...IN_NAMESPACE, name };
    const object = { ...body, metadata: { ...body.metadata, ...ref } } as KubeObject;
    try {
      if (verb === 'create') await api.create(type, object, { signal });
      else if (verb === 'patch') await api.patch(type, ref, body, { type: 'merge', signal });
      else await api.delete(type, ref, { signal });
    } catch (error) {
      if (!isKubeError(error, 'Invalid', 'NotFound')) throw error;
    }
  }

  /** Resolves when the controller has seen what was done to `plural` so far. */
  async settle(plural: string): Promise<void> {
    const { api } = this.#site;
    const { signal } = this.#task;
    this.#moves += 1;
    const of = plural === 'services' ? 'services' : 'pools';
    const [ref, last] = [{ ...IN_NAMESPACE, name: SENTINELS[of] }, this.#moves % 256];
    const [ip, options] = [`10.39.${of === 'services' ? 0 : 1}.${last}`, { type: 'merge', signal } as const];
    if (of === 'services') {
      const annotations = { [SERVICE_ANNOTATIONS.loadBalancerIPs]: ip };
      await api.patch(SERVICES, ref, { metadata: { annotations } }, options);
    } else {
      await api.patch(IP_ADDRESS_POOLS, ref, { spec: { addresses: [`${ip}/32`] } }, options);
    }
    const moved = async () => addressesOf(await api.get(SERVICES, ref, { signal })).join() === ip;
    await until(`the controller moves the ${ref.name} to ${ip}`, moved, { ...this.#task, pollMs: POLL_MS });
  }

  /** Changes services in no way that matters, which makes a controller look at them. */
  async touch(names: readonly string[]): Promise<void> {
    const { api } = this.#site;
    const { signal } = this.#task;
    for (const name of names) {
      const annotations = { touched: String(this.#moves) };
      const ref = { ...IN_NAMESPACE, name };
      await api.patch(SERVICES, ref, { metadata: { annotations } }, { type: 'merge', signal });
    }
    await this.settle('services');
  }

  async assignments(): Promise<Assignments> {
    const { items } = await this.#site.api.list(SERVICES, { ...IN_NAMESPACE, signal: this.#task.signal });
    const others = items.filter(({ metadata }) => !Object.values(SENTINELS).includes(metadata.name ?? ''));
    return new Map(
      others.map((service) => {
        const pool = service.metadata.annotations?.[SERVICE_ANNOTATIONS.allocatedFromPool] ?? '';
        return [service.metadata.name ?? '', `${addressesOf(service).join()} ${pool}`.trim()] as const;
      }),
    );
  }

  services(names: readonly string[]): Promise<Service[]> {
    return Promise.all(names.map((name) => this.#site.api.get(SERVICES, { ...IN_NAMESPACE, name })));
  }

  close(): Promise<void> {
    return this.#site.close();
  }
}

interface Rivals {
  readonly ours: Rival;
  readonly upstream: Rival;
}

async function openBoth(task: Task): Promise<Rivals> {
  const ours = await Rival.open('ours', task);
  try {
    return { ours, upstream: await Rival.open('upstream', task) };
  } catch (error) {
    await ours.close();
    throw error;
  }
}

async function both<T>(rivals: Rivals, act: (rival: Rival) => Promise<T>): Promise<[T, T]> {
  return Promise.all([act(rivals.ours), act(rivals.upstream)]);
}

interface Found {
  readonly ours: Assignments;
  readonly upstream: Assignments;
  /** The services that have not the same. */
  readonly differing: readonly string[];
}

/** What both have given, when it is the same, or when they have had their time. */
async function agreement(rivals: Rivals, { signal }: Task): Promise<Found> {
  for (const deadline = performance.now() + AGREE_MS; ;) {
    const [ours, upstream] = await both(rivals, (rival) => rival.assignments());
    const names = [...new Set([...ours.keys(), ...upstream.keys()])];
    const differing = names.filter((name) => ours.get(name) !== upstream.get(name)).sort();
    if (differing.length === 0 || performance.now() > deadline) return { ours, upstream, differing };
    await pause(POLL_MS, signal);
  }
}

/** Whether several services got or lost something, and those that differ could not keep what they had on either side. */
function isUnordered({ ours, upstream, differing }: Found, before: Assignments): boolean {
  const changed = [...before].filter(([name, had]) => ours.get(name) !== had || upstream.get(name) !== had);
  const needed = (name: string) => {
    const had = before.get(name) ?? '';
    return had === '' || (ours.get(name) !== had && upstream.get(name) !== had);
  };
  return changed.length > 1 && differing.every(needed);
}

/**
 * Whether ours has left a service what it had, and upstream has not: either the service asks for addresses that
 * neither would give it now (a request that cannot be read, or one address where the service has two families), or
 * it needs other families, and upstream begins anew.
 */
function isKept({ metadata, spec = {} }: Service, { ours, upstream }: Found, before: Assignments): boolean {
  const name = metadata.name ?? '';
  const asks = Object.keys(metadata.annotations ?? {}).some((key) => key.endsWith('/loadBalancerIPs'));
  const had = before.get(name) ?? '';
  const [here, there] = [ours.get(name) ?? '', upstream.get(name) ?? ''];
  if (asks || spec.loadBalancerIP !== undefined) return had !== '' && here === had && there === '';
  const kept = addressesIn(had).filter((address) => addressesIn(here).includes(address));
  const isConverted = addressesIn(had).length !== addressesIn(here).length;
  return isConverted && kept.some((address) => !addressesIn(there).includes(address));
}

function describe({ ours, upstream }: Found, before: Assignments, services: readonly Service[]): string {
  const quote = (assignment: string | undefined) => assignment || 'nothing';
  const words = services.map(({ metadata, spec = {} }) => {
    const { name = '', annotations } = metadata;
    const { type, ipFamilyPolicy, loadBalancerIP, externalTrafficPolicy, ports } = spec;
    const given = `had ${quote(before.get(name))}, has ${quote(ours.get(name))}, upstream ${quote(upstream.get(name))}`;
    const asks = { ...annotations, type, ipFamilyPolicy, loadBalancerIP, externalTrafficPolicy, ports };
    return `${name} ${given} (${JSON.stringify(asks)})`;
  });
  return words.join('; ');
}

function addressesOf({ status }: Service): string[] {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip);
}

function addressesIn(assignment: string): string[] {
  return (assignment.split(' ')[0] ?? '').split(',').filter((text) => text !== '');
}
