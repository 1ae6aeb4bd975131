/** Publishers of several speakers, and the API server they write to. */
import { PODS } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import type { EventNote } from '../../../../speaker/src/cluster/events.js';
import { serviceKey, type ServiceRef } from '../../../../speaker/src/cluster/service-ref.js';
import { StatusPublisher } from '../../../../speaker/src/cluster/status-publisher.js';
import type { StatusTarget } from '../../../../speaker/src/cluster/status-slot.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { NAMESPACE, speakerPod } from '../fixtures.ts';

const WEB = { namespace: 'default', name: 'web' };
export const MINE: StatusTarget = {
  kind: 'announced',
  content: { interfaces: ['eth0'], addresses: ['10.0.0.1'] },
};
export const ELSEWHERE: StatusTarget = { kind: 'elsewhere' };

export class Cluster {
  readonly clock = new FakeClock();
  readonly api = new InMemoryKubeApi({ clock: this.clock });
  readonly #stops: (() => Promise<void>)[] = [];

  /** A publisher of the speaker on `nodeName`, running. */
  start(nodeName: string, podUid = `pod-of-${nodeName}`) {
    this.api.seed(PODS, {
      ...speakerPod(nodeName),
      metadata: { name: `speaker-${podUid}`, namespace: NAMESPACE, uid: podUid },
    });
    const meter = new RecordedMeter();
    const log = new RecordedLog();
    const notes: EventNote[] = [];
    const publisher = new StatusPublisher(
      {
        api: this.api,
        clock: this.clock,
        random: () => 0,
        log,
        meter,
        report: (_, note) => notes.push(note),
      },
      { nodeName, namespace: NAMESPACE, pod: { name: `speaker-${podUid}`, uid: podUid } },
    );
    const stop = new AbortController();
    const ended = publisher.run(stop.signal);
    const end = async () => {
      stop.abort();
      await ended;
      await settle();
    };
    this.#stops.push(end);
    return {
      meter,
      log,
      notes,
      end,
      wantAll: (services: readonly ServiceRef[]) =>
        publisher.apply(new Map(services.map((service) => [serviceKey(service), { service, target: MINE }]))),
      want: (target?: StatusTarget, service = WEB) =>
        publisher.apply(
          target === undefined ? new Map() : new Map([[serviceKey(service), { service, target }]]),
        ),
    };
  }

  async objects(): Promise<ServiceL2Status[]> {
    return (await this.api.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE })).items;
  }

  /** The one object there is. */
  async object(): Promise<ServiceL2Status> {
    const objects = await this.objects();
    expect(objects).toHaveLength(1);
    return objects[0] as ServiceL2Status;
  }

  writes(): string[] {
    return this.api.writes
      .filter(({ type }) => type.plural === SERVICE_L2_STATUSES.plural)
      .map(({ verb, subresource }) => (subresource === undefined ? verb : `${verb} ${subresource}`));
  }

  async end(): Promise<void> {
    for (const stop of this.#stops) await stop();
    expect(this.clock.sleepers).toBe(0);
  }
}
