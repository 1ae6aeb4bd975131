/**
 * Who gets an ARP answer. Pure: a frame and what we announce go in, an answer or the reason for none
 * comes out. Everything a host must check before it answers is here and nowhere else.
 */
import type { ReceivedFrame } from '../ports.js';
import { copyBytes, IPV4_LENGTH, isAllZero, isStationMac, MAC_LENGTH, readUint16 } from '../wire/address.js';
import { ARP, ARP_OPERATION, arpFault, isGratuitous } from '../wire/arp.js';
import { ETHER_TYPE, ETHERNET } from '../wire/ethernet.js';
import { BROADCAST, drop, isMac, unwanted, type Decision, type OwnAddress, type Station } from './station.js';

/** Where the ARP packet lies in its frame. */
const AT = ETHERNET.payload;
const SENDER_MAC = AT + ARP.senderMac;
const SENDER_IP = AT + ARP.senderIp;
const TARGET_IP = AT + ARP.targetIp;

/**
 * Decides on one frame.
 *
 * Probes (sender 0.0.0.0) and unicast requests are answered: the first is how a host finds out that the
 * address is taken (RFC 5227 §2.1.1), the second how a neighbour confirms that it still is reachable.
 */
export function decideArp<A extends OwnAddress>(received: ReceivedFrame, me: Station<A>): Decision<A> {
  const reason = unwanted(received, me);
  if (reason !== undefined) return drop(reason);
  const { bytes } = received;
  if (readUint16(bytes, ETHERNET.type) !== ETHER_TYPE.arp) return drop('other-protocol');
  const isForUs = isMac(bytes, ETHERNET.destination, BROADCAST) || isMac(bytes, ETHERNET.destination, me.mac);
  if (!isForUs) return drop('other-destination');
  const fault = arpFault(bytes, AT);
  if (fault !== undefined) return drop(fault);
  if (isMac(bytes, SENDER_MAC, me.mac)) return drop('own-frame');
  if (!isStationMac(bytes, SENDER_MAC)) return drop('bad-sender');
  return decidePacket(bytes, me);
}

function decidePacket<A extends OwnAddress>(bytes: Uint8Array, me: Station<A>): Decision<A> {
  const isRequest = readUint16(bytes, AT + ARP.operation) === ARP_OPERATION.request;
  if (isRequest && !isGratuitous(bytes, AT)) {
    const address = me.find(bytes, TARGET_IP, IPV4_LENGTH);
    if (address !== undefined) {
      const prober = isAllZero(bytes, SENDER_IP, IPV4_LENGTH) ? senderOf(bytes) : undefined;
      return { action: 'reply', address, prober, frame: answer(bytes, me.mac) };
    }
  }
  const claimed = me.find(bytes, SENDER_IP, IPV4_LENGTH);
  if (claimed !== undefined) {
    return { action: 'drop', reason: 'address-conflict', address: claimed, sender: senderOf(bytes) };
  }
  return drop(isRequest ? 'not-announced' : 'not-a-request');
}

/** The answer to a request: the same frame, with the ends changed over and our MAC filled in. */
function answer(request: Uint8Array, mac: Uint8Array): Uint8Array {
  // Byte by byte: for so few of them V8's own ways to copy take longer.
  const frame = new Uint8Array(AT + ARP.length);
  copyBytes(request, 0, frame, 0, frame.length);
  copyBytes(request, SENDER_MAC, frame, ETHERNET.destination, MAC_LENGTH);
  copyBytes(mac, 0, frame, ETHERNET.source, MAC_LENGTH);
  frame[AT + 1] = 1; // Ethernet, also to a request that says IEEE 802
  frame[AT + ARP.operation + 1] = ARP_OPERATION.reply;
  copyBytes(request, SENDER_MAC, frame, AT + ARP.targetMac, MAC_LENGTH + IPV4_LENGTH);
  copyBytes(mac, 0, frame, SENDER_MAC, MAC_LENGTH);
  copyBytes(request, TARGET_IP, frame, SENDER_IP, IPV4_LENGTH);
  return frame;
}

function senderOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(SENDER_MAC, SENDER_MAC + MAC_LENGTH);
}
