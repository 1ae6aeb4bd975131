/** What is to be done about one service: what to write, and what to say of it. */
import type { ControllerEventReason } from '@metallb-l2/sdk/election';
import type { Service } from '@metallb-l2/sdk/kube';
import { type Address, formatAddress } from '@metallb-l2/sdk/models';
import { SERVICE_ANNOTATIONS } from '@metallb-l2/sdk/settings';
import type { EventNote } from '../cluster/events.js';
import type { Allocation } from './allocator.js';
import { quoteAddresses, type Refusal } from './refusal.js';
import { deprecatedAnnotations, deprecatedName, heldAddresses, keyOf } from './service-request.js';

export interface Decision {
  /** The service as the decision saw it. */
  readonly service: Service;
  /** The service as it should be written to `/status`; absent when it is as it should be. */
  readonly write: Service | undefined;
  /** What `write` changes, to be said once it has succeeded; empty without. */
  readonly notices: readonly EventNote[];
  /** What stays as it is until something changes, to be said once in that time. */
  readonly standing: EventNote | undefined;
  /** Why the service has no address, or cannot have the one it asks for. */
  readonly refusal: Refusal | undefined;
}

/** The service, which has `held`, should have `allocation`, or nothing; `notices` say how that came about. */
export function decide(
  service: Service,
  held: readonly Address[],
  allocation: Allocation | undefined,
  notices: readonly EventNote[] = [],
): Decision {
  const write = correct(service, held, allocation);
  const said = write === undefined ? [] : [...notices, ...deprecatedAnnotations(service).map(deprecated)];
  return { service, write, notices: said, standing: undefined, refusal: undefined };
}

/** The service has no address that `why` would let it have. */
export function decideNone(
  service: Service,
  held: readonly Address[],
  why: Refusal,
  notices: readonly EventNote[],
): Decision {
  const standing = allocationFailed(service, why);
  return { ...decide(service, held, undefined, notices), standing, refusal: why };
}

/** A request that cannot be read takes nothing away, unless the service could use no address at all. */
export function decideUnreadable(service: Service, why: Refusal): Decision {
  const held = heldAddresses(service);
  const refused = (standing: EventNote) => ({ standing, refusal: why });
  if (why.reason === 'noClusterIP') {
    return { ...decide(service, held, undefined), ...refused(warning('noclusterIPsIPFamily', why.message)) };
  }
  if (why.reason === 'notDualStack') {
    return { ...decide(service, held, undefined), ...refused(warning('not enough clusterips', why.message)) };
  }
  const said =
    held.length === 0
      ? allocationFailed(service, why)
      : warning('LoadBalancerFailed', `invalid requested loadbalancer IPs: ${why.message}`);
  return { service, write: undefined, notices: [], ...refused(said) };
}

export function assigned(addresses: readonly Address[]): EventNote {
  return normal('IPAllocated', `Assigned IP ${quoteAddresses(addresses)}`);
}

export function assignedSecond({ family, value }: Address): EventNote {
  return normal('IPAllocated', `Assigned additional IP ${JSON.stringify(formatAddress(family, value))}`);
}

export function noSecond(why: Refusal): EventNote {
  return normal('AdditionalAssignFailed', `cannot assign additional IP in PreferDualStack: ${why.message}`);
}

export function cleared(service: Service, why: Refusal): EventNote {
  const name = JSON.stringify(keyOf(service));
  return normal(
    'ClearAssignment',
    `current IP for ${name} not allowed by config, will attempt for new IP assignment: ${why.message}`,
  );
}

export function unreadableStatus(texts: readonly string[], problem: string): EventNote {
  const shown = `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
  return warning('nolbIPsIPFamily', `Failed to retrieve LBIPs IPFamily for ${shown}: ${problem}`);
}

export function sameAddresses(a: readonly Address[], b: readonly Address[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ family, value }) => b.some((other) => other.family === family && other.value === value))
  );
}

/** `service` as it should say that it has `allocation`; undefined when it does. */
function correct(
  service: Service,
  held: readonly Address[],
  allocation: Allocation | undefined,
): Service | undefined {
  const current = service.status?.loadBalancer?.ingress ?? [];
  const addresses = allocation?.addresses ?? [];
  const ingressStands = current.length === addresses.length && sameAddresses(addresses, held);
  const name = SERVICE_ANNOTATIONS.allocatedFromPool;
  const {
    [name]: pool,
    [deprecatedName(name)]: oldPool,
    ...annotations
  } = service.metadata.annotations ?? {};
  if (ingressStands && pool === allocation?.pool && oldPool === undefined) return undefined;
  const ingress = ingressStands
    ? current
    : addresses.map(({ family, value }) => ({ ip: formatAddress(family, value) }));
  return {
    ...service,
    metadata: {
      ...service.metadata,
      annotations: allocation === undefined ? annotations : { ...annotations, [name]: allocation.pool },
    },
    status: { ...service.status, loadBalancer: ingress.length === 0 ? {} : { ingress } },
  };
}

function deprecated(name: string): EventNote {
  return warning('deprecatedAnnotation', `Service uses deprecated annotation ${name}`);
}

function allocationFailed(service: Service, why: Refusal): EventNote {
  const name = JSON.stringify(keyOf(service));
  return warning('AllocationFailed', `Failed to allocate IP for ${name}: ${why.message}`);
}

function normal(reason: ControllerEventReason, message: string): EventNote {
  return { type: 'Normal', reason, message };
}

function warning(reason: ControllerEventReason, message: string): EventNote {
  return { type: 'Warning', reason, message };
}
