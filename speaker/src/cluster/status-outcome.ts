import type { Counter, Meter } from '../ports.js';

/** What can become of a status, as the metric `metallb_status_outcomes` counts it. */
export type StatusOutcome =
  /** The first object of a service. */
  | 'created'
  /** The object of another node, now this one's. */
  | 'adopted'
  /** The object of an earlier speaker on this node, now owned by this one's pod. */
  | 'restored'
  /** Other interfaces or addresses. */
  | 'updated'
  /** Deleted: no node announces the service. */
  | 'withdrawn'
  /** Deleted: another node was to take it, and did not. */
  | 'abandoned'
  /** Deleted: the service has an older one. */
  | 'duplicate'
  /** Gone, or taken by another node, although this node announces the service. */
  | 'lost';

export function outcomeCounter(meter: Meter): (outcome: StatusOutcome) => void {
  const counter: Counter = meter.counter(
    'metallb_status_outcomes',
    'What became of ServiceL2Status objects, by outcome',
    ['outcome'],
  );
  return (outcome) => counter.inc({ outcome });
}
