import type { ArpFault } from '../wire/arp.js';
import type { EthernetFault } from '../wire/ethernet.js';
import type { NdpFault } from '../wire/ndp.js';

/** Every reason a received frame gets no answer; the label values of the metric that counts them. */
export type DropReason =
  | EthernetFault
  | ArpFault
  | NdpFault
  | 'own-frame' // sent by this machine
  | 'other-host' // the kernel says it is not for us: promiscuous mode, or the tag of a foreign VLAN
  | 'other-interface' // came in on a VLAN above the socket's interface
  | 'other-protocol' // neither ARP nor neighbour discovery
  | 'other-destination' // Ethernet or IPv6 destination is neither ours nor a group that concerns us
  | 'bad-sender' // the sender's MAC is a group address or zero
  | 'not-announced' // somebody else's address: the usual case on a busy network
  | 'not-a-request' // an ARP reply
  | 'address-conflict' // another station claims an address we announce (RFC 5227 §2.4)
  | 'send-failed' // an answer was due, and the kernel did not take it
  | 'queue-full'; // the kernel had no room left to hand it over
