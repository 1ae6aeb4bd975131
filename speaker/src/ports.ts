/**
 * What the rooms of this package need from outside, as interfaces only. Programs pass the real thing
 * (pino, prom-client, AF_PACKET), tests pass a simulated one. `Clock`, `Random` and `KubeApi` are ports
 * of the sdk.
 */

/** Structured log; a pino logger is one. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Values of a metric's labels, by label name. */
export type MetricLabels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  /** Adds `by` to the series of `labels`. @default 1 */
  inc(labels: MetricLabels, by?: number): void;
  /** Drops the series of `labels`; counted again, it begins at 0. */
  remove(labels: MetricLabels): void;
}

/** A number that comes and goes. */
export interface Gauge {
  set(labels: MetricLabels, value: number): void;
  /** Drops the series of `labels`, so that it is no longer exported. */
  remove(labels: MetricLabels): void;
}

/** How numbers are spread. */
export interface Histogram {
  observe(labels: MetricLabels, value: number): void;
}

/** Where rooms declare their metrics. Asking twice for one name gives the same metric. */
export interface Meter {
  counter(name: string, help: string, labelNames: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames: readonly string[]): Gauge;
}

/** The meter of the program itself: other threads relay sums to it, not spreads. */
export interface MainMeter extends Meter {
  /** @param buckets their upper bounds, ascending */
  histogram(name: string, help: string, labelNames: readonly string[], buckets: readonly number[]): Histogram;
}

/** What the kernel says about one network interface. */
export interface Link {
  /** Interface index; another interface has it only if whoever makes one asks for just that number. */
  readonly index: number;
  readonly name: string;
  /** Lower-case, colon separated; empty when the link has none of six bytes. */
  readonly mac: string;
  /** Hardware type as ARP has it (`ARPHRD_*`): 1 is Ethernet. */
  readonly hardwareType: number;
  /** Administratively up (`IFF_UP`). */
  readonly up: boolean;
  /** The medium is there: a cable is plugged in, the other end of a veth pair is up. */
  readonly carrier: boolean;
  readonly loopback: boolean;
  /** `IFF_NOARP`: the interface does not take part in ARP. */
  readonly noArp: boolean;
  /**
   * Enslaved to a bridge or bond, on which frames are then to be sent and received; or part of a VRF, whose
   * routes need not lead to the services.
   */
  readonly hasMaster: boolean;
}

/** The machine's network interfaces, kept current. */
export interface LinkSource {
  /** What is known now. */
  links(): readonly Link[];
  /** Calls `listener` after each change; returns what ends that. */
  subscribe(listener: () => void): () => void;
  /** Looks first of all, then keeps {@link links} current until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** To whom a frame was addressed, as the kernel judged it (`sll_pkttype`, packet(7)). */
export type PacketType = 'host' | 'broadcast' | 'multicast' | 'otherhost' | 'outgoing';

/** A frame as it came from the link. */
export interface ReceivedFrame {
  /** The whole Ethernet frame; valid only during the call it is handed over in. */
  readonly bytes: Uint8Array;
  readonly packetType: PacketType;
  /** The interface it came in on; differs from the socket's for a VLAN on top of it. */
  readonly interfaceIndex: number;
}

/** What a {@link LinkSocket} tells its owner. */
export interface LinkSocketHandler {
  onFrame(frame: ReceivedFrame): void;
  /** The socket is dead (its link went down or away) and closes itself; called at most once. */
  onDown(error: Error): void;
}

/** What a socket delivers: ARP, or the solicitations and advertisements of IPv6 neighbour discovery. */
export type LinkProtocol = 'arp' | 'ndp';

/** An open raw socket on one interface that delivers the frames of one protocol. */
export interface LinkSocket {
  /**
   * Sends one Ethernet frame. A full queue drops it: the network may lose any frame anyway.
   * @returns whether the kernel took it
   */
  send(frame: Uint8Array): boolean;
  /** How many frames the kernel had no room for since the last call; 0 once closed. */
  takeDrops(): number;
  /** Idempotent. No handler is called afterwards. */
  close(): void;
}

/** Opens a {@link LinkSocket}; throws when the link is gone or the permission is missing. */
export type OpenLinkSocket = (
  link: Pick<Link, 'index' | 'name'>,
  protocol: LinkProtocol,
  handler: LinkSocketHandler,
) => LinkSocket;

/**
 * The IPv6 multicast groups this machine listens to on one interface. What is sent to any other group
 * need not reach it: interfaces and switches filter.
 */
export interface LinkGroups {
  /** Joins the group of 16 bytes, which is not joined yet; throws when the kernel refuses. */
  join(group: Uint8Array): void;
  /** Leaves a group that was joined. */
  leave(group: Uint8Array): void;
  /** Leaves all. Idempotent. */
  close(): void;
}

/** Gives the groups of a link, of which none is joined yet. */
export type OpenLinkGroups = (link: Pick<Link, 'index' | 'name'>) => LinkGroups;

/** What a role tells `/readyz` and `/healthz` about itself. A part or loop never named does not count. */
export interface Health {
  /** `/readyz` fails, with `reason`, until {@link ready} is said of the same part. */
  notReady(part: string, reason: string): void;
  ready(part: string): void;
  /** `loop` begins a step of its work; `/healthz` fails when one step takes far too long. */
  busy(loop: string): void;
  /** `loop` waits for something to do, however long that takes. */
  idle(loop: string): void;
}

/** Where a member of the gossip is reached; address and port are the same for UDP and TCP. */
export interface GossipEndpoint {
  readonly address: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** One TCP connection between two members. */
export interface GossipStream {
  /** Bytes as they come, until the other side ends; throws when the connection breaks or times out. */
  receive(): AsyncIterable<Uint8Array>;
  /** Resolves when the kernel has taken them. */
  send(bytes: Uint8Array): Promise<void>;
  /** Idempotent; {@link receive} then ends. */
  close(): void;
}

export interface GossipHandler {
  onDatagram(bytes: Uint8Array, from: GossipEndpoint): void;
  /** A peer has connected; the handler closes the stream. */
  onStream(stream: GossipStream, from: GossipEndpoint): void;
}

/** UDP and TCP on one port: datagrams may be lost, streams are reliable. */
export interface GossipTransport {
  /** Sends one datagram; whether it arrives, nobody knows. Never throws for what the network does. */
  send(to: GossipEndpoint, datagram: Uint8Array): void;
  /** Opens a stream; rejects when the peer does not answer in `timeoutMs` milliseconds, or on abort. */
  connect(to: GossipEndpoint, options: { timeoutMs: number; signal: AbortSignal }): Promise<GossipStream>;
  /**
   * Receives until `signal` is aborted; rejects when the sockets cannot be opened or die, as they do when a
   * {@link connect} finds that this machine has not their address any more.
   */
  run(handler: GossipHandler, signal: AbortSignal): Promise<void>;
}
