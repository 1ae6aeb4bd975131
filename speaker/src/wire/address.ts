/**
 * Link-layer and IP addresses between bytes and the text the rest of the program uses: MAC addresses as
 * `02:00:5e:10:00:01`, IPv4 as `192.0.2.1`, IPv6 as RFC 5952 writes it. Frames are compared as bytes; text
 * is for people and for what comes from the API server.
 */
import { AddressError, formatAddress, parseAddress, type Address } from '@metallb-l2/sdk/models';

/** Six bytes, lower case, colon separated. */
export type MacAddress = string;

export const MAC_LENGTH = 6;
export const IPV4_LENGTH = 4;
export const IPV6_LENGTH = 16;

export const BROADCAST_MAC: MacAddress = 'ff:ff:ff:ff:ff:ff';

const MAC_PATTERN = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Whether `text` is a MAC address in the form this program uses. */
export function isMacAddress(text: string): boolean {
  return MAC_PATTERN.test(text);
}

/** Whether the MAC at `offset` names one station: neither a group (broadcast, multicast) nor all zero. */
export function isStationMac(bytes: Uint8Array, offset: number): boolean {
  return ((bytes[offset] as number) & 1) === 0 && !isAllZero(bytes, offset, MAC_LENGTH);
}

/** The MAC address at `offset`; the caller has checked the length. */
export function readMac(bytes: Uint8Array, offset: number): MacAddress {
  let text = hex(bytes, offset);
  for (let i = 1; i < MAC_LENGTH; i++) text += ':' + hex(bytes, offset + i);
  return text;
}

/** @throws RangeError when `mac` is not a MAC address */
export function macBytes(mac: MacAddress): Uint8Array {
  if (!isMacAddress(mac)) throw new RangeError(`"${mac}" is not a MAC address such as 02:00:5e:10:00:01`);
  return Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16));
}

/** The IPv4 address at `offset`; the caller has checked the length. */
export function readIpv4(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/**
 * The four or sixteen bytes of an address.
 *
 * @throws RangeError when `ip` is none
 */
export function ipBytes(ip: string): Uint8Array {
  const { family, value } = parse(ip);
  const bytes = new Uint8Array(family === 4 ? IPV4_LENGTH : IPV6_LENGTH);
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** The text of the four or sixteen bytes of an address. */
export function ipText(bytes: Uint8Array): string {
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return formatAddress(bytes.length === IPV4_LENGTH ? 4 : 6, value);
}

/** Whether `length` bytes of `a` at `offsetA` are those of `b` at `offsetB`. */
export function sameBytes(
  a: Uint8Array,
  offsetA: number,
  b: Uint8Array,
  offsetB: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) if (a[offsetA + i] !== b[offsetB + i]) return false;
  return true;
}

/** Copies `length` bytes of `from` at `offsetFrom` to `to` at `offsetTo`, without a view between them. */
export function copyBytes(
  from: Uint8Array,
  offsetFrom: number,
  to: Uint8Array,
  offsetTo: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) to[offsetTo + i] = from[offsetFrom + i] as number;
}

export function isAllZero(bytes: Uint8Array, offset: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[offset + i] !== 0) return false;
  return true;
}

export function readUint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

export function writeUint16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >> 8;
  bytes[offset + 1] = value & 0xff;
}

function parse(ip: string): Address {
  try {
    return parseAddress(ip);
  } catch (error) {
    throw error instanceof AddressError ? new RangeError(error.message, { cause: error }) : error;
  }
}

function hex(bytes: Uint8Array, offset: number): string {
  return HEX[bytes[offset] ?? 0] as string;
}
