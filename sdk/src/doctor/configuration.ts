/** Whether pools and advertisements can do what they were made for. */
import { type ConfigProblem, type Layer2Config, resolveLayer2Config } from '../election/index.js';
import type { KubeObject, ResourceType } from '../kube/kube-api.js';
import { qualifiedName } from '../kube/object-ref.js';
import { formatAddress, rangesOverlap } from '../models/address.js';
import { CONFIGURATION_STATES, type ConfigurationState } from '../models/configuration-state.js';
import { IP_ADDRESS_POOLS, type IPAddressPool } from '../models/ip-address-pool.js';
import { L2_ADVERTISEMENTS } from '../models/l2-advertisement.js';
import { enumerate } from '../text.js';
import type { DoctorFacts } from './facts.js';
import { type Finding, foundObject } from './finding.js';

export function configurationFindings(facts: DoctorFacts): Finding[] {
  const { pools, advertisements, nodes, configurationStates, namespace } = facts;
  const isHere = ({ metadata }: KubeObject) => metadata.namespace === namespace;
  const allPools = pools.ok ? pools.items : [];
  const allAdvertisements = advertisements.ok ? advertisements.items : [];
  const ourPools = allPools.filter(isHere);
  const ourAdvertisements = allAdvertisements.filter(isHere);
  const config = resolveLayer2Config({
    pools: ourPools,
    advertisements: ourAdvertisements,
    nodes: nodes.ok ? nodes.items : [],
  });
  return [
    ...(configurationStates.ok ? configurationStates.items.flatMap(stateFindings) : []),
    ...ourPools.flatMap(exhaustedFindings),
    ...config.problems.map((problem) => problemFinding(problem, namespace)),
    ...overlapFindings(config, namespace),
    ...(advertisements.ok ? unannouncedFindings(config, namespace) : []),
    ...(nodes.ok ? unselectiveFindings(config, namespace) : []),
    ...(pools.ok ? unknownPoolFindings(ourAdvertisements, config) : []),
    ...elsewhereFindings(IP_ADDRESS_POOLS, allPools, namespace),
    ...elsewhereFindings(L2_ADVERTISEMENTS, allAdvertisements, namespace),
  ];
}

function stateFindings(state: ConfigurationState): Finding[] {
  const { result, errorSummary = '' } = state.status ?? {};
  if (result !== 'Invalid') return [];
  return [
    {
      code: 'configurationNotInForce',
      severity: 'error',
      message: `ConfigurationState ${state.metadata.name ?? ''} says that not all of the configuration is in force: ${errorSummary.replaceAll('\n', '; ')}.`,
      objects: [foundObject(CONFIGURATION_STATES, state)],
      remedy: 'Correct what it names.',
    },
  ];
}

function exhaustedFindings(pool: IPAddressPool): Finding[] {
  const { assignedIPv4 = 0, assignedIPv6 = 0, availableIPv4, availableIPv6 } = pool.status ?? {};
  const full = [
    ...(assignedIPv4 > 0 && availableIPv4 === 0 ? ['IPv4'] : []),
    ...(assignedIPv6 > 0 && availableIPv6 === 0 ? ['IPv6'] : []),
  ];
  if (full.length === 0) return [];
  return [
    {
      code: 'poolExhausted',
      severity: 'warning',
      message: `IPAddressPool ${pool.metadata.name ?? ''} has no ${enumerate(full)} address left.`,
      objects: [foundObject(IP_ADDRESS_POOLS, pool)],
      remedy: 'Add addresses to it, or make another pool, before the next service needs one.',
    },
  ];
}

function problemFinding({ kind, name, message }: ConfigProblem, namespace: string): Finding {
  return {
    code: kind === 'IPAddressPool' ? 'invalidPool' : 'invalidAdvertisement',
    severity: 'error',
    message,
    objects: [{ kind, namespace, name }],
    remedy: 'Correct it.',
  };
}

function overlapFindings({ pools }: Layer2Config, namespace: string): Finding[] {
  const ranges = pools.flatMap(({ name, ranges: own }) => own.map((range) => ({ name, range })));
  return ranges.flatMap((a, index) =>
    ranges
      .slice(index + 1)
      .filter((b) => a.name !== b.name && rangesOverlap(a.range, b.range))
      .map((b): Finding => {
        const [first, last] = [
          a.range.first > b.range.first ? a.range.first : b.range.first,
          a.range.last < b.range.last ? a.range.last : b.range.last,
        ].map((value) => formatAddress(a.range.family, value));
        return {
          code: 'overlappingPools',
          severity: 'error',
          message: `IPAddressPool ${a.name} and ${b.name} both have ${first ?? ''} to ${last ?? ''}; the younger one is refused.`,
          objects: [a.name, b.name].map((name) => ({ kind: IP_ADDRESS_POOLS.kind, namespace, name })),
          remedy: 'Take the addresses out of one of them.',
        };
      }),
  );
}

function unannouncedFindings({ pools, advertisements }: Layer2Config, namespace: string): Finding[] {
  return pools
    .filter(({ name }) => !advertisements.some((advertisement) => advertisement.pools.has(name)))
    .map(({ name }) => ({
      code: 'poolWithoutAdvertisement',
      severity: 'warning',
      message: `No L2Advertisement announces IPAddressPool ${name}: services get addresses of it that nobody answers for.`,
      objects: [{ kind: IP_ADDRESS_POOLS.kind, namespace, name }],
      remedy: `Create an L2Advertisement with ipAddressPools: [${name}], unless it is announced with BGP.`,
    }));
}

function unselectiveFindings({ advertisements }: Layer2Config, namespace: string): Finding[] {
  return advertisements
    .filter(({ nodes }) => nodes.size === 0)
    .map(({ name }) => ({
      code: 'advertisementWithoutNode',
      severity: 'warning',
      message: `The nodeSelectors of L2Advertisement ${name} match no node.`,
      objects: [{ kind: L2_ADVERTISEMENTS.kind, namespace, name }],
      remedy: 'Label a node so that it is selected, or change the nodeSelectors.',
    }));
}

function unknownPoolFindings(
  advertisements: readonly (KubeObject & { spec?: { ipAddressPools?: string[] } })[],
  { pools }: Layer2Config,
): Finding[] {
  const known = new Set(pools.map(({ name }) => name));
  return advertisements.flatMap((advertisement): Finding[] => {
    const unknown = (advertisement.spec?.ipAddressPools ?? []).filter((name) => !known.has(name));
    if (unknown.length === 0) return [];
    return [
      {
        code: 'unknownPool',
        severity: 'warning',
        message: `L2Advertisement ${advertisement.metadata.name ?? ''} names IPAddressPool ${enumerate(unknown)}, which is not there (${enumerate(known)}).`,
        objects: [foundObject(L2_ADVERTISEMENTS, advertisement)],
        remedy: 'Correct the name, or create the pool.',
      },
    ];
  });
}

function elsewhereFindings(type: ResourceType, objects: readonly KubeObject[], namespace: string): Finding[] {
  const elsewhere = objects.filter(({ metadata }) => metadata.namespace !== namespace);
  if (elsewhere.length === 0) return [];
  const names = elsewhere.map(({ metadata }) => qualifiedName(metadata));
  return [
    {
      code: 'configurationElsewhere',
      severity: 'warning',
      message: `${type.kind} ${enumerate(names)} is outside namespace ${namespace}, where MetalLB does not look.`,
      objects: elsewhere.map((object) => foundObject(type, object)),
      remedy: `Create it in namespace ${namespace}; if MetalLB is in the other one, name it.`,
    },
  ];
}
