/** One address this node answers for, and all that is remembered of it. */
import { ipBytes, IPV4_LENGTH } from '../wire/address.js';
import { solicitedNodeGroup } from '../wire/ipv6.js';

/** The interfaces an address is announced on, by name. */
export type InterfaceScope = 'all' | readonly string[];

/** Frames since they were last handed to the metrics. */
export class AddressTraffic {
  requests = 0;
  responses = 0;
  gratuitous = 0;
  conflicts = 0;
  /** Whether any of them was counted. */
  isCounted = false;
}

export class AnnouncedAddress {
  /** Canonical text (RFC 5952 for IPv6). */
  readonly ip: string;
  /** Four or sixteen bytes. */
  readonly bytes: Uint8Array;
  readonly scope: InterfaceScope;
  /** The group in which hosts ask for it; none for IPv4, whose questions are broadcast. */
  readonly group: Uint8Array | undefined;
  readonly traffic = new AddressTraffic();
  /** When another station last claimed it, on the clock; `-Infinity` for never. */
  claimedAt = -Infinity;
  /** When a claim or a probe was last looked into. */
  readonly disputedAt = { claim: -Infinity, probe: -Infinity };

  /** @throws RangeError when `ip` is no address */
  constructor(ip: string, scope: InterfaceScope) {
    this.ip = ip;
    this.bytes = ipBytes(ip);
    this.scope = scope;
    this.group = this.bytes.length === IPV4_LENGTH ? undefined : solicitedNodeGroup(this.bytes);
  }

  isOn(interfaceName: string): boolean {
    return this.scope === 'all' || this.scope.includes(interfaceName);
  }
}
