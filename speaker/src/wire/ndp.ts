/** Neighbour discovery for IPv6 (RFC 4861): solicitations and advertisements, as whole IPv6 packets. */
import { IPV6_LENGTH, MAC_LENGTH, readUint16, writeUint16 } from './address.js';
import type { Decoded } from './decoded.js';
import {
  icmpv6Checksum,
  IPV6,
  isMulticast,
  isSolicitedNodeGroup,
  isUnspecified,
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

const FLAG = { router: 0x80, solicited: 0x40, override: 0x20 } as const;
const HOP_LIMIT = 255;

/** Reads the IPv6 packet at the start of `bytes`; addresses are views into it, padding is ignored. */
export function decodeNdp(bytes: Uint8Array): Decoded<NdpMessage, NdpFault> {
  const reason = headerFault(bytes);
  if (reason !== undefined) return { ok: false, reason };
  const end = IPV6.payload + readUint16(bytes, IPV6.payloadLength);
  const isSolicitation = bytes[NDP.type] === NDP_TYPE.solicitation;
  const options = readOptions(bytes, end, OPTION_TYPE[isSolicitation ? 'solicitation' : 'advertisement']);
  if (!options.ok) return options;
  const addresses: NdpAddresses = {
    source: bytes.subarray(IPV6.source, IPV6.source + IPV6_LENGTH),
    destination: bytes.subarray(IPV6.destination, IPV6.destination + IPV6_LENGTH),
    target: bytes.subarray(NDP.target, NDP.target + IPV6_LENGTH),
    ...(options.value === undefined ? {} : { linkLayerAddress: options.value }),
  };
  const flags = bytes[NDP.flags] as number;
  const message: NdpMessage = isSolicitation
    ? { type: 'solicitation', ...addresses }
    : {
        type: 'advertisement',
        ...addresses,
        router: (flags & FLAG.router) !== 0,
        solicited: (flags & FLAG.solicited) !== 0,
        override: (flags & FLAG.override) !== 0,
      };
  const wrong = meaningFault(message);
  return wrong === undefined ? { ok: true, value: message } : { ok: false, reason: wrong };
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

function headerFault(bytes: Uint8Array): NdpFault | undefined {
  if (bytes.length < NDP.options) return 'short-packet';
  if ((bytes[0] as number) >> 4 !== 6) return 'ip-version';
  if (bytes[IPV6.nextHeader] !== NEXT_HEADER_ICMPV6) return 'next-header';
  if (bytes[IPV6.hopLimit] !== HOP_LIMIT) return 'hop-limit';
  const end = IPV6.payload + readUint16(bytes, IPV6.payloadLength);
  if (end < NDP.options || end > bytes.length) return 'short-packet';
  const type = bytes[NDP.type];
  if (type !== NDP_TYPE.solicitation && type !== NDP_TYPE.advertisement) return 'icmp-type';
  if (bytes[NDP.code] !== 0) return 'icmp-code';
  return icmpv6Checksum(bytes, 0) === 0 ? undefined : 'checksum';
}

/** The first link-layer address among the options; those of other types are passed over (§4.6). */
function readOptions(
  bytes: Uint8Array,
  end: number,
  wanted: number,
): Decoded<Uint8Array | undefined, 'option-length'> {
  let found: Uint8Array | undefined;
  for (let at = NDP.options, length: number; at < end; at += length) {
    length = at + 1 < end ? (bytes[at + 1] as number) * 8 : 0;
    if (length === 0 || at + length > end) return { ok: false, reason: 'option-length' };
    if (bytes[at] !== wanted || found !== undefined) continue;
    if (length !== OPTION_LENGTH) return { ok: false, reason: 'option-length' };
    found = bytes.subarray(at + 2, at + 2 + MAC_LENGTH);
  }
  return { ok: true, value: found };
}

function meaningFault(message: NdpMessage): NdpFault | undefined {
  const { type, source, destination, target, linkLayerAddress } = message;
  if (isMulticast(target)) return 'group-target';
  if (isMulticast(source)) return 'group-source';
  if (type === 'advertisement') {
    return message.solicited && isMulticast(destination) ? 'solicited-group' : undefined;
  }
  if (!isUnspecified(source)) return undefined;
  const isProbe = isSolicitedNodeGroup(destination) && linkLayerAddress === undefined;
  return isProbe ? undefined : 'unspecified-source';
}
