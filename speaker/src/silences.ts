/** How many services this node does not announce, by the reasons that logs and events give too. */
import type { NodeRefusal, OrphanReason, ServiceRefusal } from '@metallb-l2/sdk/election';
import type { Gauge, Meter } from './ports.js';

/** Why this node does not announce a service. */
export type Silence = ServiceRefusal | NodeRefusal | Extract<OrphanReason, 'serviceGone'>;

export class Silences {
  readonly #gauge: Gauge;
  #shown: ReadonlyMap<Silence, number> = new Map();

  constructor(meter: Meter) {
    this.#gauge = meter.gauge(
      'metallb_speaker_services_not_announced',
      'Services of type LoadBalancer that this node does not announce, by reason',
      ['reason'],
    );
  }

  /** Shows `reasons`, one for each such service. */
  report(reasons: Iterable<Silence>): void {
    const counts = new Map<Silence, number>();
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    for (const reason of this.#shown.keys()) if (!counts.has(reason)) this.#gauge.remove({ reason });
    for (const [reason, count] of counts) this.#gauge.set({ reason }, count);
    this.#shown = counts;
  }
}
