/** Neighbour discovery for IPv6 (RFC 4861): solicitations and advertisements, as whole IPv6 packets. */
import { IPV6_LENGTH, isAllZero, MAC_LENGTH, readUint16, writeUint16 } from './address.js';
import type { Decoded } from './decoded.js';
import {
  icmpv6Checksum,
  IPV6,
  isMulticast,
  isSolicitedNodeGroup,
  NEXT_HEADER_ICMPV6,
  writeIpv6Header,
} from './ipv6.js';

interface NdpAddresses {
  /** Of the IPv6 header; 16 bytes each, as is {@link target}. */
  source: Uint8Array;
  destination: Uint8Array;
  /** The address asked for, or told about. */
  target: Uint8Array;
  /** The source's (in a solicitation) or the target's (in an advertisement) MAC; 6 bytes. */
  linkLayerAddress?: Uint8Array;
}

/** Who has `target`? Source `::` when it wants to take that address itself (RFC 4862 §5.4). */
interface NeighborSolicitation extends NdpAddresses {
  type: 'solicitation';
}

interface NeighborAdvertisement extends NdpAddresses {
  type: 'advertisement';
  /** R: the sender is a router. */
  router: boolean;
  /** S: an answer to a solicitation. */
  solicited: boolean;
  /** O: replaces a link-layer address known already. */
  override: boolean;
}

export type NdpMessage = NeighborSolicitation | NeighborAdvertisement;

/** Why bytes are not a valid message (RFC 4861 §7.1.1, §7.1.2). */
export type NdpFault =
  | 'short-packet' // ends before its headers and lengths say
  | 'ip-version'
  | 'next-header' // not ICMPv6, or behind extension headers, which RFC 6980 forbids for fragments
  | 'hop-limit' // not 255: it may have come from another network
  | 'icmp-type' // neither solicitation nor advertisement
  | 'icmp-code'
  | 'checksum'
  | 'option-length' // zero, past the end, or no Ethernet address
  | 'group-target'
  | 'group-source'
  | 'unspecified-source' // `::`, but not to a solicited-node group or with a link-layer address
  | 'solicited-group'; // an answer that is sent to a group

/** Where the fields of a message lie, in bytes from the IPv6 header. */
export const NDP = {
  type: IPV6.payload,
  code: IPV6.payload + 1,
  checksum: IPV6.payload + 2,
  flags: IPV6.payload + 4,
  target: IPV6.payload + 8,
  options: IPV6.payload + 8 + IPV6_LENGTH,
} as const;

/** ICMPv6 type numbers. */
export const NDP_TYPE = { solicitation: 135, advertisement: 136 } as const;
/** Source link-layer address in a solicitation, target link-layer address in an advertisement. */
const OPTION_TYPE = { solicitation: 1, advertisement: 2 } as const;
const OPTION_LENGTH = 8;

export const FLAG = { router: 0x80, solicited: 0x40, override: 0x20 } as const;
const HOP_LIMIT = 255;

/** What is wrong with the IPv6 packet that starts at `at`, if anything; padding after it is ignored. */
export function ndpFault(bytes: Uint8Array, at: number): NdpFault | undefined {
  if (bytes.length < at + NDP.options) return 'short-packet';
  if ((bytes[at] as number) >> 4 !== 6) return 'ip-version';
  if (bytes[at + IPV6.nextHeader] !== NEXT_HEADER_ICMPV6) return 'next-header';
  if (bytes[at + IPV6.hopLimit] !== HOP_LIMIT) return 'hop-limit';
  const end = endOf(bytes, at);
  if (end < at + NDP.options || end > bytes.length) return 'short-packet';
  const type = bytes[at + NDP.type];
  if (type !== NDP_TYPE.solicitation && type !== NDP_TYPE.advertisement) return 'icmp-type';
  if (bytes[at + NDP.code] !== 0) return 'icmp-code';
  if (icmpv6Checksum(bytes, at) !== 0) return 'checksum';
  return optionFault(bytes, at, end) ?? addressFault(bytes, at);
}

/** Where the link-layer address of a valid packet lies; undefined when it carries none. */
export function linkLayerAddressAt(bytes: Uint8Array, at: number): number | undefined {
  const wanted = optionTypeOf(bytes, at);
  const end = endOf(bytes, at);
  for (let option = at + NDP.options; option < end; option += optionLength(bytes, option)) {
    if (bytes[option] === wanted) return option + 2;
  }
  return undefined;
}

