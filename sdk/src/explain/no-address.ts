/**
 * Why a service has no address: first what the objects show, since they are of now, then whether there is
 * a controller at all, then what the controller has said.
 */
import { resolveLayer2Config } from '../election/index.js';
import type { Service } from '../kube/core-types.js';
import { type Address, AddressError, formatAddress, parseAddress, rangeContains } from '../models/address.js';
import type { IPAddressPool } from '../models/ip-address-pool.js';
import { type LabelSelector, matchesSelector, SelectorError } from '../models/label-selector.js';
import { SERVICE_ANNOTATIONS } from '../settings/labels.js';
import { enumerate } from '../text.js';
import { type Check, failed, unreadableCheck } from './check.js';
import { inTheController, type Obstacle, saidByTheController } from './controller-obstacles.js';
import type { ExplainFacts } from './facts.js';
import { inTheFamilies, type PoolOfRanges } from './free-addresses.js';
import { addressTexts, annotation, familiesOf, keyOf, requestedAddresses } from './service-request.js';

/** The check of a service's address, for one that has none. */
export function whyNoAddress(facts: ExplainFacts, service: Service): Check {
  if (!facts.pools.ok) return unreadableCheck('address', facts.pools);
  const pools = viewPools(facts.pools.items);
  const obstacle =
    inItsFamilies(service) ??
    inThePools(facts.namespace, pools) ??
    inItsRequest(facts, service, pools) ??
    inWhatIsFree(facts, service, pools) ??
    inTheController(facts) ??
    saidByTheController(facts);
  if (obstacle === undefined) {
    return failed(
      'address',
      'noIPAllocated',
      'It has no address yet, though nothing stands in the way.',
      'It comes within seconds; if not, look at the log of the controller.',
    );
  }
  const { reason, message, remedy } = obstacle;
  return failed('address', reason, `It has no address: ${message}`, remedy);
}

interface Pool extends PoolOfRanges {
  readonly spec: IPAddressPool['spec'];
}

function viewPools(objects: readonly IPAddressPool[]): Pool[] {
  const { pools } = resolveLayer2Config({ pools: objects, advertisements: [], nodes: [] });
  const specs = new Map(objects.map(({ metadata, spec }) => [metadata.name ?? '', spec]));
  return pools.map(({ name, ranges }) => ({ name, ranges, spec: specs.get(name) ?? { addresses: [] } }));
}

function inItsFamilies(service: Service): Obstacle | undefined {
  if (familiesOf(service).length > 0) return undefined;
  const { clusterIP = 'none' } = service.spec ?? {};
  return {
    reason: 'noClusterIP',
    message: `its clusterIP is ${clusterIP}, so nothing says whether it wants IPv4 or IPv6.`,
    remedy: 'Create it anew without clusterIP: None.',
  };
}

function inThePools(namespace: string, pools: readonly Pool[]): Obstacle | undefined {
  if (pools.length > 0) return undefined;
  return {
    reason: 'noPools',
    message: `there is no IPAddressPool in namespace ${namespace}.`,
    remedy: `Create an IPAddressPool in namespace ${namespace}.`,
  };
}

