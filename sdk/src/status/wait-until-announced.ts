/** Waits for an announcement in the events of a watch. */
import type { Clock } from '../kube/clock.js';
import { type Announcement, type ServiceRef, serviceKey } from './announcement.js';
import { ServiceL2StatusError } from './errors.js';
import type { ServiceL2StatusEvent } from './status-tracker.js';

/** Which announcement is waited for; any one when empty. */
export interface AnnouncementWish {
  /** By this node. */
  node?: string;
  /** By any node but this one. */
  not?: string;
}

/** What was seen last of the service, and what keeps it from being seen. */
interface Seen {
  status?: Announcement | undefined;
  problem?: ServiceL2StatusError | undefined;
}

/**
 * The first announcement of `service` that is as wished and that its node has confirmed in the status
 * itself. A service that is announced so already is not waited for.
 *
 * @param watch the events of this service, beginning with `synced`
 * @returns undefined when the watch has ended before
 * @throws ServiceL2StatusError `Timeout` after `timeoutMs`, saying what was seen last; what keeps the cluster
 *   from being watched at all, when no waiting mends it
 */
export async function waitForAnnouncement(
  watch: (signal: AbortSignal) => AsyncIterable<ServiceL2StatusEvent>,
  clock: Clock,
  service: ServiceRef,
  wish: AnnouncementWish,
  timeoutMs: number,
): Promise<Announcement | undefined> {
  const over = new AbortController();
  const found = new AbortController();
  // Without a time to wait, what the first look shows is the answer.
  if (timeoutMs > 0 && timeoutMs !== Infinity) {
    clock.sleep(timeoutMs, found.signal).then(
      () => over.abort(),
      () => undefined,
    );
  }
  const seen: Seen = {};
  let synced = false;
  try {
    for await (const event of watch(over.signal)) {
      seen.problem = event.type === 'desynced' ? event.error : undefined;
      if (event.type === 'desynced' && !synced && isLasting(event.error)) {
        const { code, message } = event.error;
        throw new ServiceL2StatusError(code, `${serviceKey(service)}: ${message}`, {
          service,
          cause: event.error,
        });
      }
      synced ||= event.type === 'synced';
      if (event.type === 'synced') [seen.status] = event.statuses;
      else if (event.type === 'withdrawn') seen.status = undefined;
      else if (event.type !== 'desynced') seen.status = event.status;
      if (seen.status && isWished(seen.status, wish)) return seen.status;
      if (timeoutMs === 0) over.abort();
    }
  } finally {
    found.abort();
  }
  if (!over.signal.aborted) return undefined;
  const waited = `${serviceKey(service)} was not announced${inWords(wish)} within ${timeoutMs / 1000} s`;
  throw new ServiceL2StatusError('Timeout', `${waited}; ${lastSeen(seen, synced)}`, {
    service,
    ...(seen.problem && { cause: seen.problem }),
  });
}

function isLasting({ code }: ServiceL2StatusError): boolean {
  return code === 'NotInstalled' || code === 'Denied';
}

function isWished({ node, claimedBy }: Announcement, wish: AnnouncementWish): boolean {
  return (
    claimedBy === undefined &&
    (wish.node === undefined || node === wish.node) &&
    (wish.not === undefined || node !== wish.not)
  );
}

function inWords({ node, not }: AnnouncementWish): string {
  return (
    (node === undefined ? '' : ` by ${node}`) + (not === undefined ? '' : ` by another node than ${not}`)
  );
}

function lastSeen({ status, problem }: Seen, synced: boolean): string {
  const obstacle = problem ? `the cluster cannot be watched: ${problem.message}` : undefined;
  if (!synced) return obstacle ?? 'the API server has not answered yet';
  const { node, claimedBy, since } = status ?? {};
  const seen =
    node === undefined
      ? 'nobody announces it'
      : claimedBy === undefined
        ? `${node} announces it${since ? ` since ${since.toISOString()}` : ''}`
        : claimedBy === node
          ? `${node} has claimed it, but does not say that it answers`
          : `${claimedBy} is taking it over from ${node}`;
  return `last seen: ${seen}${obstacle === undefined ? '' : `; ${obstacle}`}`;
}