/** Reads the IPv6 packet at the start of `bytes`; addresses are views into it, padding is ignored. */
export function decodeNdp(bytes: Uint8Array): Decoded<NdpMessage, NdpFault> {
  const reason = ndpFault(bytes, 0);
  if (reason !== undefined) return { ok: false, reason };
  const mac = linkLayerAddressAt(bytes, 0);
  const addresses: NdpAddresses = {
    source: bytes.subarray(IPV6.source, IPV6.source + IPV6_LENGTH),
    destination: bytes.subarray(IPV6.destination, IPV6.destination + IPV6_LENGTH),
    target: bytes.subarray(NDP.target, NDP.target + IPV6_LENGTH),
    ...(mac === undefined ? {} : { linkLayerAddress: bytes.subarray(mac, mac + MAC_LENGTH) }),
  };
  if (bytes[NDP.type] === NDP_TYPE.solicitation) {
    return { ok: true, value: { type: 'solicitation', ...addresses } };
  }
  const flags = bytes[NDP.flags] as number;
  return {
    ok: true,
    value: {
      type: 'advertisement',
      ...addresses,
      router: (flags & FLAG.router) !== 0,
      solicited: (flags & FLAG.solicited) !== 0,
      override: (flags & FLAG.override) !== 0,
    },
  };
}

/**
 * Writes a message as an IPv6 packet with hop limit 255 and its checksum.
 *
 * ```
 * byte  0..39  IPv6 header
 *      40      type  135 solicitation, 136 advertisement
 *      41      code  0
 *      42..43  checksum
 *      44..47  R, S and O flags of an advertisement, 29 bits reserved
 *      48..63  target address
 *      64..71  link-layer address option: type 1 or 2, length 1 (of 8 bytes), MAC
 * ```
 */
export function encodeNdp(message: NdpMessage): Uint8Array {
  const { linkLayerAddress } = message;
  const bytes = new Uint8Array(NDP.options + (linkLayerAddress === undefined ? 0 : OPTION_LENGTH));
  writeIpv6Header(bytes, { ...message, hopLimit: HOP_LIMIT });
  bytes[NDP.type] = NDP_TYPE[message.type];
  if (message.type === 'advertisement') {
    const { router, solicited, override } = message;
    bytes[NDP.flags] =
      (router ? FLAG.router : 0) | (solicited ? FLAG.solicited : 0) | (override ? FLAG.override : 0);
  }
  bytes.set(message.target, NDP.target);
  if (linkLayerAddress !== undefined) {
    bytes[NDP.options] = OPTION_TYPE[message.type];
    bytes[NDP.options + 1] = OPTION_LENGTH / 8;
    bytes.set(linkLayerAddress, NDP.options + 2);
  }
  writeUint16(bytes, NDP.checksum, icmpv6Checksum(bytes, 0));
  return bytes;
}

/** Options of other types are passed over (§4.6), but have to be whole. */
function optionFault(bytes: Uint8Array, at: number, end: number): NdpFault | undefined {
  const wanted = optionTypeOf(bytes, at);
  for (let option = at + NDP.options, length: number; option < end; option += length) {
    length = option + 1 < end ? optionLength(bytes, option) : 0;
    if (length === 0 || option + length > end) return 'option-length';
    if (bytes[option] === wanted && length !== OPTION_LENGTH) return 'option-length';
  }
  return undefined;
}

function addressFault(bytes: Uint8Array, at: number): NdpFault | undefined {
  if (isMulticast(bytes, at + NDP.target)) return 'group-target';
  if (isMulticast(bytes, at + IPV6.source)) return 'group-source';
  if (bytes[at + NDP.type] === NDP_TYPE.advertisement) {
    const isSolicited = ((bytes[at + NDP.flags] as number) & FLAG.solicited) !== 0;
    return isSolicited && isMulticast(bytes, at + IPV6.destination) ? 'solicited-group' : undefined;
  }
  if (!isAllZero(bytes, at + IPV6.source, IPV6_LENGTH)) return undefined;
  const isProbe =
    isSolicitedNodeGroup(bytes, at + IPV6.destination) && linkLayerAddressAt(bytes, at) === undefined;
  return isProbe ? undefined : 'unspecified-source';
}

function endOf(bytes: Uint8Array, at: number): number {
  return at + IPV6.payload + readUint16(bytes, at + IPV6.payloadLength);
}

/** The type of the option that carries the link-layer address. */
function optionTypeOf(bytes: Uint8Array, at: number): number {
  const isSolicitation = bytes[at + NDP.type] === NDP_TYPE.solicitation;
  return isSolicitation ? OPTION_TYPE.solicitation : OPTION_TYPE.advertisement;
}

function optionLength(bytes: Uint8Array, option: number): number {
  return (bytes[option + 1] as number) * 8;
}
