/** Ethernet II frames (IEEE 802.3 clause 3, type interpretation), without the frame check sequence. */
import { MAC_LENGTH, macBytes, readMac, readUint16, writeUint16, type MacAddress } from './address.js';
import type { Decoded } from './decoded.js';

/** Values of the type field this program knows. */
export const ETHER_TYPE = { arp: 0x0806, ipv6: 0x86dd } as const;

/** Where the fields of a frame lie, in bytes. */
export const ETHERNET = { destination: 0, source: MAC_LENGTH, type: 2 * MAC_LENGTH, payload: 14 } as const;

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

const FIRST_TYPE = 0x0600;

/** What is wrong with the header of a frame, if anything. */
export function ethernetFault(bytes: Uint8Array): EthernetFault | undefined {
  if (bytes.length < ETHERNET.payload) return 'short-frame';
  return readUint16(bytes, ETHERNET.type) < FIRST_TYPE ? 'length-field' : undefined;
}

/** Reads a frame; the payload is a view into `bytes`. */
export function decodeEthernet(bytes: Uint8Array): Decoded<EthernetFrame, EthernetFault> {
  const reason = ethernetFault(bytes);
  if (reason !== undefined) return { ok: false, reason };
  return {
    ok: true,
    value: {
      destination: readMac(bytes, ETHERNET.destination),
      source: readMac(bytes, ETHERNET.source),
      etherType: readUint16(bytes, ETHERNET.type),
      payload: bytes.subarray(ETHERNET.payload),
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
  return wrap(frame.payload, {
    ...frame,
    destination: macBytes(frame.destination),
    source: macBytes(frame.source),
  });
}

/** As {@link encodeEthernet}, for addresses that are bytes already. */
export function wrap(
  payload: Uint8Array,
  header: { destination: Uint8Array; source: Uint8Array; etherType: number },
): Uint8Array {
  const bytes = new Uint8Array(ETHERNET.payload + payload.length);
  bytes.set(header.destination, ETHERNET.destination);
  bytes.set(header.source, ETHERNET.source);
  writeUint16(bytes, ETHERNET.type, header.etherType);
  bytes.set(payload, ETHERNET.payload);
  return bytes;
}
