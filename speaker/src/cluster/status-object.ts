/** `ServiceL2Status` objects as values: what ours look like, and how one compares with what it should be. */
import { nodeLabelValue } from '@metallb-l2/sdk/election';
import type { OwnerReference } from '@metallb-l2/sdk/kube';
import {
  METALLB_API_VERSION,
  SERVICE_L2_STATUSES,
  type ServiceL2Status,
  type ServiceL2StatusStatus,
} from '@metallb-l2/sdk/models';
import { STATUS_LABELS } from '@metallb-l2/sdk/settings';
import { sameJson } from './same-json.js';
import { serviceKey, type ServiceKey, type ServiceRef } from './service-ref.js';

/** What a status says beside who says it of which service. */
export interface StatusContent {
  /** Names of the interfaces that answer, sorted. */
  readonly interfaces: readonly string[];
  /** Addresses that are answered, sorted. */
  readonly addresses: readonly string[];
}

/** Who publishes. */
export interface StatusOwner {
  readonly nodeName: string;
  readonly namespace: string;
  readonly pod: { readonly name: string; readonly uid: string };
}

/** Value of the label that names the owner's node, and the selector for all objects of that node. */
export function nodeSelector(owner: StatusOwner): string {
  return `${STATUS_LABELS.node}=${nodeLabelValue(owner.nodeName)}`;
}

export function labelsFor(owner: StatusOwner, service: ServiceRef): Record<string, string> {
  return {
    [STATUS_LABELS.node]: nodeLabelValue(owner.nodeName),
    [STATUS_LABELS.serviceName]: service.name,
    [STATUS_LABELS.serviceNamespace]: service.namespace,
  };
}

/** The object's garbage collector is told by this: with the pod goes the status. */
export function ownerReferencesFor({ pod }: StatusOwner): OwnerReference[] {
  return [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }];
}

/** A new object; its status is written afterwards, since `create` ignores it. */
export function newStatusObject(owner: StatusOwner, service: ServiceRef): ServiceL2Status {
  return {
    apiVersion: METALLB_API_VERSION,
    kind: SERVICE_L2_STATUSES.kind,
    metadata: {
      generateName: `${owner.nodeName}-`,
      namespace: owner.namespace,
      labels: labelsFor(owner, service),
      ownerReferences: ownerReferencesFor(owner),
    },
  };
}

/** The service an object is about, from its labels; `undefined` when they do not say. */
export function serviceOf(object: ServiceL2Status): ServiceRef | undefined {
  const labels = object.metadata.labels ?? {};
  const name = labels[STATUS_LABELS.serviceName];
  const namespace = labels[STATUS_LABELS.serviceNamespace];
  return name === undefined || namespace === undefined ? undefined : { namespace, name };
}

export function keyOf(object: ServiceL2Status): ServiceKey | undefined {
  const service = serviceOf(object);
  return service === undefined ? undefined : serviceKey(service);
}

/** Whether the object carries the label of the owner's node. */
export function isLabelledFor(owner: StatusOwner, object: ServiceL2Status): boolean {
  return object.metadata.labels?.[STATUS_LABELS.node] === nodeLabelValue(owner.nodeName);
}

/** Whether labels and owner references are the owner's. */
export function isOwnedBy(owner: StatusOwner, service: ServiceRef, object: ServiceL2Status): boolean {
  const labels = object.metadata.labels ?? {};
  return (
    Object.entries(labelsFor(owner, service)).every(([key, value]) => labels[key] === value) &&
    belongsToPod(owner, object)
  );
}

/** Whether the owner's pod is the object's one owner. */
export function belongsToPod({ pod }: StatusOwner, object: ServiceL2Status): boolean {
  const owners = object.metadata.ownerReferences ?? [];
  return owners.length === 1 && owners[0]?.uid === pod.uid;
}

/**
 * Whether the object's status says what it should.
 *
 * @param pruned the fields that a stock CRD prunes may be missing: they were written, and written again
 *   they would go missing again
 */
export function statusSays(
  object: ServiceL2Status,
  desired: ServiceL2StatusStatus,
  { pruned }: { pruned: boolean },
): boolean {
  const actual = object.status ?? {};
  return Object.entries(desired).every(([field, value]) => {
    const found = actual[field as keyof ServiceL2StatusStatus];
    return sameJson(found, value) || (pruned && found === undefined && PRUNED_FIELDS.has(field));
  });
}

/** The status to write. @param announcedSince RFC 3339 */
export function statusFor(
  owner: StatusOwner,
  service: ServiceRef,
  content: StatusContent,
  announcedSince: string,
): ServiceL2StatusStatus {
  return {
    node: owner.nodeName,
    serviceName: service.name,
    serviceNamespace: service.namespace,
    interfaces: content.interfaces.map((name) => ({ name })),
    addresses: [...content.addresses],
    announcedSince,
  };
}

/** Objects of one service in the order in which they are to be kept: oldest first, then by name. */
export function byAge(a: ServiceL2Status, b: ServiceL2Status): number {
  const age = compare(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '');
  return age !== 0 ? age : compare(a.metadata.name ?? '', b.metadata.name ?? '');
}

/** Whether `a` is a later version of an object than `b`. */
export function isLater(a: ServiceL2Status, b: ServiceL2Status): boolean {
  return BigInt(a.metadata.resourceVersion ?? 0) > BigInt(b.metadata.resourceVersion ?? 0);
}

const PRUNED_FIELDS: ReadonlySet<string> = new Set(['addresses', 'announcedSince']);

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
