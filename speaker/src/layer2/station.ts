/** One interface as the decisions on its frames see it, and the form those decisions take. */
import { BROADCAST_MAC, macBytes, sameBytes, MAC_LENGTH } from '../wire/address.js';
import { ETHERNET, ethernetFault } from '../wire/ethernet.js';
import type { ReceivedFrame } from '../ports.js';
import type { DropReason } from './drop-reason.js';

/** An address this node announces. */
export interface OwnAddress {
  readonly ip: string;
  /** Four or sixteen bytes. */
  readonly bytes: Uint8Array;
}

export interface Station<A extends OwnAddress> {
  readonly interfaceIndex: number;
  readonly mac: Uint8Array;
  /** The address announced on this interface whose bytes are the `length` bytes at `offset`. */
  find(bytes: Uint8Array, offset: number, length: number): A | undefined;
}

/** What to do with a received frame. */
export type Decision<A extends OwnAddress> =
  | {
      readonly action: 'reply';
      readonly address: A;
      /**
       * The MAC of a sender that asks because it wants the address for itself (RFC 5227 §2.1.1, RFC 4862 §5.4), a view
       * into the frame; undefined for all others.
       */
      readonly prober: Uint8Array | undefined;
      readonly frame: Uint8Array;
    }
  | { readonly action: 'drop'; readonly reason: Exclude<DropReason, 'address-conflict'> }
  | {
      readonly action: 'drop';
      readonly reason: 'address-conflict';
      readonly address: A;
      /** The MAC of the station that claims it, a view into the frame. */
      readonly sender: Uint8Array;
    };

type Drop = { readonly action: 'drop'; readonly reason: Exclude<DropReason, 'address-conflict'> };

const DROPS = new Map<string, Drop>();

/** No answer, for `reason`; one value for each, since nearly every frame of a busy network ends here. */
export function drop(reason: Drop['reason']): Drop {
  let decision = DROPS.get(reason);
  if (decision === undefined) {
    decision = { action: 'drop', reason };
    DROPS.set(reason, decision);
  }
  return decision;
}

/**
 * What speaks against any frame, whatever it carries.
 *
 * The kernel's judgement counts first: a frame with the tag of a VLAN this machine has no interface for
 * arrives without its tag, and only `otherhost` tells that it is not of this network.
 */
export function unwanted(received: ReceivedFrame, me: Station<OwnAddress>): Drop['reason'] | undefined {
  if (received.packetType === 'outgoing') return 'own-frame';
  if (received.packetType === 'otherhost') return 'other-host';
  if (received.interfaceIndex !== me.interfaceIndex) return 'other-interface';
  const fault = ethernetFault(received.bytes);
  if (fault !== undefined) return fault;
  return isMac(received.bytes, ETHERNET.source, me.mac) ? 'own-frame' : undefined;
}

/** Whether the MAC at `offset` is `mac`. */
export function isMac(bytes: Uint8Array, offset: number, mac: Uint8Array): boolean {
  return sameBytes(bytes, offset, mac, 0, MAC_LENGTH);
}

export const BROADCAST = macBytes(BROADCAST_MAC);
