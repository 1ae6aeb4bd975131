/**
 * What a `ServiceL2Status` says, whoever wrote it. Upstream's objects carry their labels before their
 * status, so a label stands in for what the status does not say yet.
 */
import * as z from 'zod';
import { nodeLabelValue } from '../election/node-label.js';
import type { KubeObject, ObjectRef } from '../kube/kube-api.js';
import { selectorOf } from '../models/label-selector.js';
import { type ServiceL2Status, serviceL2StatusSchema } from '../models/service-l2-status.js';
import { STATUS_LABELS } from '../settings/labels.js';

/** Names a service. */
export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/** A service and the node that announces it, as one status object says. */
export interface Announcement {
  readonly service: ServiceRef;
  /** The announcing node. */
  readonly node: string;
  /**
   * Interfaces that answer, sorted. Empty means all, which only upstream's speakers leave so; with
   * {@link claimedBy}, that they are not known yet.
   */
  readonly interfaces: readonly string[];
  /** Addresses that are answered for. Empty when upstream's speaker or CRD leaves them out. */
  readonly addresses: readonly string[];
  /** Since when; without `status.announcedSince` the time the object was made. */
  readonly since?: Date;
  /**
   * The node the object's label names, as long as its status does not say the same: the status is not
   * written yet (then it is {@link node} too), or another node is taking the service over.
   */
  readonly claimedBy?: string;
  /** The status object itself. */
  readonly object: ObjectRef;
}

/** An object in the list that says nothing usable. */
export interface InvalidStatus {
  readonly ref: ObjectRef;
  /** What is wrong with it, with the path of the field. */
  readonly problem: string;
}

export type ReadResult =
  | { readonly ok: true; readonly announcement: Announcement }
  | { readonly ok: false; readonly invalid: InvalidStatus };

/** The selector of all status objects of `service`, upstream's and ours. */
export function statusSelectorOf({ namespace, name }: ServiceRef): string {
  return selectorOf({ [STATUS_LABELS.serviceNamespace]: namespace, [STATUS_LABELS.serviceName]: name });
}

/** Reads one status object, whoever wrote it. */
export function readAnnouncement(object: KubeObject): ReadResult {
  const { namespace, name = '' } = object.metadata;
  const ref: ObjectRef = { ...(namespace !== undefined && { namespace }), name };
  const parsed = serviceL2StatusSchema.safeParse(object);
  if (!parsed.success) return { ok: false, invalid: { ref, problem: z.prettifyError(parsed.error) } };
  const { metadata, status = {} }: ServiceL2Status = parsed.data;
  const { labels = {} } = metadata;
  const service = {
    namespace: status.serviceNamespace ?? labels[STATUS_LABELS.serviceNamespace] ?? '',
    name: status.serviceName ?? labels[STATUS_LABELS.serviceName] ?? '',
  };
  const label = labels[STATUS_LABELS.node];
  const node = status.node ?? label ?? '';
  const confirmed = status.node !== undefined && (label ?? '') === nodeLabelValue(status.node);
  if (service.namespace === '' || service.name === '') {
    return { ok: false, invalid: { ref, problem: 'neither its status nor its labels name a service' } };
  }
  if (node === '') {
    return { ok: false, invalid: { ref, problem: 'neither its status nor its labels name a node' } };
  }
  const since = dateOf(status.announcedSince ?? metadata.creationTimestamp);
  const interfaces = (status.interfaces ?? []).flatMap((each) =>
    each.name === undefined ? [] : [each.name],
  );
  return {
    ok: true,
    announcement: {
      service,
      node,
      interfaces: interfaces.sort(),
      addresses: status.addresses ?? [],
      ...(since && { since }),
      ...(!confirmed && label !== undefined && { claimedBy: label }),
      object: ref,
    },
  };
}

/**
 * The one that holds, of several for the same service: the latest. There are two for a moment when upstream
 * moves a service, and longer when the old node died and nobody cleaned up after it.
 */
export function latestAnnouncement(candidates: Iterable<Announcement>): Announcement | undefined {
  let latest: Announcement | undefined;
  for (const candidate of candidates) if (!latest || isLater(candidate, latest)) latest = candidate;
  return latest;
}

/** A key that is the same for the same service: `<namespace>/<name>`. */
export function serviceKey({ namespace, name }: ServiceRef): string {
  return `${namespace}/${name}`;
}

function isLater(a: Announcement, b: Announcement): boolean {
  const [timeA, timeB] = [a.since?.getTime() ?? 0, b.since?.getTime() ?? 0];
  return timeA === timeB ? a.object.name < b.object.name : timeA > timeB;
}

function dateOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