function inItsRequest(facts: ExplainFacts, service: Service, pools: readonly Pool[]): Obstacle | undefined {
  const name = annotation(service, SERVICE_ANNOTATIONS.addressPool);
  const pool = pools.find((each) => each.name === name);
  if (name !== undefined && pool === undefined) {
    const known = enumerate(pools.map((each) => each.name));
    return {
      reason: 'unknownPool',
      message: `it asks for IPAddressPool ${name}, which is not one of those in namespace ${facts.namespace} (${known}).`,
      remedy: `Create the pool, or change the annotation ${SERVICE_ANNOTATIONS.addressPool}.`,
    };
  }
  if (pool !== undefined && !admits(pool, service, facts)) return notAdmitted(pool);
  for (const text of requestedAddresses(service)) {
    const obstacle = inRequestedAddress(facts, service, { text, pool, pools });
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
}

function inRequestedAddress(
  facts: ExplainFacts,
  service: Service,
  request: { text: string; pool: Pool | undefined; pools: readonly Pool[] },
): Obstacle | undefined {
  const { text, pool, pools } = request;
  const remedy = 'Ask for another address, or for none.';
  let address: Address;
  try {
    address = parseAddress(text);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    return {
      reason: 'invalidRequest',
      message: `it asks for an address that is none: ${error.message}.`,
      remedy,
    };
  }
  if (!familiesOf(service).includes(address.family)) {
    const message = `it asks for ${text}, but its cluster addresses are not IPv${String(address.family)}.`;
    return { reason: 'familyMismatch', message, remedy };
  }
  const holder = pools.find(({ ranges }) => ranges.some((range) => rangeContains(range, address)));
  if (holder === undefined) {
    const known = enumerate(pools.map(({ name, spec }) => `${name}: ${spec.addresses.join(', ')}`));
    const message = `it asks for ${text}, which no IPAddressPool has (${known}).`;
    return { reason: 'notInPool', message, remedy: 'Ask for an address of a pool, or add it to one.' };
  }
  if (pool !== undefined && pool !== holder) {
    const message = `it asks for ${text} of IPAddressPool ${holder.name}, and for IPAddressPool ${pool.name}.`;
    return {
      reason: 'otherPool',
      message,
      remedy: `Remove the annotation ${SERVICE_ANNOTATIONS.addressPool}.`,
    };
  }
  if (!admits(holder, service, facts)) return notAdmitted(holder);
  const canonical = formatAddress(address.family, address.value);
  const sharingKey = annotation(service, SERVICE_ANNOTATIONS.allowSharedIp);
  const other = (facts.otherServices.ok ? facts.otherServices.items : []).find(
    (each) =>
      addressTexts(each).includes(canonical) &&
      (sharingKey === undefined || annotation(each, SERVICE_ANNOTATIONS.allowSharedIp) !== sharingKey),
  );
  if (other === undefined) return undefined;
  return {
    reason: 'addressInUse',
    message: `it asks for ${text}, which service ${keyOf(other)} has.`,
    remedy: `Ask for another address, or give both services the annotation ${SERVICE_ANNOTATIONS.allowSharedIp} with the same value.`,
  };
}

function inWhatIsFree(facts: ExplainFacts, service: Service, pools: readonly Pool[]): Obstacle | undefined {
  if (requestedAddresses(service).length > 0) return undefined;
  const named = pools.filter(({ name }) => name === annotation(service, SERVICE_ANNOTATIONS.addressPool));
  const open = pools.filter((pool) => pool.spec.autoAssign !== false && admits(pool, service, facts));
  const usable = named.length > 0 ? named : open;
  if (usable.length === 0) {
    const why = pools.map((pool) =>
      pool.spec.autoAssign === false
        ? `${pool.name} has autoAssign: false`
        : `${pool.name} is tied to others`,
    );
    return {
      reason: 'noAutoAssignPool',
      message: `no IPAddressPool gives addresses to services that do not ask for it (${enumerate(why)}).`,
      remedy: `Name a pool in the annotation ${SERVICE_ANNOTATIONS.addressPool}, or set autoAssign on one.`,
    };
  }
  // Who shares may get an address that is taken; that is for the controller to say.
  const shares = annotation(service, SERVICE_ANNOTATIONS.allowSharedIp) !== undefined;
  const others = shares || !facts.otherServices.ok ? undefined : facts.otherServices.items;
  const obstacle = inTheFamilies(service, usable, others);
  return obstacle?.reason === 'allPoolsExhausted' && named.length > 0
    ? { ...obstacle, reason: 'poolExhausted' }
    : obstacle;
}

/** Whether a pool tied to namespaces or services may serve this one; it may if the namespace cannot be looked at. */
function admits({ spec }: Pool, { metadata }: Service, { serviceNamespace }: ExplainFacts): boolean {
  const { namespaces = [], namespaceSelectors = [], serviceSelectors = [] } = spec.serviceAllocation ?? {};
  const [namespace] = serviceNamespace.ok ? serviceNamespace.items : [];
  const byNamespace =
    (namespaces.length === 0 && namespaceSelectors.length === 0) ||
    namespaces.includes(metadata.namespace ?? '') ||
    namespaceSelectors.some((each) => !serviceNamespace.ok || selects(each, namespace?.metadata.labels));
  const byLabels =
    serviceSelectors.length === 0 || serviceSelectors.some((each) => selects(each, metadata.labels));
  return byNamespace && byLabels;
}

/** A selector that nothing can be asked with selects nothing: its pool is refused. */
function selects(selector: LabelSelector, labels: Readonly<Record<string, string>> | undefined): boolean {
  try {
    return matchesSelector(selector, labels);
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}

function notAdmitted(pool: Pool): Obstacle {
  return {
    reason: 'poolNotAllowed',
    message: `the serviceAllocation of IPAddressPool ${pool.name} ties it to other namespaces or services.`,
    remedy: 'Ask for another pool, or widen its serviceAllocation.',
  };
}
