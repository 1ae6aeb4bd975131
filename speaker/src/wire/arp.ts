/** ARP for IPv4 over Ethernet (RFC 826). */
import {
  IPV4_LENGTH,
  MAC_LENGTH,
  readIpv4,
  readMac,
  writeIpv4,
  writeMac,
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

/** Length of an ARP packet for IPv4 over Ethernet; what follows is padding. */
const ARP_LENGTH = 28;

const HARDWARE_ETHERNET = 1;
const HARDWARE_IEEE_802 = 6;
const PROTOCOL_IPV4 = 0x0800;
const OPERATION_CODE: Readonly<Record<ArpOperation, number>> = { request: 1, reply: 2 };

const SENDER_MAC_OFFSET = 8;
const SENDER_IP_OFFSET = SENDER_MAC_OFFSET + MAC_LENGTH;
const TARGET_MAC_OFFSET = SENDER_IP_OFFSET + IPV4_LENGTH;
const TARGET_IP_OFFSET = TARGET_MAC_OFFSET + MAC_LENGTH;

/** Reads the ARP packet at the start of `bytes`; padding after it is ignored. */
export function decodeArp(bytes: Uint8Array): Decoded<ArpPacket, ArpFault> {
  if (bytes.length < ARP_LENGTH) return { ok: false, reason: 'short-packet' };
  const hardware = readUint16(bytes, 0);
  if (hardware !== HARDWARE_ETHERNET && hardware !== HARDWARE_IEEE_802) {
    return { ok: false, reason: 'hardware-type' };
  }
  if (readUint16(bytes, 2) !== PROTOCOL_IPV4) return { ok: false, reason: 'protocol-type' };
  // The lengths decide where every later field lies, so they are checked before any of them is read.
  if (bytes[4] !== MAC_LENGTH || bytes[5] !== IPV4_LENGTH) return { ok: false, reason: 'address-length' };
  const operation = operationOf(readUint16(bytes, 6));
  if (operation === undefined) return { ok: false, reason: 'unknown-operation' };
  return {
    ok: true,
    value: {
      operation,
      senderMac: readMac(bytes, SENDER_MAC_OFFSET),
      senderIp: readIpv4(bytes, SENDER_IP_OFFSET),
      targetMac: readMac(bytes, TARGET_MAC_OFFSET),
      targetIp: readIpv4(bytes, TARGET_IP_OFFSET),
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
  const bytes = new Uint8Array(ARP_LENGTH);
  bytes.set([0, HARDWARE_ETHERNET, PROTOCOL_IPV4 >> 8, PROTOCOL_IPV4 & 0xff, MAC_LENGTH, IPV4_LENGTH]);
  bytes[7] = OPERATION_CODE[packet.operation];
  writeMac(bytes, SENDER_MAC_OFFSET, packet.senderMac);
  writeIpv4(bytes, SENDER_IP_OFFSET, packet.senderIp);
  writeMac(bytes, TARGET_MAC_OFFSET, packet.targetMac);
  writeIpv4(bytes, TARGET_IP_OFFSET, packet.targetIp);
  return bytes;
}

/** Whether the packet announces its sender rather than asking or answering (RFC 5944 §4.6). */
export function isGratuitous(packet: ArpPacket): boolean {
  return packet.senderIp === packet.targetIp;
}

function operationOf(code: number): ArpOperation | undefined {
  if (code === OPERATION_CODE.request) return 'request';
  if (code === OPERATION_CODE.reply) return 'reply';
  return undefined;
}

function readUint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}
