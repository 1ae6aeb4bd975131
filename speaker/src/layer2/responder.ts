/** Answers ARP on one interface: the socket, the decision on each frame, and what is counted of it. */
import type { Counter, Link, LinkSocket, Log, Meter, OpenLinkSocket, ReceivedFrame } from '../ports.js';
import type { MacAddress } from '../wire/address.js';
import { decideArp, type ArpIdentity } from './arp-responder.js';
import type { DropReason } from './drop-reason.js';
import { gratuitousFrames } from './gratuitous.js';

/** Metrics of all responders together; the names are upstream's where upstream has one. */
export class ResponderMetrics {
  readonly requests: Counter;
  readonly responses: Counter;
  readonly gratuitous: Counter;
  readonly #drops: Counter;

  constructor(meter: Meter) {
    this.requests = meter.counter(
      'metallb_layer2_requests_received',
      'ARP requests received for an address this speaker announces',
      ['ip'],
    );
    this.responses = meter.counter(
      'metallb_layer2_responses_sent',
      'ARP replies sent for an address this speaker announces',
      ['ip'],
    );
    this.gratuitous = meter.counter(
      'metallb_layer2_gratuitous_sent',
      'Gratuitous ARP packets sent for an address after this speaker took it over',
      ['ip'],
    );
    this.#drops = meter.counter('metallb_layer2_frames_dropped', 'Frames received and not answered', [
      'reason',
    ]);
  }

  drop(reason: DropReason): void {
    this.#drops.inc({ reason });
  }
}

export interface ResponderDeps {
  openSocket: OpenLinkSocket;
  log: Log;
  metrics: ResponderMetrics;
}

/** What a responder asks and tells its announcer. */
export interface ResponderHost {
  /** Whether `ip` is announced on the interface `name`. */
  owns(ip: string, name: string): boolean;
  /** Another station claims `ip`, which we announce. */
  onConflict(ip: string, claimedBy: MacAddress): void;
  /** The socket died; the responder answers no more. */
  onDown(responder: Responder): void;
}

export class Responder {
  readonly link: Link;
  readonly #deps: ResponderDeps;
  readonly #host: ResponderHost;
  readonly #identity: ArpIdentity;
  #socket: LinkSocket | undefined;

  constructor(deps: ResponderDeps, host: ResponderHost, link: Link) {
    this.link = link;
    this.#deps = deps;
    this.#host = host;
    this.#identity = {
      interfaceIndex: link.index,
      mac: link.mac,
      owns: (ip) => host.owns(ip, link.name),
    };
  }

  /** Starts to answer. @throws what opening the socket throws */
  open(): void {
    this.#socket = this.#deps.openSocket(this.link, {
      onFrame: (frame) => this.#handle(frame),
      onDown: (error) => {
        this.#deps.log.warn({ err: error, interface: this.link.name }, 'an interface stopped answering');
        this.#socket = undefined;
        this.#host.onDown(this);
      },
    });
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Announces `ip` once, unasked, with one frame of each kind. */
  announce(ip: string): void {
    for (const frame of gratuitousFrames(this.link.mac, ip)) {
      if (this.#socket?.send(frame)) this.#deps.metrics.gratuitous.inc({ ip });
    }
  }

  #handle(frame: ReceivedFrame): void {
    const { metrics } = this.#deps;
    const decision = decideArp(frame, this.#identity);
    if (decision.action === 'reply') {
      metrics.requests.inc({ ip: decision.ip });
      if (this.#socket?.send(decision.frame)) metrics.responses.inc({ ip: decision.ip });
      else metrics.drop('send-failed');
      return;
    }
    metrics.drop(decision.reason);
    if (decision.reason === 'address-conflict') this.#host.onConflict(decision.ip, decision.claimedBy);
  }
}
