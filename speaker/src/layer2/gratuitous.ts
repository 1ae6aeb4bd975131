/** Gratuitous ARP: telling a network, unasked, where an address lives now. */
import { BROADCAST_MAC, type MacAddress } from '../wire/address.js';
import { encodeArp, type ArpOperation } from '../wire/arp.js';
import { encodeEthernet, ETHER_TYPE } from '../wire/ethernet.js';

const ROUNDS = 5;

/** Linux ignores a change of a neighbour within one second of the last (`locktime`). */
const SPACING_MS = 1100;

/** The waits, in milliseconds, before each round of a burst; the first is none. */
export function* burstWaits(): Generator<number> {
  for (let round = 0; round < ROUNDS; round++) yield round === 0 ? 0 : SPACING_MS;
}

/**
 * The two frames of one round: the announcement as a request (RFC 5227 §2.3) and as a reply, since some
 * stations heed only one of them. The reply carries the sender's MAC as target as well (RFC 5944 §4.6);
 * Linux takes a reply for gratuitous only then.
 */
export function gratuitousFrames(mac: MacAddress, ip: string): readonly Uint8Array[] {
  return (['request', 'reply'] as const).map((operation) => gratuitousFrame(operation, mac, ip));
}

function gratuitousFrame(operation: ArpOperation, mac: MacAddress, ip: string): Uint8Array {
  return encodeEthernet({
    destination: BROADCAST_MAC,
    source: mac,
    etherType: ETHER_TYPE.arp,
    payload: encodeArp({ operation, senderMac: mac, senderIp: ip, targetMac: mac, targetIp: ip }),
  });
}
