/**
 * The part of rtnetlink(7) that tells which network interfaces there are: the request for all of them and
 * the messages that answer it or report a change later.
 *
 * Numbers are in the byte order of the machine, which is little endian on all this program is built for.
 */
import { isStationMac, MAC_LENGTH, readMac, type MacAddress } from './address.js';
import type { Decoded } from './decoded.js';

/** One interface as an RTM_NEWLINK describes it. */
export interface LinkMessage {
  /** Positive. */
  index: number;
  name: string;
  /** Empty when the interface has no address of six bytes that names a station. */
  mac: MacAddress;
  /** `ARPHRD_*`. */
  hardwareType: number;
  /** `IFF_*`, see {@link LINK_FLAG}. */
  flags: number;
  /** Index of the bridge, bond or VRF it is enslaved to; 0 for none. */
  master: number;
}

export type RouteMessage =
  | {
      readonly kind: 'link';
      readonly link: LinkMessage;
      /** Of the request it answers; 0 for an event. */
      readonly sequence: number;
      /** The kernel found that interfaces changed while it listed them (`NLM_F_DUMP_INTR`). */
      readonly interrupted: boolean;
    }
  | { readonly kind: 'link-gone'; readonly index: number }
  | { readonly kind: 'dump-end'; readonly sequence: number; readonly interrupted: boolean }
  /** Also of a dump that was broken off. `errno` is positive; 0 acknowledges. */
  | { readonly kind: 'error'; readonly sequence: number; readonly errno: number }
  /** The kernel had to drop messages. */
  | { readonly kind: 'overrun' }
  | { readonly kind: 'other'; readonly type: number };

/** Why bytes are not a sequence of netlink messages. */
export type RouteMessageFault =
  | 'short-header' // less than the 16 bytes of a header
  | 'bad-length' // a message that claims to be shorter than its header or longer than the bytes
  | 'short-link' // RTM_NEWLINK or RTM_DELLINK without a whole `struct ifinfomsg`
  | 'short-error' // NLMSG_ERROR or NLMSG_DONE without a number
  | 'bad-attribute'; // an attribute that claims to be shorter than its header or longer than its message

/** `ifi_flags`, netdevice(7). */
export const LINK_FLAG = {
  up: 0x1,
  loopback: 0x8,
  /** Operationally up (RFC 2863): frames pass. */
  running: 0x40,
  noArp: 0x80,
  lowerUp: 0x10000,
} as const;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSG_OVERRUN = 4;
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;

const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_DUMP = 0x300;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MASTER = 10;
/** `NLA_TYPE_MASK`: the two highest bits are flags. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** `struct nlmsghdr`: u32 length, u16 type, u16 flags, u32 sequence, u32 port. */
const HEADER_LENGTH = 16;
/** `struct ifinfomsg`: u8 family, pad, u16 type, i32 index, u32 flags, u32 change. */
const LINK_LENGTH = 16;
/** `struct rtattr`: u16 length, u16 type. */
const ATTRIBUTE_HEADER_LENGTH = 4;

const AF_UNSPEC = 0;
const LITTLE_ENDIAN = true;

const text = new TextDecoder();

/** Asks for all interfaces of the network namespace; the answers carry `sequence`, 1 and up. */
export function encodeLinkDumpRequest(sequence: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + LINK_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, LITTLE_ENDIAN);
  view.setUint16(4, RTM_GETLINK, LITTLE_ENDIAN);
  view.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, LITTLE_ENDIAN);
  view.setUint32(8, sequence, LITTLE_ENDIAN);
  return bytes;
}

/** Reads all messages of one datagram. Kinds this program has no use for come out as `other`. */
export function decodeRouteMessages(bytes: Uint8Array): Decoded<RouteMessage[], RouteMessageFault> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: RouteMessage[] = [];
  for (let offset = 0; offset < bytes.length;) {
    if (bytes.length - offset < HEADER_LENGTH) return { ok: false, reason: 'short-header' };
    const length = view.getUint32(offset, LITTLE_ENDIAN);
    if (length < HEADER_LENGTH || length > bytes.length - offset) return { ok: false, reason: 'bad-length' };
    const message = decodeMessage(new DataView(bytes.buffer, bytes.byteOffset + offset, length));
    if (!message.ok) return message;
    messages.push(message.value);
    offset += align(length);
  }
  return { ok: true, value: messages };
}

