/** Ethernet II frames (IEEE 802.3 clause 3, type interpretation), without the frame check sequence. */
import { MAC_LENGTH, readMac, writeMac, type MacAddress } from './address.js';
import type { Decoded } from './decoded.js';

/** Values of the type field this program knows. */
export const ETHER_TYPE = { arp: 0x0806 } as const;

export interface EthernetFrame {
  destination: MacAddress;
  source: MacAddress;
  /** The type field; `0x0600` and up. */
  etherType: number;
  /** What follows the header, with any padding. */
  payload: Uint8Array;
}

/** Why bytes are not an Ethernet II frame. */
export type EthernetFault =
  | 'short-frame' // less than the 14 bytes of a header
  | 'length-field'; // the type field is a length: IEEE 802.2, not Ethernet II

const ETHERNET_HEADER_LENGTH = 14;

const TYPE_OFFSET = 2 * MAC_LENGTH;
const FIRST_TYPE = 0x0600;

/** Reads a frame; the payload is a view into `bytes`. */
export function decodeEthernet(bytes: Uint8Array): Decoded<EthernetFrame, EthernetFault> {
  if (bytes.length < ETHERNET_HEADER_LENGTH) return { ok: false, reason: 'short-frame' };
  const etherType = ((bytes[TYPE_OFFSET] as number) << 8) | (bytes[TYPE_OFFSET + 1] as number);
  if (etherType < FIRST_TYPE) return { ok: false, reason: 'length-field' };
  return {
    ok: true,
    value: {
      destination: readMac(bytes, 0),
      source: readMac(bytes, MAC_LENGTH),
      etherType,
      payload: bytes.subarray(ETHERNET_HEADER_LENGTH),
    },
  };
}

/**
 * Writes a frame; drivers pad it to the 60 bytes of the medium.
 *
 * ```
 * byte  0..5   destination
 *       6..11  source
 *      12..13  type
 *      14..    payload
 * ```
 * @throws RangeError when an address is not a MAC address or the type is a length
 */
export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  if (frame.etherType < FIRST_TYPE || frame.etherType > 0xffff) {
    throw new RangeError(`Ethernet type ${frame.etherType} is outside 0x0600..0xffff`);
  }
  const bytes = new Uint8Array(ETHERNET_HEADER_LENGTH + frame.payload.length);
  writeMac(bytes, 0, frame.destination);
  writeMac(bytes, MAC_LENGTH, frame.source);
  bytes[TYPE_OFFSET] = frame.etherType >> 8;
  bytes[TYPE_OFFSET + 1] = frame.etherType & 0xff;
  bytes.set(frame.payload, ETHERNET_HEADER_LENGTH);
  return bytes;
}
