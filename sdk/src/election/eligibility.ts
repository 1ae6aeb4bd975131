/**
 * Which nodes may announce a service, with the reason for each that may not. The rules are upstream's
 * (speaker/layer2_controller.go), in upstream's order.
 */
import type { EndpointSlice, Node, Service } from '../kube/core-types.js';
import {
  formatAddress,
  matchesSelector,
  parseAddress,
  rangeContains,
  AddressError,
  type Address,
} from '../models/index.js';
import { EXCLUDE_NODE_LABEL } from '../settings/labels.js';
import type { Preferences } from './election.js';
import type { AdvertisementView, Layer2Config, PoolView } from './layer2-config.js';
import type { NodeRefusal, ServiceRefusal } from './reasons.js';

export interface EligibilityInput {
  readonly service: Service;
  readonly endpointSlices: readonly EndpointSlice[];
  readonly config: Layer2Config;
  readonly nodes: ReadonlyMap<string, Node>;
  /** Names of the nodes with a live speaker. */
  readonly members: ReadonlySet<string>;
  /** The only class of services that is announced; undefined for those without one. */
  readonly loadBalancerClass?: string | undefined;
}

export type Eligibility =
  | { readonly ok: false; readonly reason: ServiceRefusal }
  | {
      readonly ok: true;
      /** The service's addresses in canonical form, in the order of its status. */
      readonly addresses: readonly string[];
      /** Advertisements that select the service; never empty. */
      readonly advertisements: readonly AdvertisementView[];
      /** Nodes that may announce it. */
      readonly candidates: readonly string[];
      /** How much its advertisements together prefer each of them. */
      readonly preferences: Preferences;
      /** Why each of the other nodes may not. */
      readonly refused: ReadonlyMap<string, NodeRefusal>;
    };

/** Judges one service. */
export function judgeService(input: EligibilityInput): Eligibility {
  const { service, endpointSlices, config } = input;
  if (service.spec?.type !== 'LoadBalancer') return refuse('notLoadBalancer');
  if (service.spec.loadBalancerClass !== input.loadBalancerClass) return refuse('otherLoadBalancerClass');
  const addresses = readAddresses(service);
  if (addresses === undefined) return refuse('invalidIP');
  if (addresses.length === 0) return refuse('noIPAllocated');
  const pool = findPool(addresses, config.pools);
  if (pool === undefined) return refuse('ipNotAllowed');
  const servingNodes = nodesServing(endpointSlices);
  if (servingNodes === undefined) return refuse('noServingEndpoints');
  const advertisements = config.advertisements.filter((advertisement) =>
    advertises(advertisement, pool.name, service),
  );
  if (advertisements.length === 0) return refuse('noMatchingAdvertisement');

  const needed = service.spec.externalTrafficPolicy === 'Local' ? servingNodes : undefined;
  const candidates: string[] = [];
  const refused = new Map<string, NodeRefusal>();
  for (const [name, node] of input.nodes) {
    const reason = refuseNode(name, node, { advertisements, members: input.members, needed });
    if (reason === undefined) candidates.push(name);
    else refused.set(name, reason);
  }
  return {
    ok: true,
    addresses: addresses.map(({ family, value }) => formatAddress(family, value)),
    advertisements,
    candidates,
    preferences: sumPreferences(advertisements),
    refused,
  };
}

/** How much `advertisements` together prefer each node. */
export function sumPreferences(advertisements: readonly AdvertisementView[]): Preferences {
  const sums = new Map<string, number>();
  for (const { preferences } of advertisements) {
    for (const [node, weight] of preferences) sums.set(node, (sums.get(node) ?? 0) + weight);
  }
  return sums;
}

/** The interfaces `node` announces on: the union of what its advertisements allow, sorted. */
export function interfacesFor(
  node: string,
  advertisements: readonly AdvertisementView[],
): 'all' | readonly string[] {
  const mine = advertisements.filter((advertisement) => advertisement.nodes.has(node));
  if (mine.some(({ interfaces }) => interfaces.length === 0)) return 'all';
  return [...new Set(mine.flatMap(({ interfaces }) => interfaces))].sort();
}

/** The addresses a service has, in the order of its status; undefined when one of them is none. */
export function readAddresses({ status }: Service): readonly Address[] | undefined {
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => readAddress(ip));
  return addresses.every((address) => address !== undefined) ? addresses : undefined;
}

/** The pool that has all of `addresses`. */
export function findPool(addresses: readonly Address[], pools: readonly PoolView[]): PoolView | undefined {
  return pools.find(({ ranges }) =>
    addresses.every((address) => ranges.some((range) => rangeContains(range, address))),
  );
}

/** Whether `advertisement` announces addresses of `pool` for `service`. */
export function advertises(advertisement: AdvertisementView, pool: string, service: Service): boolean {
  const { pools, serviceSelectors } = advertisement;
  if (!pools.has(pool)) return false;
  return (
    serviceSelectors.length === 0 ||
    serviceSelectors.some((selector) => matchesSelector(selector, service.metadata.labels))
  );
}

/** Nodes with an endpoint that can take traffic; `undefined` when there is no such endpoint at all. */
export function nodesServing(slices: readonly EndpointSlice[]): ReadonlySet<string> | undefined {
  const serving = slices
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false || conditions.serving === true);
  if (serving.length === 0) return undefined;
  return new Set(serving.map(({ nodeName }) => nodeName).filter((name) => name !== undefined));
}

/** Why a node announces nothing at all, if so. */
export function excludeNode({ metadata, status }: Node): NodeRefusal | undefined {
  const unavailable = (status?.conditions ?? []).some(
    ({ type, status: value }) => type === 'NetworkUnavailable' && value === 'True',
  );
  if (unavailable) return 'networkUnavailable';
  return metadata.labels?.[EXCLUDE_NODE_LABEL] === undefined ? undefined : 'excludedFromLoadBalancers';
}

function refuse(reason: ServiceRefusal): Eligibility {
  return { ok: false, reason };
}

function refuseNode(
  name: string,
  node: Node,
  rules: {
    advertisements: readonly AdvertisementView[];
    members: ReadonlySet<string>;
    needed: ReadonlySet<string> | undefined;
  },
): NodeRefusal | undefined {
  if (!rules.advertisements.some(({ nodes }) => nodes.has(name))) return 'notSelectedByAdvertisement';
  if (!rules.members.has(name)) return 'notMember';
  const exclusion = excludeNode(node);
  if (exclusion !== undefined) return exclusion;
  if (rules.needed !== undefined && !rules.needed.has(name)) return 'noLocalEndpoint';
  return undefined;
}

function readAddress(text: string | undefined): Address | undefined {
  try {
    return parseAddress(text ?? '');
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}
