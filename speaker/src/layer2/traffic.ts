/**
 * What the responders count. A frame costs an increment of a plain number; the metrics hear of it when
 * {@link Traffic.flush} is called, since finding a series by its labels costs more than the answer.
 */
import type { Counter, Meter } from '../ports.js';
import type { AddressTraffic, AnnouncedAddress } from './announced-address.js';
import type { DropReason } from './drop-reason.js';

type AddressCount = Exclude<keyof AddressTraffic, 'isCounted'>;

/** Frames by the reason they were dropped for, on one interface. */
type DropCounts = Map<DropReason, number>;

export class Traffic {
  readonly #metrics: Readonly<Record<AddressCount, Counter>>;
  readonly #drops: Counter;
  /** Addresses something was counted of. */
  #counted: AnnouncedAddress[] = [];
  readonly #byInterface = new Map<string, DropCounts>();
  /** By interface, what is exported of it. */
  readonly #exported = new Map<string, Set<DropReason>>();

  /** The names are upstream's where upstream has one. */
  constructor(meter: Meter) {
    const counter = (name: string, help: string) => meter.counter(`metallb_layer2_${name}`, help, ['ip']);
    this.#metrics = {
      requests: counter(
        'requests_received',
        'ARP requests and neighbor solicitations received for an address this speaker announces',
      ),
      responses: counter(
        'responses_sent',
        'ARP replies and neighbor advertisements sent in answer to requests for an announced address',
      ),
      gratuitous: counter(
        'gratuitous_sent',
        'ARP and neighbor discovery frames sent unasked, so that others learn where an address lives',
      ),
      conflicts: counter('address_conflicts', 'Frames in which another station claimed an announced address'),
    };
    this.#drops = meter.counter(
      'metallb_layer2_frames_dropped',
      'Frames received and not answered, by reason',
      ['interface', 'reason'],
    );
  }

  count(address: AnnouncedAddress, what: AddressCount): void {
    const { traffic } = address;
    traffic[what]++;
    if (traffic.isCounted) return;
    traffic.isCounted = true;
    this.#counted.push(address);
  }

  drop(interfaceName: string, reason: DropReason, by = 1): void {
    let counts = this.#byInterface.get(interfaceName);
    if (counts === undefined) {
      counts = new Map();
      this.#byInterface.set(interfaceName, counts);
    }
    counts.set(reason, (counts.get(reason) ?? 0) + by);
  }

  /** Exports nothing any more of interfaces other than these, which are all there are. */
  keepInterfaces(names: ReadonlySet<string>): void {
    for (const name of this.#byInterface.keys()) if (!names.has(name)) this.#byInterface.delete(name);
    for (const [name, reasons] of this.#exported) {
      if (names.has(name)) continue;
      for (const reason of reasons) this.#drops.remove({ interface: name, reason });
      this.#exported.delete(name);
    }
  }

  /** Hands what was counted since the last time to the metrics. */
  flush(): void {
    for (const { ip, traffic } of this.#counted) {
      for (const what of Object.keys(this.#metrics) as AddressCount[]) {
        if (traffic[what] > 0) this.#metrics[what].inc({ ip }, traffic[what]);
        traffic[what] = 0;
      }
      traffic.isCounted = false;
    }
    this.#counted = [];
    for (const [name, counts] of this.#byInterface) {
      const exported = this.#exported.get(name) ?? new Set();
      this.#exported.set(name, exported);
      for (const [reason, count] of counts) {
        this.#drops.inc({ interface: name, reason }, count);
        exported.add(reason);
      }
    }
    this.#byInterface.clear();
  }
}
