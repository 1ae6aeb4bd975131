/** What MetalLB's programs have said about a service, from its events. */
import type { ControllerEventReason, SpeakerEventReason } from '../election/index.js';
import type { Event } from '../kube/core-types.js';
import type { ExplainFacts } from './facts.js';

/**
 * The events of `component` with one of `reasons`, the latest first; none when they may not be read. Those of a
 * service that had the same name before, which stay for an hour, are left out.
 */
export function eventsOf(
  { events, service }: Pick<ExplainFacts, 'events' | 'service'>,
  component: 'metallb-speaker' | 'metallb-controller',
  reasons: readonly (SpeakerEventReason | ControllerEventReason)[],
): Event[] {
  const known: readonly string[] = reasons;
  const uid = service.ok ? service.items[0]?.metadata.uid : undefined;
  return (events.ok ? events.items : [])
    .filter(({ involvedObject }) => (involvedObject.uid ?? uid) === (uid ?? involvedObject.uid))
    .filter(
      ({ source, reportingComponent, reason }) =>
        (source?.component ?? reportingComponent) === component && known.includes(reason ?? ''),
    )
    .sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1));
}

/** Events of the newer kind have no `lastTimestamp`. */
function timeOf({ lastTimestamp, metadata }: Event): number {
  const time = Date.parse(lastTimestamp ?? metadata.creationTimestamp ?? '');
  return Number.isNaN(time) ? 0 : time;
}
