/** Answers ARP and neighbour discovery on one interface: sockets, groups, and what is sent unasked. */
import type { Clock } from '@metallb-l2/sdk/kube';
import type {
  Link,
  LinkGroups,
  LinkProtocol,
  LinkSocket,
  Log,
  OpenLinkGroups,
  OpenLinkSocket,
  ReceivedFrame,
} from '../ports.js';
import { macBytes, readMac, type MacAddress } from '../wire/address.js';
import type { AnnouncedAddress } from './announced-address.js';
import { decideArp } from './arp-responder.js';
import type { Claim } from './disputes.js';
import { gratuitousFrames } from './gratuitous.js';
import { GratuitousSender } from './gratuitous-sender.js';
import { decideNdp } from './ndp-responder.js';
import type { Decision, Station } from './station.js';
import type { Traffic } from './traffic.js';

export interface ResponderDeps {
  openSocket: OpenLinkSocket;
  openGroups: OpenLinkGroups;
  clock: Clock;
  log: Log;
  traffic: Traffic;
}

/** What a responder asks and tells its announcer. */
export interface ResponderHost {
  /** The address whose bytes are the `length` bytes at `offset`, on whichever interface. */
  find(bytes: Uint8Array, offset: number, length: number): AnnouncedAddress | undefined;
  /** Whether `address` is announced still; one that is handed over is answered, but no longer announced. */
  isCurrent(address: AnnouncedAddress): boolean;
  /** Whether `mac` is of an interface of this machine; two of them may share a network. */
  isOwnMac(mac: MacAddress): boolean;
  onClaim(claim: Claim): void;
  /** A socket died; the responder answers no more. */
  onDown(responder: Responder): void;
}

/** `unfinished`: there is more to join or leave; `refused`: the kernel did not want some of it. */
export type JoinState = 'complete' | 'unfinished' | 'refused';

/** Groups joined or left in one go, some milliseconds' worth. */
const GROUPS_PER_TURN = 200;

export class Responder {
  readonly link: Link;
  readonly #deps: ResponderDeps;
  readonly #host: ResponderHost;
  readonly #station: Station<AnnouncedAddress>;
  readonly #sender: GratuitousSender;
  readonly #groups: LinkGroups;
  /** By the last three bytes, in which groups differ. */
  readonly #joined = new Map<number, Uint8Array>();
  #groupChanges = 0;
  /** What the kernel has refused, and why. */
  readonly #refused = new Map<number, unknown>();
  /** How many groups the kernel refused when that was last tried. */
  #refusedGroups = 0;
  readonly #sockets = new Map<LinkProtocol, LinkSocket>();

