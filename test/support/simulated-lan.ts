/**
 * A switched network in memory. Hosts have links and open sockets on them through the same ports as on a
 * real machine, so the real announcer runs on it unchanged; plugging a cable out is one call.
 */
import type {
  Link,
  LinkSocket,
  LinkSocketHandler,
  LinkSource,
  OpenLinkSocket,
  PacketType,
} from '../../speaker/src/ports.js';
import { BROADCAST_MAC } from '../../speaker/src/wire/address.js';
import { type ArpPacket, decodeArp, encodeArp } from '../../speaker/src/wire/arp.js';
import { decodeEthernet, encodeEthernet, ETHER_TYPE } from '../../speaker/src/wire/ethernet.js';

interface Port {
  readonly host: SimulatedHost;
  readonly link: Link;
  readonly handler: LinkSocketHandler;
}

/** An ARP packet as it went over the network, and who sent it. */
export interface SeenArp {
  readonly from: string;
  readonly destination: string;
  readonly packet: ArpPacket;
}

export class SimulatedLan {
  /** Every ARP packet sent so far. */
  readonly seen: SeenArp[] = [];
  readonly #ports = new Set<Port>();
  #hosts = 0;

  /** A machine with one link of its own MAC. */
  addHost(name: string, linkName = 'lan0'): SimulatedHost {
    this.#hosts++;
    return new SimulatedHost(this, name, {
      index: 2,
      name: linkName,
      mac: `02:00:00:00:00:${this.#hosts.toString(16).padStart(2, '0')}`,
      hardwareType: 1,
      up: true,
      carrier: true,
      loopback: false,
      noArp: false,
      hasMaster: false,
    });
  }

  attach(port: Port): void {
    this.#ports.add(port);
  }

  detach(port: Port): void {
    this.#ports.delete(port);
  }

  /** Carries a frame from `from` to every port it is addressed to, a turn later. */
  carry(from: Port, frame: Uint8Array): void {
    const copy = frame.slice();
    const ethernet = decodeEthernet(copy);
    if (!ethernet.ok) return;
    const { destination, etherType, payload } = ethernet.value;
    const arp = decodeArp(payload);
    if (arp.ok) this.seen.push({ from: from.host.name, destination, packet: arp.value });
    queueMicrotask(() => {
      for (const port of [...this.#ports]) {
        if (port === from || etherType !== ETHER_TYPE.arp || !port.link.carrier) continue;
        const packetType = packetTypeFor(destination, port.link.mac);
        if (packetType === undefined) continue;
        port.handler.onFrame({ bytes: copy, packetType, interfaceIndex: port.link.index });
      }
    });
  }
}

export class SimulatedHost implements LinkSource {
  readonly name: string;
  readonly #lan: SimulatedLan;
  readonly #listeners = new Set<() => void>();
  readonly #ports = new Set<Port>();
  #link: Link;

  constructor(lan: SimulatedLan, name: string, link: Link) {
    this.#lan = lan;
    this.name = name;
    this.#link = link;
  }

  get mac(): string {
    return this.#link.mac;
  }

  links(): readonly Link[] {
    return [this.#link];
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  run(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
  }

  /** Changes the link, as an administrator or a loose cable does. */
  changeLink(change: Partial<Link>): void {
    this.#link = { ...this.#link, ...change };
    for (const listener of [...this.#listeners]) listener();
  }

  /** Ends all sockets as the kernel does when a link goes away. */
  breakSockets(error: Error): void {
    for (const port of [...this.#ports]) {
      this.#detach(port);
      port.handler.onDown(error);
    }
  }

  readonly openSocket: OpenLinkSocket = (link, handler): LinkSocket => {
    if (link.index !== this.#link.index) throw new Error(`bind to ${link.name}: ENODEV`);
    const port: Port = { host: this, link: this.#link, handler };
    this.#ports.add(port);
    this.#lan.attach(port);
    return {
      send: (frame) => {
        if (!this.#ports.has(port) || !this.#link.carrier) return false;
        this.#lan.carry(port, frame);
        return true;
      },
      close: () => this.#detach(port),
    };
  };

  /** Asks the network for `ip`, as `arping` does; gives the MACs that answer within this turn. */
  async ask(ip: string, senderIp = '192.0.2.250'): Promise<string[]> {
    const answers: string[] = [];
    const socket = this.openSocket(this.#link, {
      onFrame: ({ bytes }) => {
        const arp = decodeArp(bytes.subarray(14));
        if (arp.ok && arp.value.operation === 'reply' && arp.value.senderIp === ip) {
          if (arp.value.targetMac === this.mac) answers.push(arp.value.senderMac);
        }
      },
      onDown: () => undefined,
    });
    socket.send(this.frame(BROADCAST_MAC, { operation: 'request', senderIp, targetIp: ip }));
    await new Promise((resolve) => setImmediate(resolve));
    socket.close();
    return answers;
  }

  /** Sends one ARP packet from this host's MAC. */
  send(packet: Partial<ArpPacket>, destination = BROADCAST_MAC): void {
    const socket = this.openSocket(this.#link, { onFrame: () => undefined, onDown: () => undefined });
    socket.send(this.frame(destination, packet));
    socket.close();
  }

  /** An ARP frame of this host. */
  frame(destination: string, packet: Partial<ArpPacket>): Uint8Array {
    return encodeEthernet({
      destination,
      source: this.mac,
      etherType: ETHER_TYPE.arp,
      payload: encodeArp({
        operation: 'request',
        senderMac: this.mac,
        senderIp: '0.0.0.0',
        targetMac: '00:00:00:00:00:00',
        targetIp: '0.0.0.0',
        ...packet,
      }),
    });
  }

  #detach(port: Port): void {
    this.#ports.delete(port);
    this.#lan.detach(port);
  }
}

function packetTypeFor(destination: string, mac: string): PacketType | undefined {
  if (destination === BROADCAST_MAC) return 'broadcast';
  if (destination === mac) return 'host';
  return undefined;
}
