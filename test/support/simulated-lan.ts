/**
 * A switched network in memory. Hosts have links and open sockets on them through the same ports as on a
 * real machine, so the real announcer runs on it unchanged; plugging a cable out is one call.
 */
import { Listeners } from '@metallb-l2/sdk/kube';
import type {
  Link,
  LinkGroups,
  LinkProtocol,
  LinkSocket,
  LinkSocketHandler,
  LinkSource,
  OpenLinkGroups,
  OpenLinkSocket,
  PacketType,
} from '../../speaker/src/ports.js';
import { BROADCAST_MAC, ipBytes, ipText, macBytes, readMac } from '../../speaker/src/wire/address.js';
import { type ArpPacket, decodeArp, encodeArp } from '../../speaker/src/wire/arp.js';
import { decodeEthernet, encodeEthernet, ETHER_TYPE } from '../../speaker/src/wire/ethernet.js';
import { multicastMac, solicitedNodeGroup } from '../../speaker/src/wire/ipv6.js';
import { decodeNdp, encodeNdp, type NdpMessage } from '../../speaker/src/wire/ndp.js';

interface Port {
  readonly host: SimulatedHost;
  readonly link: Link;
  readonly protocol: LinkProtocol;
  readonly handler: LinkSocketHandler;
}

/** An ARP packet as it went over the network, and who sent it. */
export interface SeenArp {
  readonly from: string;
  readonly destination: string;
  readonly packet: ArpPacket;
}

/** A message of neighbour discovery as it went over the network, with its addresses as text. */
export interface SeenNdp {
  readonly from: string;
  /** The Ethernet destination. */
  readonly to: string;
  readonly type: NdpMessage['type'];
  readonly source: string;
  readonly destination: string;
  readonly target: string;
  readonly mac?: string;
  /** Those of R, S and O that are set. */
  readonly flags: string;
}

/** Where every IPv6 host listens: `ff02::1`. */
const ALL_NODES_MAC = '33:33:00:00:00:01';

/** A link that announces, unless `fields` say otherwise. */
export function ethernetLink(fields: Partial<Link> = {}): Link {
  return {
    index: 2,
    name: 'lan0',
    mac: '02:00:00:00:00:01',
    hardwareType: 1,
    up: true,
    carrier: true,
    loopback: false,
    noArp: false,
    hasMaster: false,
    ...fields,
  };
}

export class SimulatedLan {
  /** Every ARP packet sent so far. */
  readonly seen: SeenArp[] = [];
  /** Every message of neighbour discovery sent so far. */
  readonly seenNdp: SeenNdp[] = [];
  readonly #ports = new Set<Port>();
  #hosts = 0;

  /** A machine with one link of its own MAC. */
  addHost(name: string, linkName = 'lan0'): SimulatedHost {
    this.#hosts++;
    const mac = `02:00:00:00:00:${this.#hosts.toString(16).padStart(2, '0')}`;
    return new SimulatedHost(this, name, ethernetLink({ name: linkName, mac }));
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
    const arp = etherType === ETHER_TYPE.arp ? decodeArp(payload) : undefined;
    if (arp?.ok) this.seen.push({ from: from.host.name, destination, packet: arp.value });
    const ndp = etherType === ETHER_TYPE.ipv6 ? decodeNdp(payload) : undefined;
    if (ndp?.ok) this.seenNdp.push({ from: from.host.name, to: destination, ...inText(ndp.value) });
    queueMicrotask(() => {
      for (const port of [...this.#ports]) {
        const isDeaf = port === from || !port.link.carrier || port.protocol !== protocolOf(copy);
        const packetType = isDeaf ? undefined : port.host.packetType(destination, port.link);
        if (packetType === undefined) continue;
        port.handler.onFrame({ bytes: copy, packetType, interfaceIndex: port.link.index });
      }
    });
  }
}

export class SimulatedHost implements LinkSource {
  readonly name: string;
  readonly #lan: SimulatedLan;
  readonly #listeners = new Listeners();
  readonly #ports = new Set<Port>();
  /** The multicast MACs listened to, by the index of the link. */
  readonly #groups = new Map<number, Set<string>>();
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
    return this.#listeners.add(listener);
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
    this.#listeners.call();
  }

