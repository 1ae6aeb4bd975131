/** What neighbour discovery needs of IPv6: the fixed header, checksums, and multicast (RFC 8200, 4291). */
import { copyBytes, IPV6_LENGTH, readUint16, sameBytes, writeUint16 } from './address.js';

/** Where the fields of a packet without extension headers lie, in bytes (RFC 8200 §3). */
export const IPV6 = {
  payloadLength: 4,
  nextHeader: 6,
  hopLimit: 7,
  source: 8,
  destination: 24,
  payload: 40,
} as const;

export const NEXT_HEADER_ICMPV6 = 58;

/** `ff02::1`, every node on the link. */
export const ALL_NODES = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** `ff02::1:ff00:0/104`; the last three bytes are those of the address asked for (RFC 4291 §2.7.1). */
const SOLICITED_NODE = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0);
const SOLICITED_NODE_PREFIX = 13;
const GROUP_PART = IPV6_LENGTH - SOLICITED_NODE_PREFIX;

/** Sets version 6, no traffic class, no flow label, and the given fields. */
export function writeIpv6Header(
  bytes: Uint8Array,
  header: { source: Uint8Array; destination: Uint8Array; hopLimit: number },
): void {
  bytes[0] = 6 << 4;
  writeUint16(bytes, IPV6.payloadLength, bytes.length - IPV6.payload);
  bytes[IPV6.nextHeader] = NEXT_HEADER_ICMPV6;
  bytes[IPV6.hopLimit] = header.hopLimit;
  bytes.set(header.source, IPV6.source);
  bytes.set(header.destination, IPV6.destination);
}

/**
 * The Internet checksum of an ICMPv6 message with its pseudo-header (RFC 4443 §2.3), for the IPv6 packet at
 * `offset`. With the checksum field as received it is 0 when nothing was damaged; with the field zeroed it
 * is the value to send.
 */
export function icmpv6Checksum(bytes: Uint8Array, offset: number): number {
  const length = readUint16(bytes, offset + IPV6.payloadLength);
  let sum = NEXT_HEADER_ICMPV6 + length;
  const end = offset + IPV6.payload + length;
  // The addresses of the pseudo-header lie right before the payload.
  for (let i = offset + IPV6.source; i + 1 < end; i += 2) sum += readUint16(bytes, i);
  if (length % 2 === 1) sum += (bytes[end - 1] as number) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The group a host asks for `address` in, when it does not know its station yet. */
export function solicitedNodeGroup(address: Uint8Array): Uint8Array {
  const group = SOLICITED_NODE.slice();
  group.set(address.subarray(SOLICITED_NODE_PREFIX), SOLICITED_NODE_PREFIX);
  return group;
}

/**
 * Whether the address at `offset` is the solicited-node group of the one at `target`; of any, when that is
 * left out.
 */
export function isSolicitedNodeGroup(bytes: Uint8Array, offset: number, target = offset): boolean {
  return (
    sameBytes(bytes, offset, SOLICITED_NODE, 0, SOLICITED_NODE_PREFIX) &&
    sameBytes(bytes, offset + SOLICITED_NODE_PREFIX, bytes, target + SOLICITED_NODE_PREFIX, GROUP_PART)
  );
}

export function isMulticast(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] === 0xff;
}

/** The Ethernet address of a multicast group: `33:33` and its last four bytes (RFC 2464 §7). */
export function multicastMac(group: Uint8Array): Uint8Array {
  const mac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 0);
  copyBytes(group, IPV6_LENGTH - 4, mac, 2, 4);
  return mac;
}

/** Whether the MAC at `offset` is that of the group at `group`. */
export function isMulticastMac(bytes: Uint8Array, offset: number, group: number): boolean {
  const isPrefix = bytes[offset] === 0x33 && bytes[offset + 1] === 0x33;
  return isPrefix && sameBytes(bytes, offset + 2, bytes, group + IPV6_LENGTH - 4, 4);
}