function decodeMessage(view: DataView): Decoded<RouteMessage, RouteMessageFault> {
  const type = view.getUint16(4, LITTLE_ENDIAN);
  const interrupted = (view.getUint16(6, LITTLE_ENDIAN) & NLM_F_DUMP_INTR) !== 0;
  const sequence = view.getUint32(8, LITTLE_ENDIAN);
  switch (type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return decodeLinkMessage(view, type, { sequence, interrupted });
    case NLMSG_OVERRUN:
      return { ok: true, value: { kind: 'overrun' } };
    case NLMSG_DONE:
    case NLMSG_ERROR: {
      if (view.byteLength < HEADER_LENGTH + 4) return { ok: false, reason: 'short-error' };
      const errno = Math.abs(view.getInt32(HEADER_LENGTH, LITTLE_ENDIAN));
      if (type === NLMSG_DONE && errno === 0) {
        return { ok: true, value: { kind: 'dump-end', sequence, interrupted } };
      }
      return { ok: true, value: { kind: 'error', sequence, errno } };
    }
    default:
      return { ok: true, value: { kind: 'other', type } };
  }
}

function decodeLinkMessage(
  view: DataView,
  type: number,
  answer: { sequence: number; interrupted: boolean },
): Decoded<RouteMessage, RouteMessageFault> {
  if (view.byteLength < HEADER_LENGTH + LINK_LENGTH) return { ok: false, reason: 'short-link' };
  const family = view.getUint8(HEADER_LENGTH);
  const index = view.getInt32(HEADER_LENGTH + 4, LITTLE_ENDIAN);
  // A bridge reports its ports with messages of its own family on the same group. Its RTM_DELLINK says
  // that a port left the bridge: the interface is still there.
  if (family !== AF_UNSPEC || index <= 0) return { ok: true, value: { kind: 'other', type } };
  if (type === RTM_DELLINK) return { ok: true, value: { kind: 'link-gone', index } };

  const link: LinkMessage = {
    index,
    name: '',
    mac: '',
    hardwareType: view.getUint16(HEADER_LENGTH + 2, LITTLE_ENDIAN),
    flags: view.getUint32(HEADER_LENGTH + 8, LITTLE_ENDIAN),
    master: 0,
  };
  for (let offset = HEADER_LENGTH + LINK_LENGTH; offset < view.byteLength;) {
    const left = view.byteLength - offset;
    const length = left < ATTRIBUTE_HEADER_LENGTH ? 0 : view.getUint16(offset, LITTLE_ENDIAN);
    if (length < ATTRIBUTE_HEADER_LENGTH || length > left) return { ok: false, reason: 'bad-attribute' };
    const attribute = view.getUint16(offset + 2, LITTLE_ENDIAN) & ATTRIBUTE_TYPE_MASK;
    const start = view.byteOffset + offset + ATTRIBUTE_HEADER_LENGTH;
    readAttribute(link, attribute, new Uint8Array(view.buffer, start, length - ATTRIBUTE_HEADER_LENGTH));
    offset += align(length);
  }
  // Wireless drivers send an RTM_NEWLINK with nothing but their own attribute in it.
  if (link.name === '') return { ok: true, value: { kind: 'other', type } };
  return { ok: true, value: { kind: 'link', link, ...answer } };
}

function readAttribute(link: LinkMessage, attribute: number, value: Uint8Array): void {
  if (attribute === IFLA_IFNAME) {
    const end = value.indexOf(0);
    link.name = text.decode(end < 0 ? value : value.subarray(0, end));
  } else if (attribute === IFLA_ADDRESS && value.length === MAC_LENGTH) {
    link.mac = isStationMac(value, 0) ? readMac(value, 0) : '';
  } else if (attribute === IFLA_MASTER && value.length === 4) {
    link.master = new DataView(value.buffer, value.byteOffset).getUint32(0, LITTLE_ENDIAN);
  }
}

/** Messages and attributes begin at multiples of four. */
function align(length: number): number {
  return (length + 3) & ~3;
}
