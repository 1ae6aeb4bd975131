/** What MetalLB's programs have said about a service, from its events. */
import type { ControllerEventReason, SpeakerEventReason } from '../election/index.js';
import type { Event } from '../kube/core-types.js';

/** The events of `component` with one of `reasons`, the latest first. */
export function eventsOf(
  events: readonly Event[],
  component: 'metallb-speaker' | 'metallb-controller',
  reasons: readonly (SpeakerEventReason | ControllerEventReason)[],
): Event[] {
  const known: readonly string[] = reasons;
  return events
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
