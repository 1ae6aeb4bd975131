/** Waits for what is wished of one service, in the events of a watch. */
import type { Clock } from '../kube/clock.js';
import { type Announcement, type ServiceRef, serviceKey } from './announcement.js';
import { ServiceL2StatusError } from './errors.js';
import type { ServiceL2StatusEvent } from './status-tracker.js';

/** What was seen last of the service, and what keeps it from being seen. */
export interface Seen {
  /** Whether the cluster has answered at all. */
  readonly synced: boolean;
  readonly status: Announcement | undefined;
  readonly problem: ServiceL2StatusError | undefined;
}

export interface Wish<T> {
  /** What is waited for, if the cluster shows it now. @param status undefined when nobody announces the service */
  granted(status: Announcement | undefined): T | undefined;
  /** That it has not come within that time, as a sentence without its full stop. */
  denied(seen: Seen, seconds: number): string;
}

/**
 * What `wish` grants first. What is so already is not waited for.
 *
 * @param watch the events of this service, beginning with `synced`
 * @param timeoutMs 0 only looks, `Infinity` waits for ever
 * @returns undefined when the watch has ended before
 * @throws ServiceL2StatusError `Timeout` after `timeoutMs`, saying what was seen last; what keeps the cluster
 *   from being watched at all, when no waiting mends it
 */
export async function waitFor<T>(
  watch: (signal: AbortSignal) => AsyncIterable<ServiceL2StatusEvent>,
  clock: Clock,
  service: ServiceRef,
  wish: Wish<T>,
  timeoutMs: number,
): Promise<T | undefined> {
  const over = new AbortController();
  const found = new AbortController();
  // Without a time to wait, what the first look shows is the answer.
  if (timeoutMs > 0 && timeoutMs !== Infinity) {
    clock.sleep(timeoutMs, found.signal).then(
      () => over.abort(),
      () => undefined,
    );
  }
  let seen: Seen = { synced: false, status: undefined, problem: undefined };
  try {
    for await (const event of watch(over.signal)) {
      seen = after(seen, event);
      if (seen.problem && !seen.synced && isLasting(seen.problem)) throw about(service, seen.problem);
      const granted = event.type === 'desynced' ? undefined : wish.granted(seen.status);
      if (granted !== undefined) return granted;
      if (timeoutMs === 0) over.abort();
    }
  } finally {
    found.abort();
  }
  if (!over.signal.aborted) return undefined;
  const { problem } = seen;
  throw new ServiceL2StatusError('Timeout', wish.denied(seen, timeoutMs / 1000), {
    service,
    ...(problem && { cause: problem }),
  });
}

function after(seen: Seen, event: ServiceL2StatusEvent): Seen {
  switch (event.type) {
    case 'desynced':
      return { ...seen, problem: event.error };
    case 'synced':
      return { synced: true, status: event.statuses[0], problem: undefined };
    case 'withdrawn':
      return { synced: true, status: undefined, problem: undefined };
    default:
      return { synced: true, status: event.status, problem: undefined };
  }
}

function isLasting({ code }: ServiceL2StatusError): boolean {
  return code === 'NotInstalled' || code === 'Denied';
}

function about(service: ServiceRef, { code, message, cause }: ServiceL2StatusError): ServiceL2StatusError {
  return new ServiceL2StatusError(code, `${serviceKey(service)}: ${message}`, { service, cause });
}
