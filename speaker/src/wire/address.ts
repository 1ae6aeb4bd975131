/**
 * Link-layer and IPv4 addresses between bytes and the text the rest of the program uses: MAC addresses
 * as `02:00:5e:10:00:01`, IPv4 as `192.0.2.1`.
 */

/** Six bytes, lower case, colon separated. */
export type MacAddress = string;

export const MAC_LENGTH = 6;
export const IPV4_LENGTH = 4;

export const BROADCAST_MAC: MacAddress = 'ff:ff:ff:ff:ff:ff';
const ZERO_MAC: MacAddress = '00:00:00:00:00:00';

const MAC_PATTERN = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const IPV4_PATTERN = /^\d{1,3}(\.\d{1,3}){3}$/;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Whether `text` is a MAC address in the form this program uses. */
export function isMacAddress(text: string): boolean {
  return MAC_PATTERN.test(text);
}

/** Whether `text` is a dotted IPv4 address. */
export function isIpv4Address(text: string): boolean {
  return IPV4_PATTERN.test(text) && text.split('.').every((part) => Number(part) <= 255);
}

/** Whether `mac` names one station: neither a group (broadcast, multicast) nor all zero. */
export function isStationAddress(mac: MacAddress): boolean {
  const groupBit = Number.parseInt(mac.slice(0, 2), 16) & 1;
  return groupBit === 0 && mac !== ZERO_MAC;
}

/** The MAC address at `offset`; the caller has checked the length. */
export function readMac(bytes: Uint8Array, offset: number): MacAddress {
  let text = hex(bytes, offset);
  for (let i = 1; i < MAC_LENGTH; i++) text += ':' + hex(bytes, offset + i);
  return text;
}

/** The IPv4 address at `offset`; the caller has checked the length. */
export function readIpv4(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/** @throws RangeError when `mac` is not a MAC address */
export function writeMac(bytes: Uint8Array, offset: number, mac: MacAddress): void {
  if (!isMacAddress(mac)) throw new RangeError(`"${mac}" is not a MAC address such as 02:00:5e:10:00:01`);
  for (let i = 0; i < MAC_LENGTH; i++) bytes[offset + i] = Number.parseInt(mac.slice(i * 3, i * 3 + 2), 16);
}

/** @throws RangeError when `ip` is not an IPv4 address */
export function writeIpv4(bytes: Uint8Array, offset: number, ip: string): void {
  if (!isIpv4Address(ip)) throw new RangeError(`"${ip}" is not an IPv4 address such as 192.0.2.1`);
  ip.split('.').forEach((part, i) => {
    bytes[offset + i] = Number(part);
  });
}

function hex(bytes: Uint8Array, offset: number): string {
  return HEX[bytes[offset] ?? 0] as string;
}
