/** Telling a network, unasked, where an address lives now: gratuitous ARP, unsolicited advertisements. */
import { BROADCAST_MAC, IPV4_LENGTH, ipText, type MacAddress, macBytes } from '../wire/address.js';
import { encodeArp, type ArpOperation } from '../wire/arp.js';
import { encodeEthernet, ETHER_TYPE, wrap } from '../wire/ethernet.js';
import { ALL_NODES, multicastMac } from '../wire/ipv6.js';
import { encodeNdp } from '../wire/ndp.js';

/** Linux ignores a change of an ARP neighbour within one second of the last (`locktime`). */
export const ROUND_SPACING_MS = 1100;

const ARP_ROUNDS = 5;
/** MAX_NEIGHBOR_ADVERTISEMENT, RFC 4861 §10; the spacing is more than its RETRANS_TIMER of one second. */
const NDP_ROUNDS = 3;

/** How often the network is told about an address that was taken over, all in all. */
export function roundsFor(address: Uint8Array): number {
  return address.length === IPV4_LENGTH ? ARP_ROUNDS : NDP_ROUNDS;
}

/** How many frames {@link gratuitousFrames} makes of an address. */
export function framesFor(address: Uint8Array): number {
  return address.length === IPV4_LENGTH ? 2 : 1;
}

/**
 * The frames of one round.
 *
 * IPv4: the announcement as a request (RFC 5227 §2.3) and as a reply, since some stations heed only one of
 * them. The reply carries the sender's MAC as target as well (RFC 5944 §4.6); Linux takes a reply for
 * gratuitous only then.
 *
 * IPv6: an unsolicited advertisement to all nodes that replaces what they know (RFC 4861 §7.2.6).
 */
export function gratuitousFrames(mac: MacAddress, address: Uint8Array): readonly Uint8Array[] {
  if (address.length !== IPV4_LENGTH) return [unsolicitedAdvertisement(macBytes(mac), address)];
  const ip = ipText(address);
  return (['request', 'reply'] as const).map((operation) => gratuitousArp(operation, mac, ip));
}

function gratuitousArp(operation: ArpOperation, mac: MacAddress, ip: string): Uint8Array {
  return encodeEthernet({
    destination: BROADCAST_MAC,
    source: mac,
    etherType: ETHER_TYPE.arp,
    payload: encodeArp({ operation, senderMac: mac, senderIp: ip, targetMac: mac, targetIp: ip }),
  });
}

function unsolicitedAdvertisement(mac: Uint8Array, address: Uint8Array): Uint8Array {
  const packet = encodeNdp({
    type: 'advertisement',
    source: address,
    destination: ALL_NODES,
    target: address,
    linkLayerAddress: mac,
    router: false,
    solicited: false,
    override: true,
  });
  return wrap(packet, { destination: multicastMac(ALL_NODES), source: mac, etherType: ETHER_TYPE.ipv6 });
}