  /** Ends all sockets as the kernel does when a link goes away. */
  breakSockets(error: Error): void {
    for (const port of [...this.#ports]) {
      if (!this.#ports.has(port)) continue; // closed by what it heard of another
      this.#detach(port);
      port.handler.onDown(error);
    }
  }

  readonly openSocket: OpenLinkSocket = (link, protocol, handler): LinkSocket => {
    if (link.index !== this.#link.index) throw new Error(`bind to ${link.name}: ENODEV`);
    const port: Port = { host: this, link: this.#link, protocol, handler };
    this.#ports.add(port);
    this.#lan.attach(port);
    return {
      send: (frame) => {
        if (!this.#ports.has(port) || !this.#link.carrier) return false;
        this.#lan.carry(port, frame);
        return true;
      },
      takeDrops: () => 0,
      close: () => this.#detach(port),
    };
  };

  readonly openGroups: OpenLinkGroups = (link): LinkGroups => {
    const groups = new Set<string>();
    const macOf = (group: Uint8Array) => readMac(multicastMac(group), 0);
    return {
      join: (group) => {
        if (link.index !== this.#link.index) throw new Error(`join on ${link.name}: ENODEV`);
        groups.add(macOf(group));
        this.#groups.set(link.index, groups);
      },
      leave: (group) => groups.delete(macOf(group)),
      close: () => groups.clear(),
    };
  };

  /** How many multicast groups this host listens to. */
  get groupCount(): number {
    return this.#groups.get(this.#link.index)?.size ?? 0;
  }

  /** How the kernel judges a frame to `destination`; undefined when the interface filters it out. */
  packetType(destination: string, link: Link): PacketType | undefined {
    if (destination === BROADCAST_MAC) return 'broadcast';
    if (destination === link.mac) return 'host';
    const listens = destination === ALL_NODES_MAC || this.#groups.get(link.index)?.has(destination);
    return listens ? 'multicast' : undefined;
  }

  /** Asks the network for `ip`, as `arping` does; gives the MACs that answer within this turn. */
  async ask(ip: string, senderIp = '192.0.2.250'): Promise<string[]> {
    const answers: string[] = [];
    const socket = this.openSocket(this.#link, 'arp', {
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

  /**
   * Asks the network for an IPv6 address, as `ndisc6` does; gives the MACs that answer within this turn.
   * From `::` it is the question of a host that wants to take the address (RFC 4862 §5.4).
   */
  async solicit(ip: string, source = '2001:db8::250'): Promise<string[]> {
    const answers: string[] = [];
    const socket = this.openSocket(this.#link, 'ndp', {
      onFrame: ({ bytes }) => {
        const ndp = decodeNdp(bytes.subarray(14));
        if (!ndp.ok || ndp.value.type !== 'advertisement') return;
        const { target, mac, destination } = inText(ndp.value);
        const isAnswer = target === ip && destination === (source === '::' ? 'ff02::1' : source);
        if (isAnswer && mac !== undefined) answers.push(mac);
      },
      onDown: () => undefined,
    });
    const group = solicitedNodeGroup(ipBytes(ip));
    this.sendNdp({
      type: 'solicitation',
      source: ipBytes(source),
      destination: group,
      target: ipBytes(ip),
      ...(source === '::' ? {} : { linkLayerAddress: macBytes(this.mac) }),
    });
    await new Promise((resolve) => setImmediate(resolve));
    socket.close();
    return answers;
  }

  /** Tells all nodes that `ip` is this host's, as one does that has just taken it. */
  advertise(ip: string): void {
    this.sendNdp({
      type: 'advertisement',
      source: ipBytes(ip),
      destination: ipBytes('ff02::1'),
      target: ipBytes(ip),
      linkLayerAddress: macBytes(this.mac),
      router: false,
      solicited: false,
      override: true,
    });
  }

  /** Sends one message from this host's MAC to the group that it is for, or to `to`. */
  sendNdp(message: NdpMessage, to = readMac(multicastMac(message.destination), 0)): void {
    const header = { destination: to, source: this.mac, etherType: ETHER_TYPE.ipv6 };
    this.#sendOnce('ndp', encodeEthernet({ ...header, payload: encodeNdp(message) }));
  }

  /** Sends one ARP packet from this host's MAC. */
  send(packet: Partial<ArpPacket>, destination = BROADCAST_MAC): void {
    this.#sendOnce('arp', this.frame(destination, packet));
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

  #sendOnce(protocol: LinkProtocol, frame: Uint8Array): void {
    const handler = { onFrame: () => undefined, onDown: () => undefined };
    const socket = this.openSocket(this.#link, protocol, handler);
    socket.send(frame);
    socket.close();
  }

  #detach(port: Port): void {
    this.#ports.delete(port);
    this.#lan.detach(port);
  }
}

/** Whose sockets the kernel's filter lets a frame through to. */
function protocolOf(frame: Uint8Array): LinkProtocol | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const etherType = view.getUint16(12);
  if (etherType === ETHER_TYPE.arp) return frame.length >= 22 && view.getUint16(20) <= 2 ? 'arp' : undefined;
  const isIcmp = etherType === ETHER_TYPE.ipv6 && frame.length >= 56 && view.getUint16(20) === 0x3aff;
  return isIcmp && [0x8700, 0x8800].includes(view.getUint16(54)) ? 'ndp' : undefined;
}

/** A message with its addresses as text. */
function inText(message: NdpMessage): Omit<SeenNdp, 'from' | 'to'> {
  const { type, linkLayerAddress } = message;
  const flags =
    message.type === 'advertisement'
      ? (message.router ? 'R' : '') + (message.solicited ? 'S' : '') + (message.override ? 'O' : '')
      : '';
  return {
    type,
    source: ipText(message.source),
    destination: ipText(message.destination),
    target: ipText(message.target),
    ...(linkLayerAddress === undefined ? {} : { mac: readMac(linkLayerAddress, 0) }),
    flags,
  };
}
