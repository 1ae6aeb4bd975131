/** Which services a command is about: one, those of a namespace, or all. */
import { type ServiceRef, serviceKey } from '../../status/announcement.js';
import type { StatusFilter } from '../../status-client.js';
import type { ServiceL2StatusEvent } from '../../status/status-tracker.js';
import type { ServiceArgument } from '../arguments.js';
import { UsageError } from '../failure.js';
import type { GlobalOptions, Session } from '../session.js';

export interface ScopeOptions extends GlobalOptions {
  readonly allNamespaces?: boolean;
  readonly node?: string;
}

export interface Scope {
  /** What the SDK can select by itself. */
  readonly filter: StatusFilter;
  readonly has: (service: ServiceRef) => boolean;
  /** In words, to follow a noun. */
  readonly inWords: string;
}

/** @throws UsageError when a name is given together with all namespaces */
export function scopeOf(
  session: Session,
  argument: ServiceArgument | undefined,
  { allNamespaces = false, node }: ScopeOptions,
): Scope {
  const onNode = node === undefined ? {} : { node };
  const by = node === undefined ? '' : ` by ${node}`;
  if (argument !== undefined) {
    if (allNamespaces) {
      throw new UsageError(`"${argument.name}" is one service; leave out either it or --all-namespaces`);
    }
    const service = session.serviceOf(argument);
    return {
      filter: { service, ...onNode },
      has: () => true,
      inWords: `${serviceKey(service)}${by}`,
    };
  }
  if (allNamespaces) return { filter: onNode, has: () => true, inWords: `any namespace${by}` };
  const { namespace } = session;
  return {
    filter: onNode,
    has: (service) => service.namespace === namespace,
    inWords: `namespace ${namespace}${by}`,
  };
}

/**
 * The events of the scope's services.
 *
 * @throws ServiceL2StatusError when the cluster cannot be watched to begin with; once it could, the watch
 *   outlives everything. The reason of the signal when it is aborted.
 */
export async function* eventsOf(
  { client }: Session,
  { filter, has }: Scope,
  signal: AbortSignal,
): AsyncGenerator<ServiceL2StatusEvent, void> {
  let synced = false;
  for await (const event of client.watch(filter, { signal })) {
    if (event.type === 'desynced') {
      if (!synced) throw event.error;
      yield event;
    } else if (event.type === 'synced') {
      synced = true;
      yield { ...event, statuses: event.statuses.filter(({ service }) => has(service)) };
    } else if (has(event.status.service)) {
      yield event;
    }
  }
  signal.throwIfAborted();
}
