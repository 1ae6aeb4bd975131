/**
 * Removes `ServiceL2Status` objects that nobody looks after any more: the service is gone, or the node
 * has no live speaker and no other one took the object over. Speakers do this themselves while they can;
 * this is for when they cannot, so it waits a while and touches only what has not changed meanwhile.
 */
import { isReadyPod, nodeLabelValue, type OrphanReason, podsOf } from '@metallb-l2/sdk/election';
import {
  type Clock,
  isKubeError,
  type KubeApi,
  type Pod,
  type Random,
  type Service,
} from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import { STATUS_LABELS } from '@metallb-l2/sdk/settings';
import { type EventRecorder, subjectOf } from '../cluster/events.js';
import type { MayLoseSight } from '../cluster/say-problems.js';
import { serviceKey, type ServiceKey } from '../cluster/service-ref.js';
import type { Source } from '../cluster/spec-changes.js';
import type { Counter, Health, Log, Meter } from '../ports.js';
import { followChanges } from './follow-changes.js';
import { keyOf } from './service-request.js';

export interface ClusterForOrphans {
  readonly statuses: readonly ServiceL2Status[];
  readonly services: readonly Service[];
  /** All pods of the namespace the speakers live in. */
  readonly pods: readonly Pod[];
}

export interface Orphan {
  readonly status: ServiceL2Status;
  readonly reason: OrphanReason;
}

/** The statuses that nobody looks after at this moment. */
export function findOrphans({ statuses, services, pods }: ClusterForOrphans): Orphan[] {
  const serviceKeys = new Set(services.map(keyOf));
  const podUids = new Set(pods.filter(isPresent).map(({ metadata }) => metadata.uid));
  const speakers = podsOf('speaker', pods);
  const ready = speakers.filter(isReadyPod);
  // When no speaker at all counts as ready, probes are failing rather than speakers: they go on announcing.
  const live = new Set((ready.length > 0 ? ready : speakers).map(nodeOf));
  const manned = new Set(speakers.map(nodeOf));

  return statuses.flatMap((status): Orphan[] => {
    const service = serviceOf(status);
    if (service !== undefined && !serviceKeys.has(service)) return [{ status, reason: 'serviceGone' }];
    const node = labelledNode(status);
    if (node === '' || live.has(node)) return [];
    // A speaker labelled in a way not known here is alive as long as its pod is.
    const owners = status.metadata.ownerReferences ?? [];
    if (!manned.has(node) && owners.some(({ uid }) => podUids.has(uid))) return [];
    return [{ status, reason: 'speakerGone' }];
  });
}

export interface OrphanSweeperDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meter: Meter;
  readonly health: Health;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly statuses: Source<ServiceL2Status> & MayLoseSight;
  readonly services: Source<Service> & MayLoseSight;
  readonly pods: Source<Pod> & MayLoseSight;
}

export interface OrphanSweeperOptions {
  /** How long, in milliseconds, an orphan is left to whoever may still claim it. @default 30000 */
  readonly graceMs?: number;
}

const LOOP = 'orphans';
/** A sweep looks at everything, and services, statuses and pods change by the thousand. */
const PAUSE_MS = 1000;

export class OrphanSweeper {
  readonly #deps: OrphanSweeperDeps;
  readonly #graceMs: number;
  /** Since when, by UID and resourceVersion: whoever writes the object looks after it. */
  readonly #orphanedSince = new Map<string, number>();
  /** When statuses of a node were removed, as long as its speaker does not count as ready. */
  readonly #removedAt = new Map<string, number>();

  constructor(deps: OrphanSweeperDeps, { graceMs = 30_000 }: OrphanSweeperOptions = {}) {
    this.#deps = deps;
    this.#graceMs = graceMs;
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { statuses, services, pods, clock, meter } = this.#deps;
    const removed = meter.counter(
      'metallb_l2_orphaned_statuses_removed_total',
      'ServiceL2Status objects removed because nobody looks after them, by reason',
      ['reason'],
    );
    const sources = [statuses, services, pods];
    try {
      await Promise.all(sources.map((source) => source.ready(signal)));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    const step = () => this.#sweep(removed, signal);
    await followChanges({ clock, pauseMs: PAUSE_MS, sources, step }, signal);
  }

  /** Removes those that are due; gives the milliseconds after which others may be. */
  async #sweep(removed: Counter, signal: AbortSignal): Promise<number | undefined> {
    const { health, clock, random } = this.#deps;
    health.busy(LOOP);
    for (const { status, reason } of this.#due()) {
      if (await this.#remove(status, reason, signal)) {
        removed.inc({ reason });
        if (reason === 'speakerGone') this.#removedAt.set(labelledNode(status), clock.monotonic());
        this.#sayRemoved(status);
      }
      health.busy(LOOP);
    }
    health.idle(LOOP);
    return this.#orphanedSince.size === 0 ? undefined : this.#graceMs * (1 + random() / 10);
  }

