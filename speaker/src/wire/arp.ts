/** ARP for IPv4 over Ethernet (RFC 826). */
import {
  IPV4_LENGTH,
  ipBytes,
  MAC_LENGTH,
  macBytes,
  readIpv4,
  readMac,
  readUint16,
  sameBytes,
  type MacAddress,
} from './address.js';
import type { Decoded } from './decoded.js';

/** `ar$op` of RFC 826. */
export type ArpOperation = 'request' | 'reply';

export interface ArpPacket {
  operation: ArpOperation;
  senderMac: MacAddress;
  /** `0.0.0.0` in a probe (RFC 5227 §1.1). */
  senderIp: string;
  /** Without meaning in a request. */
  targetMac: MacAddress;
  targetIp: string;
}

/** Why bytes are not an ARP packet this program understands. */
export type ArpFault =
  | 'short-packet' // less than 28 bytes
  | 'hardware-type' // neither Ethernet (1) nor IEEE 802 (6)
  | 'protocol-type' // not IPv4
  | 'address-length' // not 6 and 4 bytes
  | 'unknown-operation'; // neither request nor reply

/** Where the fields of a packet lie, in bytes; the length of it is that of IPv4 over Ethernet. */
export const ARP = {
  operation: 6,
  senderMac: 8,
  senderIp: 14,
  targetMac: 18,
  targetIp: 24,
  length: 28,
} as const;

export const ARP_OPERATION: Readonly<Record<ArpOperation, number>> = { request: 1, reply: 2 };

const HARDWARE_ETHERNET = 1;
const HARDWARE_IEEE_802 = 6;
const PROTOCOL_IPV4 = 0x0800;

/** What is wrong with the packet that starts at `offset`, if anything; padding after it is ignored. */
export function arpFault(bytes: Uint8Array, offset: number): ArpFault | undefined {
  if (bytes.length < offset + ARP.length) return 'short-packet';
  const hardware = readUint16(bytes, offset);
  if (hardware !== HARDWARE_ETHERNET && hardware !== HARDWARE_IEEE_802) return 'hardware-type';
  if (readUint16(bytes, offset + 2) !== PROTOCOL_IPV4) return 'protocol-type';
  // The lengths decide where every later field lies, so they are checked before any of them is read.
  if (bytes[offset + 4] !== MAC_LENGTH || bytes[offset + 5] !== IPV4_LENGTH) return 'address-length';
  const operation = readUint16(bytes, offset + ARP.operation);
  const isKnown = operation === ARP_OPERATION.request || operation === ARP_OPERATION.reply;
  return isKnown ? undefined : 'unknown-operation';
}

/**
 * Whether the valid packet at `offset` announces its sender rather than asking or answering: sender and
 * target address are one (RFC 5944 §4.6).
 */
export function isGratuitous(bytes: Uint8Array, offset: number): boolean {
  return sameBytes(bytes, offset + ARP.senderIp, bytes, offset + ARP.targetIp, IPV4_LENGTH);
}

/** Reads the ARP packet at the start of `bytes`; padding after it is ignored. */
export function decodeArp(bytes: Uint8Array): Decoded<ArpPacket, ArpFault> {
  const reason = arpFault(bytes, 0);
  if (reason !== undefined) return { ok: false, reason };
  return {
    ok: true,
    value: {
      operation: readUint16(bytes, ARP.operation) === ARP_OPERATION.request ? 'request' : 'reply',
      senderMac: readMac(bytes, ARP.senderMac),
      senderIp: readIpv4(bytes, ARP.senderIp),
      targetMac: readMac(bytes, ARP.targetMac),
      targetIp: readIpv4(bytes, ARP.targetIp),
    },
  };
}

/**
 * Writes a packet.
 *
 * ```
 * byte  0..1   hardware type  1
 *       2..3   protocol type  0x0800
 *       4      hardware address length  6
 *       5      protocol address length  4
 *       6..7   operation  1 request, 2 reply
 *       8..13  sender hardware address
 *      14..17  sender protocol address
 *      18..23  target hardware address
 *      24..27  target protocol address
 * ```
 * @throws RangeError when an address is not one
 */
export function encodeArp(packet: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(ARP.length);
  bytes.set([0, HARDWARE_ETHERNET, PROTOCOL_IPV4 >> 8, PROTOCOL_IPV4 & 0xff, MAC_LENGTH, IPV4_LENGTH]);
  bytes[ARP.operation + 1] = ARP_OPERATION[packet.operation];
  bytes.set(macBytes(packet.senderMac), ARP.senderMac);
  bytes.set(ipv4Bytes(packet.senderIp), ARP.senderIp);
  bytes.set(macBytes(packet.targetMac), ARP.targetMac);
  bytes.set(ipv4Bytes(packet.targetIp), ARP.targetIp);
  return bytes;
}

function ipv4Bytes(ip: string): Uint8Array {
  const bytes = ipBytes(ip);
  if (bytes.length !== IPV4_LENGTH) throw new RangeError(`"${ip}" is not an IPv4 address`);
  return bytes;
}
