/** Which of a machine's interfaces can answer ARP for addresses that are not configured on them. */
import type { Link } from '../ports.js';
import { isMacAddress } from '../wire/address.js';

/** Why an interface is left alone. */
export type UnusableReason =
  | 'excluded' // its name matches an exclusion
  | 'down'
  | 'no-carrier'
  | 'has-master' // part of a bridge or bond, which answers itself, or of a VRF
  | 'loopback'
  | 'no-arp'
  | 'not-ethernet';

const ARPHRD_ETHER = 1;

/** Why `link` cannot be used, or `undefined` when it can. */
export function unusableReason(link: Link, exclusions: readonly RegExp[]): UnusableReason | undefined {
  if (exclusions.some((exclusion) => exclusion.test(link.name))) return 'excluded';
  if (link.loopback) return 'loopback';
  if (link.hardwareType !== ARPHRD_ETHER || !isMacAddress(link.mac)) return 'not-ethernet';
  if (link.noArp) return 'no-arp';
  if (link.hasMaster) return 'has-master';
  if (!link.up) return 'down';
  if (!link.carrier) return 'no-carrier';
  return undefined;
}