  constructor(deps: ResponderDeps, host: ResponderHost, link: Link, options: { framesPerSecond: number }) {
    this.link = link;
    this.#deps = deps;
    this.#host = host;
    this.#groups = deps.openGroups(link);
    this.#station = {
      interfaceIndex: link.index,
      mac: macBytes(link.mac),
      find: (bytes, offset, length) => {
        const address = host.find(bytes, offset, length);
        return address?.isOn(link.name) ? address : undefined;
      },
    };
    const isCurrent = (address: AnnouncedAddress) => address.isOn(link.name) && host.isCurrent(address);
    const send = (address: AnnouncedAddress) => this.#announce(address);
    this.#sender = new GratuitousSender({ clock: deps.clock, isCurrent, send }, options.framesPerSecond);
  }

  /** Starts to answer. @throws what opening a socket throws; nothing is open then */
  open(): void {
    try {
      this.#open('arp', (frame) => this.#follow(decideArp(frame, this.#station), 'arp'));
      this.#open('ndp', (frame) => this.#follow(decideNdp(frame, this.#station), 'ndp'));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#sender.close();
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    this.#groups.close();
    this.#joined.clear();
  }

  /**
   * Joins the groups in which those of `addresses` that belong here are asked for, and leaves all others; a
   * limited number at a time, since the kernel takes some 40 µs for each of many. What the kernel has refused
   * is tried again only if `again`: to try very many of them would leave no turn to the others.
   */
  join(addresses: Iterable<AnnouncedAddress>, { again = false } = {}): JoinState {
    const wanted = new Map<number, Uint8Array>();
    for (const address of addresses) {
      if (address.group !== undefined && address.isOn(this.link.name)) {
        wanted.set(groupKey(address.group), address.group);
      }
    }
    for (const key of [...this.#refused.keys()]) {
      if (again || !wanted.has(key)) this.#refused.delete(key);
    }
    let budget = GROUPS_PER_TURN;
    for (const [key, group] of this.#joined) {
      if (wanted.has(key)) continue;
      if (budget-- === 0) return 'unfinished';
      this.#groups.leave(group);
      this.#joined.delete(key);
      this.#groupChanges++;
    }
    for (const [key, group] of wanted) {
      if (this.#joined.has(key) || this.#refused.has(key)) continue;
      if (budget-- === 0) return 'unfinished';
      try {
        this.#groups.join(group);
        this.#joined.set(key, group);
        this.#groupChanges++;
      } catch (error) {
        this.#refused.set(key, error);
      }
    }
    this.#sayRefused([...this.#refused.values()]);
    return this.#refused.size === 0 ? 'complete' : 'refused';
  }

  /** How often a group was joined or left: what {@link answers} says is as before when this is. */
  get groupChanges(): number {
    return this.#groupChanges;
  }

  /** Whether a question for `address` would reach us and be answered. */
  answers(address: AnnouncedAddress): boolean {
    if (this.#sockets.size === 0 || !address.isOn(this.link.name)) return false;
    return address.group === undefined || this.#joined.has(groupKey(address.group));
  }

  /** Tells the network that `addresses` are here now. */
  takeOver(addresses: Iterable<AnnouncedAddress>): void {
    this.#sender.takeOver(addresses);
  }

  /** Tells the network that `addresses` still are here. */
  refresh(addresses: Iterable<AnnouncedAddress>): void {
    this.#sender.refresh(addresses);
  }

  /** Counts what the kernel had no room for. */
  countDrops(): void {
    for (const socket of this.#sockets.values()) {
      const drops = socket.takeDrops();
      if (drops > 0) this.#deps.traffic.drop(this.link.name, 'queue-full', drops);
    }
  }

  /** Warns when the kernel refuses groups, or others than before, however often that is tried again. */
  #sayRefused(failures: readonly unknown[]): void {
    if (failures.length > 0 && failures.length !== this.#refusedGroups) {
      this.#deps.log.warn(
        { err: failures[0], groups: failures.length, interface: this.link.name },
        'cannot be asked for some IPv6 addresses',
      );
    }
    this.#refusedGroups = failures.length;
  }

  #open(protocol: LinkProtocol, onFrame: (frame: ReceivedFrame) => void): void {
    const onDown = (error: Error) => {
      this.#deps.log.warn({ err: error, interface: this.link.name }, 'an interface stopped answering');
      this.close();
      this.#host.onDown(this);
    };
    this.#sockets.set(protocol, this.#deps.openSocket(this.link, protocol, { onFrame, onDown }));
  }

  #follow(decision: Decision<AnnouncedAddress>, protocol: LinkProtocol): void {
    const { traffic } = this.#deps;
    const { name } = this.link;
    if (decision.action === 'reply') {
      const { address, prober, frame } = decision;
      traffic.count(address, 'requests');
      if (this.#sockets.get(protocol)?.send(frame)) traffic.count(address, 'responses');
      else traffic.drop(name, 'send-failed');
      if (prober !== undefined) this.#claim(address, prober, 'probe');
    } else if (decision.reason !== 'address-conflict') {
      traffic.drop(name, decision.reason);
    } else {
      const isForeign = this.#claim(decision.address, decision.sender, 'claim');
      traffic.drop(name, isForeign ? 'address-conflict' : 'own-frame');
    }
  }

  /** Tells that another station wants `address`; false when it is this machine itself. */
  #claim(address: AnnouncedAddress, sender: Uint8Array, kind: Claim['kind']): boolean {
    const mac = readMac(sender, 0);
    if (this.#host.isOwnMac(mac)) return false;
    this.#host.onClaim({ address, mac, interface: this.link.name, kind });
    return true;
  }

  #announce(address: AnnouncedAddress): void {
    const socket = this.#sockets.get(address.group === undefined ? 'arp' : 'ndp');
    for (const frame of gratuitousFrames(this.link.mac, address.bytes)) {
      if (socket?.send(frame)) this.#deps.traffic.count(address, 'gratuitous');
    }
  }
}

function groupKey(group: Uint8Array): number {
  return ((group[13] as number) << 16) | ((group[14] as number) << 8) | (group[15] as number);
}
