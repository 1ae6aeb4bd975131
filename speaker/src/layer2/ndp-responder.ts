/**
 * Who gets a neighbour advertisement. Pure, as {@link decideArp}: a frame and what we announce go in, an
 * answer or the reason for none comes out.
 */
import type { ReceivedFrame } from '../ports.js';
import {
  copyBytes,
  IPV6_LENGTH,
  isAllZero,
  isStationMac,
  MAC_LENGTH,
  readUint16,
  sameBytes,
  writeUint16,
} from '../wire/address.js';
import { ETHER_TYPE, ETHERNET, wrap } from '../wire/ethernet.js';
import {
  ALL_NODES,
  icmpv6Checksum,
  IPV6,
  isMulticast,
  isMulticastMac,
  isSolicitedNodeGroup,
  multicastMac,
} from '../wire/ipv6.js';
import { encodeNdp, FLAG, linkLayerAddressAt, NDP, NDP_TYPE, ndpFault } from '../wire/ndp.js';
import { drop, isMac, unwanted, type Decision, type OwnAddress, type Station } from './station.js';

/** Where the IPv6 packet lies in its frame, and the fields that matter. */
const AT = ETHERNET.payload;
const TYPE = AT + NDP.type;
const SOURCE = AT + IPV6.source;
const DESTINATION = AT + IPV6.destination;
const TARGET = AT + NDP.target;

/** An answer that lacks its addresses. Flags: not a router, replaces what the asker knows (§7.2.4). */
const ANSWER = wrap(
  encodeNdp({
    type: 'advertisement',
    source: new Uint8Array(IPV6_LENGTH),
    destination: ALL_NODES,
    target: new Uint8Array(IPV6_LENGTH),
    linkLayerAddress: new Uint8Array(MAC_LENGTH),
    router: false,
    solicited: false,
    override: true,
  }),
  { destination: multicastMac(ALL_NODES), source: new Uint8Array(MAC_LENGTH), etherType: ETHER_TYPE.ipv6 },
);
/** Where the target's MAC goes: after type and length of the only option. */
const ANSWER_MAC = AT + NDP.options + 2;

/**
 * Decides on one frame.
 *
 * Whether the question concerns us is looked at first, whether it is valid (RFC 4861 §7.1.1, among that the
 * checksum) only then: a network asks for others all the time.
 */
export function decideNdp<A extends OwnAddress>(received: ReceivedFrame, me: Station<A>): Decision<A> {
  const reason = unwanted(received, me);
  if (reason !== undefined) return drop(reason);
  const { bytes } = received;
  if (readUint16(bytes, ETHERNET.type) !== ETHER_TYPE.ipv6) return drop('other-protocol');
  if (bytes.length < AT + NDP.options) return drop('short-packet');
  const type = bytes[TYPE];
  if (type !== NDP_TYPE.solicitation && type !== NDP_TYPE.advertisement) return drop('icmp-type');
  const target = me.find(bytes, TARGET, IPV6_LENGTH);
  // What a solicitation claims is its source; an advertisement, from whichever source, its target.
  const claimed = type === NDP_TYPE.solicitation ? me.find(bytes, SOURCE, IPV6_LENGTH) : target;
  if (target === undefined && claimed === undefined) return drop('not-announced');

  const fault = ndpFault(bytes, AT);
  if (fault !== undefined) return drop(fault);
  const isForUs =
    isMac(bytes, ETHERNET.destination, me.mac) ||
    (isMulticast(bytes, DESTINATION) && isMulticastMac(bytes, ETHERNET.destination, DESTINATION));
  if (!isForUs) return drop('other-destination');
  // A solicitation without the option can be answered only to where it came from.
  const senderAt = linkLayerAddressAt(bytes, AT) ?? ETHERNET.source;
  if (isMac(bytes, senderAt, me.mac)) return drop('own-frame');
  if (!isStationMac(bytes, senderAt)) return drop('bad-sender');
  const sender = bytes.subarray(senderAt, senderAt + MAC_LENGTH);
  if (claimed !== undefined && (target === undefined || target === claimed)) {
    return { action: 'drop', reason: 'address-conflict', address: claimed, sender };
  }
  return target === undefined ? drop('not-announced') : decideQuestion(bytes, sender, target, me);
}

function decideQuestion<A extends OwnAddress>(
  bytes: Uint8Array,
  sender: Uint8Array,
  address: A,
  me: Station<A>,
): Decision<A> {
  const isAsked =
    isSolicitedNodeGroup(bytes, DESTINATION, TARGET) ||
    sameBytes(bytes, DESTINATION, bytes, TARGET, IPV6_LENGTH);
  if (!isAsked) return drop('other-destination');
  const isProbe = isAllZero(bytes, SOURCE, IPV6_LENGTH);
  const prober = isProbe ? sender : undefined;
  return { action: 'reply', address, prober, frame: answer(bytes, sender, isProbe, me.mac) };
}

/**
 * The advertisement that answers the asker, or everybody when it is a probe, whose sender has no address
 * yet (RFC 4861 §7.2.4). It goes to the asker's MAC directly, and its source is the address itself: neither
 * a route to the asker nor a link-local address of ours is needed.
 */
function answer(question: Uint8Array, sender: Uint8Array, isProbe: boolean, mac: Uint8Array): Uint8Array {
  const frame = ANSWER.slice();
  copyBytes(mac, 0, frame, ETHERNET.source, MAC_LENGTH);
  copyBytes(mac, 0, frame, ANSWER_MAC, MAC_LENGTH);
  copyBytes(question, TARGET, frame, SOURCE, IPV6_LENGTH);
  copyBytes(question, TARGET, frame, TARGET, IPV6_LENGTH);
  if (!isProbe) {
    copyBytes(sender, 0, frame, ETHERNET.destination, MAC_LENGTH);
    copyBytes(question, SOURCE, frame, DESTINATION, IPV6_LENGTH);
    frame[AT + NDP.flags] = FLAG.solicited | FLAG.override; // void in an answer to a group (§7.1.2)
  }
  writeUint16(frame, AT + NDP.checksum, 0);
  writeUint16(frame, AT + NDP.checksum, icmpv6Checksum(frame, AT));
  return frame;
}
