/**
 * Pools, advertisements and nodes, resolved against each other once so that services can be judged
 * quickly. What cannot be understood is left out and reported; the rest stays in force.
 */
import type { Node } from '../kube/core-types.js';
import {
  AddressError,
  checkSelector,
  matchesSelector,
  parseAddressRange,
  SelectorError,
  type AddressRange,
  type IPAddressPool,
  type L2Advertisement,
  type LabelSelector,
} from '../models/index.js';

export interface PoolView {
  readonly name: string;
  readonly ranges: readonly AddressRange[];
}

export interface AdvertisementView {
  readonly name: string;
  /** Names of the pools it announces. */
  readonly pools: ReadonlySet<string>;
  /** Names of the nodes it selects. */
  readonly nodes: ReadonlySet<string>;
  /** How much it prefers some of these nodes: the sum of the weights that match, by name. */
  readonly preferences: ReadonlyMap<string, number>;
  /** Interfaces it is limited to; empty for all. */
  readonly interfaces: readonly string[];
  /** Services it is limited to; empty for all. */
  readonly serviceSelectors: readonly LabelSelector[];
}

/** A part of the configuration that cannot be understood. */
export interface ConfigProblem {
  readonly kind: 'IPAddressPool' | 'L2Advertisement';
  readonly name: string;
  /** In one sentence: what is left out, and why. */
  readonly message: string;
}

export interface Layer2Config {
  readonly pools: readonly PoolView[];
  readonly advertisements: readonly AdvertisementView[];
  /** What was left out. */
  readonly problems: readonly ConfigProblem[];
}

/** Resolves the configuration; the order of the inputs does not matter. */
export function resolveLayer2Config(input: {
  pools: readonly IPAddressPool[];
  advertisements: readonly L2Advertisement[];
  nodes: readonly Node[];
}): Layer2Config {
  const problems: ConfigProblem[] = [];
  const pools = sortedByName(input.pools);
  return {
    pools: pools.map((pool) => viewPool(pool, problems)),
    advertisements: sortedByName(input.advertisements).flatMap((advertisement) => {
      try {
        return [viewAdvertisement(advertisement, pools, input.nodes)];
      } catch (error) {
        if (!(error instanceof SelectorError)) throw error;
        const name = nameOf(advertisement);
        const message = `L2Advertisement ${name} is left out: ${error.message}.`;
        problems.push({ kind: 'L2Advertisement', name, message });
        return [];
      }
    }),
    problems,
  };
}

function viewPool(pool: IPAddressPool, problems: ConfigProblem[]): PoolView {
  const ranges = pool.spec.addresses.flatMap((text) => {
    try {
      return [parseAddressRange(text)];
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      const name = nameOf(pool);
      const message = `A range of IPAddressPool ${name} is left out: ${error.message}.`;
      problems.push({ kind: 'IPAddressPool', name, message });
      return [];
    }
  });
  return { name: nameOf(pool), ranges };
}

function viewAdvertisement(
  advertisement: L2Advertisement,
  pools: readonly IPAddressPool[],
  nodes: readonly Node[],
): AdvertisementView {
  const {
    ipAddressPools = [],
    ipAddressPoolSelectors = [],
    nodeSelectors = [],
    preferredNodeSelectors = [],
    ...rest
  } = advertisement.spec ?? {};
  const everyPool = ipAddressPools.length === 0 && ipAddressPoolSelectors.length === 0;
  const named = new Set(ipAddressPools);
  // An operator that does not exist must show here, not when the first service comes along.
  for (const selector of rest.serviceSelectors ?? []) checkSelector(selector);
  for (const { preference } of preferredNodeSelectors) checkSelector(preference);
  const selected = nodes.filter(
    (node) =>
      nodeSelectors.length === 0 ||
      nodeSelectors.some((selector) => matchesSelector(selector, node.metadata.labels)),
  );
  const weigh = (node: Node) =>
    preferredNodeSelectors
      .filter(({ preference }) => matchesSelector(preference, node.metadata.labels))
      .reduce((sum, { weight }) => sum + weight, 0);
  return {
    name: nameOf(advertisement),
    pools: new Set(
      pools
        .filter(
          (pool) =>
            everyPool ||
            named.has(nameOf(pool)) ||
            ipAddressPoolSelectors.some((selector) => matchesSelector(selector, pool.metadata.labels)),
        )
        .map(nameOf),
    ),
    nodes: new Set(selected.map(nameOf)),
    preferences: new Map(
      preferredNodeSelectors.length === 0 ? [] : selected.map((node) => [nameOf(node), weigh(node)]),
    ),
    interfaces: rest.interfaces ?? [],
    serviceSelectors: rest.serviceSelectors ?? [],
  };
}

function sortedByName<T extends { metadata: { name?: string } }>(objects: readonly T[]): T[] {
  return [...objects].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf(object: { metadata: { name?: string } }): string {
  return object.metadata.name ?? '';
}
