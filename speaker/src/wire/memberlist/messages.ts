/**
 * The messages of hashicorp/memberlist v0.5 (SWIM with Lifeguard), as values. How they become bytes is in
 * the files beside this one; what they mean is decided in `membership`.
 */

/** A member's name; MetalLB's is the node's. */
export type MemberName = string;

/**
 * An IP address as its bytes say it: `192.0.2.1` for four of them, RFC 5952 text for sixteen. An IPv4
 * address in sixteen bytes stays `::ffff:192.0.2.1`: Go peers compare bytes, so it has to be passed on as
 * it came.
 */
export type MemberAddress = string;

/** Protocol versions a member speaks: `[pMin, pMax, pCur, dMin, dMax, dCur]`. */
export type MemberVersions = readonly [number, number, number, number, number, number];

/** Whom to answer, when that is not the sender of the datagram. */
export interface GossipSource {
  readonly address: MemberAddress;
  readonly port: number;
  readonly node: MemberName;
}

export interface Ping {
  readonly type: 'ping';
  readonly seqNo: number;
  /** Who is asked; a member with another name stays silent. */
  readonly node: MemberName;
  readonly source?: GossipSource;
}

export interface IndirectPing {
  readonly type: 'indirectPing';
  readonly seqNo: number;
  readonly target: MemberAddress;
  readonly port: number;
  readonly node: MemberName;
  /** Whether a `nack` is wanted when the target does not answer. */
  readonly nack: boolean;
  readonly source?: GossipSource;
}

export interface Ack {
  readonly type: 'ack';
  readonly seqNo: number;
}

export interface Nack {
  readonly type: 'nack';
  readonly seqNo: number;
}

export interface Suspect {
  readonly type: 'suspect';
  readonly incarnation: number;
  readonly node: MemberName;
  readonly from: MemberName;
}

export interface Alive {
  readonly type: 'alive';
  readonly incarnation: number;
  readonly node: MemberName;
  readonly address: MemberAddress;
  readonly port: number;
  /** Opaque, at most 512 bytes. */
  readonly meta: Uint8Array;
  readonly versions: MemberVersions;
}

/** A member is gone; it left by itself when `from` is the member. */
export interface Dead {
  readonly type: 'dead';
  readonly incarnation: number;
  readonly node: MemberName;
  readonly from: MemberName;
}

/** A user's message, which MetalLB never sends. */
interface UserMessage {
  readonly type: 'user';
  readonly bytes: Uint8Array;
}

/** What a datagram carries, alone or several in one. */
export type GossipMessage = Ping | IndirectPing | Ack | Nack | Suspect | Alive | Dead | UserMessage;

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

/** One member as a push-pull tells of it. */
export interface PushedMember {
  readonly name: MemberName;
  readonly address: MemberAddress;
  readonly port: number;
  readonly meta: Uint8Array;
  readonly incarnation: number;
  readonly state: MemberState;
  readonly versions: MemberVersions;
}

/** All a member knows, exchanged over TCP. */
export interface PushPull {
  readonly type: 'pushPull';
  readonly join: boolean;
  readonly members: readonly PushedMember[];
  readonly userState: Uint8Array;
}

/** Why a peer broke a stream off. */
interface StreamError {
  readonly type: 'error';
  readonly message: string;
}

/** What a TCP stream carries, one in each direction. */
export type StreamMessage = PushPull | Ping | Ack | StreamError | UserMessage;