  /** Those that have been orphans all the time for the whole grace time. */
  #due(): Orphan[] {
    const { statuses, services, pods, clock } = this.#deps;
    // What is out of sight may be there: a service that is not known yet, the pod of a speaker.
    if ([statuses, services, pods].some(({ problem }) => problem !== undefined)) {
      this.#orphanedSince.clear();
      return [];
    }
    const now = clock.monotonic();
    for (const pod of podsOf('speaker', pods.list())) {
      if (isReadyPod(pod)) this.#removedAt.delete(nodeOf(pod));
    }
    const cluster = { statuses: statuses.list(), services: services.list(), pods: pods.list() };
    const orphans = findOrphans(cluster).filter(
      ({ status, reason }) => reason === 'serviceGone' || !this.#isWrittenAnew(status, now),
    );
    const identities = new Set(orphans.map(({ status }) => identity(status)));
    for (const known of this.#orphanedSince.keys()) {
      if (!identities.has(known)) this.#orphanedSince.delete(known);
    }
    return orphans.filter(({ status }) => {
      const since = this.#orphanedSince.get(identity(status)) ?? now;
      this.#orphanedSince.set(identity(status), since);
      return now - since >= this.#graceMs;
    });
  }

  /**
   * Whether a speaker that does not count as ready has written the status after others of it were removed:
   * then it lives, and only its kubelet does not.
   */
  #isWrittenAnew(status: ServiceL2Status, now: number): boolean {
    const removedAt = this.#removedAt.get(labelledNode(status));
    return removedAt !== undefined && (this.#orphanedSince.get(identity(status)) ?? now) > removedAt;
  }

  async #remove(status: ServiceL2Status, reason: OrphanReason, signal: AbortSignal): Promise<boolean> {
    const { api, log } = this.#deps;
    const { uid, resourceVersion, namespace = '', name = '' } = status.metadata;
    const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
    try {
      await api.delete(SERVICE_L2_STATUSES, { namespace, name }, { preconditions, signal });
      log.info({ status: name, service: serviceOf(status), reason }, 'removed an orphaned status');
      return true;
    } catch (error) {
      // Somebody took it over or removed it; anything else is tried again after another grace time.
      if (signal.aborted || isKubeError(error, 'Conflict', 'NotFound')) return false;
      if (!isKubeError(error)) throw error;
      log.warn({ status: name, err: error }, 'removing an orphaned status failed');
      this.#orphanedSince.delete(identity(status));
      return false;
    }
  }

  /** Tells whoever looks at the service, if there still is one. */
  #sayRemoved(status: ServiceL2Status): void {
    const service = this.#deps.services.list().find((each) => keyOf(each) === serviceOf(status));
    if (service === undefined) return;
    const node = status.status?.node ?? status.metadata.labels?.[STATUS_LABELS.node] ?? '';
    this.#deps.events.record(subjectOf({ apiVersion: 'v1', kind: 'Service' }, service), {
      type: 'Warning',
      reason: 'statusOrphaned',
      message: `removed ServiceL2Status "${status.metadata.name ?? ''}": no live speaker runs on node "${node}", and none of another node announces the service`,
    });
  }
}

function identity({ metadata }: ServiceL2Status): string {
  return `${metadata.uid ?? ''}@${metadata.resourceVersion ?? ''}`;
}

/** The service, from the labels, which come first, or the status. */
function serviceOf({ metadata, status }: ServiceL2Status): ServiceKey | undefined {
  const name = metadata.labels?.[STATUS_LABELS.serviceName] ?? status?.serviceName;
  const namespace = metadata.labels?.[STATUS_LABELS.serviceNamespace] ?? status?.serviceNamespace;
  return name === undefined || namespace === undefined ? undefined : serviceKey({ namespace, name });
}

/** The node that has written the status, as a label names it; empty when nothing says so. */
function labelledNode({ metadata, status }: ServiceL2Status): string {
  return metadata.labels?.[STATUS_LABELS.node] ?? nodeLabelValue(status?.node ?? '');
}

/** The node a pod runs on, as the label of a status names it. */
function nodeOf({ spec }: Pod): string {
  return nodeLabelValue(spec?.nodeName ?? '');
}

function isPresent({ status }: Pod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}
