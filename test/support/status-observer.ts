/** Somebody outside who watches every `ServiceL2Status`, and counts the objects each service has. */
import type { KubeApi, WatchUpdate } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import { STATUS_LABELS } from '@metallb-l2/sdk/settings';
import { ResourceObserver } from './resource-observer.ts';
import { until } from './until.ts';

interface Sight {
  /** UIDs of the objects there are. */
  readonly present: Set<string>;
  /** UIDs of all objects there have been since {@link StatusObserver.begin}. */
  readonly seen: Set<string>;
  /** Fewest and most objects after any event. */
  fewest: number;
  most: number;
}

export class StatusObserver extends ResourceObserver<ServiceL2Status> {
  /** Events since {@link begin}. */
  events = 0;
  /**
   * Why the watch had to begin anew, each time it had to: what happened just before was not seen. One that
   * is interrupted and resumed does not count, since the server then replays all that happened since. It
   * cuts one off itself when this process is too busy to read as fast as 500 services fail over.
   */
  gaps: string[] = [];
  /** All objects there are, by UID. */
  readonly objects = new Map<string, ServiceL2Status>();
  readonly #services = new Map<string, Sight>();
  /** What the next gap will be put down to. */
  #interruption = 'first list';

  constructor(api: KubeApi, namespace: string) {
    super(api, SERVICE_L2_STATUSES, namespace);
  }

  /** Counts from now on. */
  begin(): void {
    this.events = 0;
    this.gaps = [];
    for (const sight of this.#services.values()) {
      sight.seen.clear();
      for (const uid of sight.present) sight.seen.add(uid);
      sight.fewest = sight.most = sight.present.size;
    }
  }

  /** Over all services: fewest and most objects of one at any event, and most objects one has had in all. */
  summary(): { services: number; fewest: number; most: number; mostEver: number } {
    const sights = [...this.#services.values()];
    return {
      services: sights.length,
      fewest: Math.min(...sights.map(({ fewest }) => fewest)),
      most: Math.max(...sights.map(({ most }) => most)),
      mostEver: Math.max(...sights.map(({ seen }) => seen.size)),
    };
  }

  /** The node each service's object names, by name of the service; of several objects all. */
  published(): Record<string, string> {
    const nodes: Record<string, string> = {};
    for (const { metadata, status } of this.objects.values()) {
      const name = metadata.labels?.[STATUS_LABELS.serviceName] ?? '';
      const node = status?.node ?? 'nobody';
      nodes[name] = nodes[name] === undefined ? node : `${nodes[name]} and ${node}`;
    }
    return nodes;
  }

  /** Waits until what is observed is as `isSo` wants it. */
  until(what: string, isSo: () => boolean): Promise<void> {
    return until(what, () => Promise.resolve(isSo()), 90_000);
  }

  protected override take(update: WatchUpdate<ServiceL2Status>): void {
    if (update.type === 'synced') {
      this.gaps.push(this.#interruption);
      for (const object of update.objects) this.#note(object, true);
    } else if (update.type === 'applied' || update.type === 'deleted') {
      this.#note(update.object, update.type === 'applied');
    } else if (update.type === 'desynced') this.#interruption = String(update.error);
  }

  #note(object: ServiceL2Status, present: boolean): void {
    const { metadata } = object;
    const service = metadata.labels?.[STATUS_LABELS.serviceName] ?? '';
    const uid = metadata.uid ?? '';
    const sight = this.#services.get(service) ?? {
      present: new Set<string>(),
      seen: new Set<string>(),
      fewest: Infinity,
      most: 0,
    };
    this.#services.set(service, sight);
    this.events++;
    if (present) {
      sight.present.add(uid);
      this.objects.set(uid, object);
    } else {
      sight.present.delete(uid);
      this.objects.delete(uid);
    }
    sight.seen.add(uid);
    sight.fewest = Math.min(sight.fewest, sight.present.size);
    sight.most = Math.max(sight.most, sight.present.size);
  }
}
