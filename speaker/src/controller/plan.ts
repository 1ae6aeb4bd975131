/**
 * The controller's whole decision as a function: from what the cluster says to what should be written
 * and said. The cluster is the only memory; a controller that starts anew decides the same.
 *
 * What is held is looked at first and reserved before anything new is given out. Of two services that
 * cannot both keep an address, the one that has changed yields to the one that has not, the younger to the
 * older. Then those that have none are served, the oldest first; then those that have one and prefer two.
 *
 * An address that a service is about to lose stays reserved until the cluster says it is gone, so no
 * order of writes can put one address on two services. What another controller's services have is reserved too.
 */
import type { Namespace, Service } from '@metallb-l2/sdk/kube';
import type { AddressFamily, IPAddressPool } from '@metallb-l2/sdk/models';
import { SERVICE_ANNOTATIONS } from '@metallb-l2/sdk/settings';
import type { EventNote } from '../cluster/events.js';
import { type Allocation, type AllocationRequest, Allocator } from './allocator.js';
import {
  assigned,
  assignedSecond,
  cleared,
  decide,
  decideNone,
  decideUnreadable,
  type Decision,
  noSecond,
  sameAddresses,
  unreadableStatus,
} from './decision.js';
import { familiesOf } from './ip-families.js';
import type { PoolUsage } from './pool-usage.js';
import type { NamespaceLabels } from './pool-scope.js';
import { byAge, readPools, type RefusedPool } from './pools.js';
import type { Refusal } from './refusal.js';
import {
  annotation,
  heldAddresses,
  heldTexts,
  readClaimant,
  readRequest,
  wantsAddress,
} from './service-request.js';

