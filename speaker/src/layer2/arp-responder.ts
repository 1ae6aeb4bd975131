/**
 * Who gets an ARP answer. Pure: a frame and what we announce go in, an answer or the reason for none
 * comes out. Everything a host must check before it answers is here and nowhere else.
 */
import type { ReceivedFrame } from '../ports.js';
import { BROADCAST_MAC, isStationAddress, type MacAddress } from '../wire/address.js';
import { decodeArp, encodeArp, isGratuitous, type ArpPacket } from '../wire/arp.js';
import { decodeEthernet, encodeEthernet, ETHER_TYPE } from '../wire/ethernet.js';
import type { DropReason } from './drop-reason.js';

/** The side that answers: one interface and the addresses announced on it. */
export interface ArpIdentity {
  readonly interfaceIndex: number;
  readonly mac: MacAddress;
  /** Whether `ip` is announced on this interface. */
  owns(ip: string): boolean;
}

/** What to do with a received frame. */
export type ArpDecision =
  | { readonly action: 'reply'; readonly ip: string; readonly frame: Uint8Array }
  | { readonly action: 'drop'; readonly reason: Exclude<DropReason, 'address-conflict'> }
  | {
      readonly action: 'drop';
      readonly reason: 'address-conflict';
      readonly ip: string;
      readonly claimedBy: MacAddress;
    };

/**
 * Decides on one frame.
 *
 * Probes (sender 0.0.0.0) and unicast requests are answered: the first is how a host finds out that the
 * address is taken (RFC 5227 §2.1.1), the second how a neighbour confirms that it still is reachable.
 */
export function decideArp(received: ReceivedFrame, me: ArpIdentity): ArpDecision {
  if (received.packetType === 'outgoing') return drop('own-frame');
  if (received.packetType === 'otherhost') return drop('other-host');
  if (received.interfaceIndex !== me.interfaceIndex) return drop('other-interface');

  const ethernet = decodeEthernet(received.bytes);
  if (!ethernet.ok) return drop(ethernet.reason);
  const { destination, source, etherType, payload } = ethernet.value;
  if (etherType !== ETHER_TYPE.arp) return drop('not-arp');
  if (source === me.mac) return drop('own-frame');
  if (destination !== BROADCAST_MAC && destination !== me.mac) return drop('other-destination');

  const arp = decodeArp(payload);
  if (!arp.ok) return drop(arp.reason);
  return decidePacket(arp.value, me);
}

function decidePacket(packet: ArpPacket, me: ArpIdentity): ArpDecision {
  if (packet.senderMac === me.mac) return drop('own-frame');
  if (!isStationAddress(packet.senderMac)) return drop('bad-sender');
  if (packet.operation === 'request' && !isGratuitous(packet) && me.owns(packet.targetIp)) {
    return { action: 'reply', ip: packet.targetIp, frame: replyFrame(packet, me.mac) };
  }
  if (me.owns(packet.senderIp)) {
    return { action: 'drop', reason: 'address-conflict', ip: packet.senderIp, claimedBy: packet.senderMac };
  }
  return drop(packet.operation === 'reply' ? 'not-a-request' : 'not-announced');
}

function replyFrame(request: ArpPacket, mac: MacAddress): Uint8Array {
  return encodeEthernet({
    destination: request.senderMac,
    source: mac,
    etherType: ETHER_TYPE.arp,
    payload: encodeArp({
      operation: 'reply',
      senderMac: mac,
      senderIp: request.targetIp,
      targetMac: request.senderMac,
      targetIp: request.senderIp,
    }),
  });
}

function drop(reason: Exclude<DropReason, 'address-conflict'>): ArpDecision {
  return { action: 'drop', reason };
}
