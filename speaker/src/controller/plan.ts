/**
 * The controller's whole decision as a function: from what the cluster says to what should be written
 * and said. The cluster is the only memory; a controller that starts anew decides the same.
 *
 * What is held is looked at first, oldest service first, and reserved before anything new is given out.
 * An address that a service is about to lose stays reserved until the cluster says it is gone, so no
 * order of writes can put one address on two services.
 */
import type { ControllerEventReason } from '@metallb-l2/sdk/election';
import type { Service } from '@metallb-l2/sdk/kube';
import { type Address, formatAddress, type IPAddressPool } from '@metallb-l2/sdk/models';
import { SERVICE_ANNOTATIONS } from '@metallb-l2/sdk/settings';
import type { EventNote } from '../cluster/events.js';
import { type Allocation, type AllocationRequest, Allocator, type PoolUsage } from './allocator.js';
import { byAge, readPools, type RefusedPool } from './pools.js';
import { quoteAddresses, type Refusal } from './refusal.js';
import {
  annotation,
  deprecatedName,
  heldAddresses,
  keyOf,
  readClaimant,
  readRequest,
  wantsAddress,
} from './service-request.js';

export interface Snapshot {
  readonly services: readonly Service[];
  readonly pools: readonly IPAddressPool[];
  /** The only class of services that is served; undefined for those without one. */
  readonly loadBalancerClass?: string | undefined;
  /** Whatever these services have, and whatever they are to get, is reserved. @default none */
  readonly underWay?: readonly WriteUnderWay[];
}

/** A write of which nobody knows whether it has arrived; nothing is decided about its service until that is known. */
export interface WriteUnderWay {
  /** The service as it was. */
  readonly service: Service;
  /** The service as it was sent. */
  readonly write: Service;
}

/** What to do about one service. */
export interface Decision {
  /** The service as the decision saw it. */
  readonly service: Service;
  /** The service as it should be written to `/status`; absent when it is as it should be. */
  readonly write: Service | undefined;
  /** To be said once `write` has succeeded. */
  readonly notices: readonly EventNote[];
  /** Why the service has no address, or cannot have the one it asks for. */
  readonly refusal: Refusal | undefined;
}

export interface Plan {
  /** Services that need a write or are refused; those that are as they should be are left out. */
  readonly decisions: readonly Decision[];
  readonly refusedPools: readonly RefusedPool[];
  readonly usage: readonly PoolUsage[];
}

export function planAddresses(snapshot: Snapshot): Plan {
  const { pools, refused } = readPools(snapshot.pools);
  const allocator = new Allocator(pools);
  const refusedNames = new Set(refused.map(({ object }) => object.metadata.name));

  const decisions: Decision[] = [];
  const waiting: Waiting[] = [];
  const losing: Service[] = [];
  for (const service of snapshot.services.toSorted(byAge)) {
    if (wantsAddress(service, snapshot.loadBalancerClass)) {
      const verdict = judge(service, allocator, refusedNames);
      if (verdict.kind === 'decided') {
        decisions.push(verdict.decision);
      } else {
        losing.push(service);
        if (service.metadata.deletionTimestamp === undefined) waiting.push(verdict);
      }
    } else if (service.spec?.type !== 'LoadBalancer' && isMarked(service)) {
      losing.push(service);
      decisions.push(decide(service, undefined));
    }
  }
  for (const service of losing) allocator.hold(readClaimant(service), heldAddresses(service));
  for (const { service, write } of snapshot.underWay ?? []) {
    const before = heldAddresses(service);
    const added = heldAddresses(write).filter((address) => !before.some((each) => isSame(each, address)));
    allocator.hold(readClaimant(service), [...before, ...added]);
  }
  for (const each of waiting) decisions.push(serve(each, allocator));

  return {
    decisions: decisions.filter(({ write, refusal }) => write !== undefined || refusal !== undefined),
    refusedPools: refused,
    usage: allocator.usage(),
  };
}

/** A service that needs an address, with what is to be said about the one it loses. */
interface Waiting {
  readonly kind: 'waiting';
  readonly service: Service;
  readonly request: AllocationRequest;
  readonly notices: readonly EventNote[];
}

type Verdict = Waiting | { readonly kind: 'decided'; readonly decision: Decision };

