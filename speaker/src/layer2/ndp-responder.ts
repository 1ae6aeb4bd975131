/**
 * Who gets a neighbour advertisement. Pure, as {@link decideArp}: a frame and what we announce go in, an
 * answer or the reason for none comes out.
 */
import type { ReceivedFrame } from '../ports.js';
import { IPV6_LENGTH, isStationMac, MAC_LENGTH, readUint16, sameBytes } from '../wire/address.js';
import { ETHER_TYPE, ETHERNET, wrap } from '../wire/ethernet.js';
import { ALL_NODES, IPV6, isSolicitedNodeGroup, isUnspecified, multicastMac } from '../wire/ipv6.js';
import { decodeNdp, encodeNdp, NDP, NDP_TYPE, type NdpMessage } from '../wire/ndp.js';
import { drop, isMac, unwanted, type Decision, type OwnAddress, type Station } from './station.js';

/** Where the IPv6 packet lies in its frame. */
const AT = ETHERNET.payload;

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
  const type = bytes[AT + NDP.type];
  if (type !== NDP_TYPE.solicitation && type !== NDP_TYPE.advertisement) return drop('icmp-type');
  const target = me.find(bytes, AT + NDP.target, IPV6_LENGTH);
  // In an advertisement the source need not be the address that is told about.
  const claimed = type === NDP_TYPE.solicitation ? me.find(bytes, AT + IPV6.source, IPV6_LENGTH) : target;
  if (target === undefined && claimed === undefined) return drop('not-announced');

  const packet = decodeNdp(bytes.subarray(AT));
  if (!packet.ok) return drop(packet.reason);
  return decideMessage(bytes, packet.value, { target, claimed }, me);
}

function decideMessage<A extends OwnAddress>(
  bytes: Uint8Array,
  message: NdpMessage,
  concerned: { target: A | undefined; claimed: A | undefined },
  me: Station<A>,
): Decision<A> {
  const { source, destination, linkLayerAddress } = message;
  const isForUs =
    isMac(bytes, ETHERNET.destination, me.mac) ||
    (destination[0] === 0xff && isMac(bytes, ETHERNET.destination, multicastMac(destination)));
  if (!isForUs) return drop('other-destination');
  // RFC 4861 §7.2.3 names the option; a solicitation without it came from its Ethernet source.
  const sender = linkLayerAddress ?? bytes.subarray(ETHERNET.source, ETHERNET.source + MAC_LENGTH);
  if (isMac(sender, 0, me.mac)) return drop('own-frame');
  if (!isStationMac(sender, 0)) return drop('bad-sender');

  const { target, claimed } = concerned;
  if (target !== undefined && target !== claimed) {
    const isAsked =
      isSolicitedNodeGroup(destination, target.bytes) ||
      sameBytes(destination, 0, target.bytes, 0, IPV6_LENGTH);
    if (!isAsked) return drop('other-destination');
    const isProbe = isUnspecified(source);
    const frame = answer(target.bytes, isProbe ? undefined : { mac: sender, ip: source }, me.mac);
    return { action: 'reply', address: target, isProbe, sender, frame };
  }
  return { action: 'drop', reason: 'address-conflict', address: (claimed ?? target) as A, sender };
}

/**
 * The advertisement that answers `to`, or everybody for a probe, whose sender has no address yet
 * (RFC 4861 §7.2.4). It goes to the asker's MAC directly, and its source is the address itself: neither a
 * route to the asker nor a link-local address of ours is needed.
 */
function answer(
  address: Uint8Array,
  to: { mac: Uint8Array; ip: Uint8Array } | undefined,
  mac: Uint8Array,
): Uint8Array {
  const packet = encodeNdp({
    type: 'advertisement',
    source: address,
    destination: to?.ip ?? ALL_NODES,
    target: address,
    linkLayerAddress: mac,
    router: false,
    solicited: to !== undefined, // a multicast answer with it is void (§7.1.2)
    override: true,
  });
  const destination = to?.mac ?? multicastMac(ALL_NODES);
  return wrap(packet, { destination, source: mac, etherType: ETHER_TYPE.ipv6 });
}