export interface Snapshot {
  readonly services: readonly Service[];
  readonly pools: readonly IPAddressPool[];
  /** For pools that are for namespaces with certain labels. @default none */
  readonly namespaces?: readonly Namespace[];
  /** {@link Plan.settled} of the plan before. @default none, as after a start */
  readonly settled?: ReadonlyMap<Service, AllocationRequest>;
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

export interface Plan {
  /** Services that need a write or have something said; those that are as they should be are left out. */
  readonly decisions: readonly Decision[];
  readonly refusedPools: readonly RefusedPool[];
  readonly usage: readonly PoolUsage[];
  /** Services that keep what they have, as they are now, and what was read of them. */
  readonly settled: ReadonlyMap<Service, AllocationRequest>;
}

export function planAddresses(snapshot: Snapshot): Plan {
  const { settled = new Map<Service, AllocationRequest>() } = snapshot;
  const { pools, refused } = readPools(snapshot.pools);
  const refusedNames = new Set(refused.map(({ object }) => object.metadata.name));
  const namespaceLabels = labelsOf(snapshot.namespaces ?? []);
  const allocator = new Allocator(pools, namespaceLabels);
  const services = snapshot.services.toSorted(byAge);
  const decisions: Decision[] = [];
  const keeping: Keeping[] = [];
  const waiting: Waiting[] = [];
  const losing: Service[] = [];
  const foreign: Service[] = [];
  // The watch of namespaces may be behind that of services: then nobody knows which pools are for this one.
  const asksForLabels = pools.some(({ scope }) => (scope?.namespaces?.selectors ?? []).length > 0);
  const mayBeServed = ({ metadata: { namespace = '', deletionTimestamp } }: Service) =>
    deletionTimestamp === undefined && (!asksForLabels || namespaceLabels.has(namespace));
  const judgeNext = (service: Service) => {
    if (wantsAddress(service, snapshot.loadBalancerClass)) {
      const verdict = judge(service, settled.get(service), allocator, refusedNames);
      if (verdict.kind === 'keeping') keeping.push(verdict);
      else if (verdict.kind === 'unreadable') decisions.push(decideUnreadable(service, verdict.why));
      else losing.push(service);
      if (verdict.kind === 'waiting' && mayBeServed(service)) waiting.push(verdict);
    } else if (service.spec?.type === 'LoadBalancer') {
      foreign.push(service);
    } else if (isMarked(service)) {
      losing.push(service);
      decisions.push(decide(service, heldAddresses(service), undefined));
    }
  };
  for (const service of services) if (settled.has(service)) judgeNext(service);
  for (const service of services) if (!settled.has(service)) judgeNext(service);
  for (const service of losing) allocator.hold(readClaimant(service), heldAddresses(service));
  for (const service of foreign) {
    allocator.hold({ ...readClaimant(service), sharingKey: '' }, heldAddresses(service));
  }
  for (const { service, write } of snapshot.underWay ?? []) {
    const before = heldAddresses(service);
    const added = heldAddresses(write).filter(
      (address) => !before.some((each) => sameAddresses([each], [address])),
    );
    allocator.hold(readClaimant(service), [...before, ...added]);
  }

  waiting.sort((a, b) => byAge(a.service, b.service));
  for (const each of waiting) decisions.push(serve(each, allocator));
  keeping.sort((a, b) => byAge(a.service, b.service));
  for (const each of keeping) decisions.push(keep(each, allocator));

  return {
    decisions: decisions.filter(({ write, standing }) => write !== undefined || standing !== undefined),
    refusedPools: refused,
    usage: allocator.usage(),
    settled: new Map(keeping.map(({ service, request }) => [service, request])),
  };
}

/** A service that keeps what it has. */
interface Keeping {
  readonly kind: 'keeping';
  readonly service: Service;
  readonly request: AllocationRequest;
  readonly allocation: Allocation;
  /** Whether it would like an address of the other family too. */
  readonly lacksSecond: boolean;
}

/** A service that needs an address, with what is to be said about the one it loses. */
interface Waiting {
  readonly kind: 'waiting';
  readonly service: Service;
  readonly request: AllocationRequest;
  readonly notices: readonly EventNote[];
}

type Verdict = Keeping | Waiting | { readonly kind: 'unreadable'; readonly why: Refusal };

/**
 * Whether `service` may keep what it has, which is then reserved; so is what one has that asks unreadably.
 *
 * @param known what was read of it for the plan before, in which it kept what it has
 */
function judge(
  service: Service,
  known: AllocationRequest | undefined,
  allocator: Allocator,
  refusedPools: ReadonlySet<string | undefined>,
): Verdict {
  const request = known ?? readRequest(service);
  if ('reason' in request) {
    allocator.hold(readClaimant(service), heldAddresses(service));
    return { kind: 'unreadable', why: request };
  }
  const waiting = (...notices: EventNote[]): Waiting => ({ kind: 'waiting', service, request, notices });
  if (known === undefined) {
    const texts = heldTexts(service);
    if (texts.length === 0) return waiting();
    const families = familiesOf(texts);
    if ('problem' in families) return waiting(unreadableStatus(texts, families.problem));
    if (!satisfies(families, request)) return waiting();
  }

  // A pool that was broken by an edit takes no address away from those who have one of it.
  const givenPool = annotation(service, SERVICE_ANNOTATIONS.allocatedFromPool);
  const isRefused = givenPool !== undefined && refusedPools.has(givenPool);
  const allocation = allocator.checkHeld(request, isRefused ? givenPool : undefined);
  if ('reason' in allocation) return waiting(cleared(service, allocation));
  if (request.pool !== undefined && request.pool !== allocation.pool) return waiting();
  const anyWillDo = request.addresses.length === 0;
  if (!anyWillDo && !sameAddresses(request.addresses, request.held)) return waiting();

  allocator.hold(request, request.held);
  const lacksSecond = anyWillDo && !isRefused && request.held.length < request.families.length;
  return { kind: 'keeping', service, request, allocation, lacksSecond };
}

function serve({ service, request, notices }: Waiting, allocator: Allocator): Decision {
  const result = allocator.allocate(request);
  if ('reason' in result) return decideNone(service, request.held, result, notices);
  return decide(service, request.held, result, [...notices, assigned(result.addresses)]);
}

function keep({ service, request, allocation, lacksSecond }: Keeping, allocator: Allocator): Decision {
  const asItIs = decide(service, request.held, allocation);
  if (!lacksSecond || service.metadata.deletionTimestamp !== undefined) return asItIs;
  const second = allocator.allocateSecond(request, allocation.pool);
  if ('reason' in second) return { ...asItIs, standing: noSecond(second) };
  const addresses = [...allocation.addresses, second];
  return decide(service, request.held, { ...allocation, addresses }, [assignedSecond(second)]);
}

/** Whether the service carries this controller's mark from a time when it had an address. */
function isMarked(service: Service): boolean {
  return annotation(service, SERVICE_ANNOTATIONS.allocatedFromPool) !== undefined;
}

function satisfies(held: readonly AddressFamily[], { families, secondFamilyOptional }: AllocationRequest) {
  if (!held.every((family) => families.includes(family))) return false;
  return held.length === families.length || secondFamilyOptional;
}

function labelsOf(namespaces: readonly Namespace[]): NamespaceLabels {
  return new Map(namespaces.map(({ metadata: { name = '', labels = {} } }) => [name, labels]));
}