/** Whether `service` may keep what it has, which is then reserved. */
function judge(
  service: Service,
  allocator: Allocator,
  refusedPools: ReadonlySet<string | undefined>,
): Verdict {
  const request = readRequest(service);
  if ('reason' in request) return { kind: 'decided', decision: refuseRequest(service, request, allocator) };
  const held = heldAddresses(service);
  const waiting = (notices: readonly EventNote[] = []): Waiting => ({
    kind: 'waiting',
    service,
    request,
    notices,
  });
  if (held.length === 0 || !fitsFamilies(held, request)) return waiting();

  // A pool that was broken by an edit takes no address away from those who have one of it.
  const givenPool = annotation(service, SERVICE_ANNOTATIONS.allocatedFromPool);
  const allocation: Allocation | Refusal =
    givenPool !== undefined && refusedPools.has(givenPool)
      ? { addresses: held, pool: givenPool }
      : allocator.check(request, held);
  if ('reason' in allocation) {
    const name = JSON.stringify(keyOf(service));
    const message = `current IP for ${name} not allowed by config, will attempt for new IP assignment: ${allocation.message}`;
    return waiting([{ type: 'Normal', reason: 'ClearAssignment', message }]);
  }
  if (request.pool !== undefined && request.pool !== allocation.pool) return waiting();
  if (request.addresses.length > 0 && !sameAddresses(request.addresses, held)) return waiting();

  allocator.hold(request, held);
  return { kind: 'decided', decision: decide(service, allocation) };
}

function serve({ service, request, notices }: Waiting, allocator: Allocator): Decision {
  const result = allocator.allocate(request);
  if ('reason' in result) {
    const message = `Failed to allocate IP for ${JSON.stringify(keyOf(service))}: ${result.message}`;
    const failed: EventNote = { type: 'Warning', reason: 'AllocationFailed', message };
    return { ...decide(service, undefined), notices: [...notices, failed], refusal: result };
  }
  const message = `Assigned IP ${quoteAddresses(result.addresses)}`;
  const assigned: EventNote = { type: 'Normal', reason: 'IPAllocated', message };
  return { ...decide(service, result), notices: [...notices, assigned] };
}

/** A request that cannot be read takes nothing away, unless the service could use no address at all. */
function refuseRequest(service: Service, why: Refusal, allocator: Allocator): Decision {
  const held = heldAddresses(service);
  allocator.hold(readClaimant(service), held);
  const warning = (reason: ControllerEventReason, message: string) => ({
    notices: [{ type: 'Warning' as const, reason, message }],
    refusal: why,
  });
  const name = JSON.stringify(keyOf(service));
  if (why.reason === 'noClusterIP') {
    return { ...decide(service, undefined), ...warning('noclusterIPsIPFamily', why.message) };
  }
  if (why.reason === 'notDualStack') {
    return { ...decide(service, undefined), ...warning('not enough clusterips', why.message) };
  }
  return {
    service,
    write: undefined,
    ...(held.length === 0
      ? warning('AllocationFailed', `Failed to allocate IP for ${name}: ${why.message}`)
      : warning('LoadBalancerFailed', `invalid requested loadbalancer IPs: ${why.message}`)),
  };
}

/** Compares `service` with what it should say when it has `allocation`. */
function decide(service: Service, allocation: Allocation | undefined): Decision {
  const current = service.status?.loadBalancer?.ingress ?? [];
  const addresses = allocation?.addresses ?? [];
  const ingressStands =
    current.length === addresses.length && sameAddresses(addresses, heldAddresses(service));
  const name = SERVICE_ANNOTATIONS.allocatedFromPool;
  const {
    [name]: pool,
    [deprecatedName(name)]: oldPool,
    ...annotations
  } = service.metadata.annotations ?? {};
  if (ingressStands && pool === allocation?.pool && oldPool === undefined) {
    return { service, write: undefined, notices: [], refusal: undefined };
  }
  const ingress = ingressStands
    ? current
    : addresses.map(({ family, value }) => ({ ip: formatAddress(family, value) }));
  const write: Service = {
    ...service,
    metadata: {
      ...service.metadata,
      annotations: allocation === undefined ? annotations : { ...annotations, [name]: allocation.pool },
    },
    status: { ...service.status, loadBalancer: ingress.length === 0 ? {} : { ingress } },
  };
  return { service, write, notices: [], refusal: undefined };
}

/** Whether the service carries this controller's mark from a time when it had an address. */
function isMarked(service: Service): boolean {
  return annotation(service, SERVICE_ANNOTATIONS.allocatedFromPool) !== undefined;
}

function fitsFamilies(held: readonly Address[], request: AllocationRequest): boolean {
  const families = new Set(held.map(({ family }) => family));
  if (families.size !== held.length || !held.every(({ family }) => request.families.includes(family))) {
    return false;
  }
  return held.length === request.families.length || request.secondFamilyOptional;
}

function isSame(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value;
}

function sameAddresses(a: readonly Address[], b: readonly Address[]): boolean {
  const texts = (list: readonly Address[]) =>
    list.map(({ family, value }) => formatAddress(family, value)).sort();
  return a.length === b.length && texts(a).join() === texts(b).join();
}
