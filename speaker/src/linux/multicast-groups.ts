/**
 * IPv6 multicast groups by `IPV6_JOIN_GROUP`, ipv6(7): {@link LinkGroups} on a real interface. The kernel
 * tells the interface's filter and, by MLD, the switches. Needs no capability. The sockets only hold the
 * memberships: they are never bound, so nothing can be sent to them.
 */
import type { Link, LinkGroups } from '../ports.js';
import { ipText } from '../wire/address.js';
import * as libc from './libc.js';
import { lastErrorCode, SystemCallError } from './libc.js';

const AF_INET6 = 10;
const IPPROTO_IPV6 = 41;
const IPV6_ADD_MEMBERSHIP = 20;
const IPV6_DROP_MEMBERSHIP = 21;

/** The kernel charges memberships to their socket; with `optmem_max` at its lowest, 20480, 365 fit. */
const GROUPS_PER_SOCKET = 300;

/** `struct ipv6_mreq`: 16 bytes of group, then the index of the interface. */
const REQUEST_LENGTH = 20;

interface Holder {
  readonly fd: number;
  groups: number;
}

export function openMulticastGroups(link: Pick<Link, 'index' | 'name'>): LinkGroups {
  return new MulticastGroups(link);
}

class MulticastGroups implements LinkGroups {
  readonly #link: Pick<Link, 'index' | 'name'>;
  readonly #holders = new Set<Holder>();
  readonly #joined = new Map<string, Holder>();

  constructor(link: Pick<Link, 'index' | 'name'>) {
    this.#link = link;
  }

  join(group: Uint8Array): void {
    const holder = this.#holderWithRoom();
    if (!this.#request(IPV6_ADD_MEMBERSHIP, holder, group)) {
      const code = lastErrorCode();
      if (holder.groups === 0) this.#release(holder);
      throw new SystemCallError(`join ${ipText(group)} on ${this.#link.name}`, code);
    }
    holder.groups++;
    this.#joined.set(ipText(group), holder);
  }

  leave(group: Uint8Array): void {
    const holder = this.#joined.get(ipText(group));
    if (holder === undefined) return;
    this.#joined.delete(ipText(group));
    holder.groups--;
    if (holder.groups === 0) this.#release(holder);
    // Fails only when the interface is gone, and the membership with it.
    else this.#request(IPV6_DROP_MEMBERSHIP, holder, group);
  }

  close(): void {
    for (const holder of this.#holders) this.#release(holder);
    this.#joined.clear();
  }

  #holderWithRoom(): Holder {
    for (const holder of this.#holders) if (holder.groups < GROUPS_PER_SOCKET) return holder;
    const fd = libc.socket(AF_INET6, libc.SOCK_DGRAM | libc.SOCK_CLOEXEC, 0);
    if (fd < 0) throw new SystemCallError('socket(AF_INET6)', lastErrorCode());
    const holder = { fd, groups: 0 };
    this.#holders.add(holder);
    return holder;
  }

  #request(option: number, holder: Holder, group: Uint8Array): boolean {
    const request = new Uint8Array(REQUEST_LENGTH);
    request.set(group);
    new DataView(request.buffer).setInt32(group.length, this.#link.index, libc.LITTLE_ENDIAN);
    return libc.setOption(holder.fd, IPPROTO_IPV6, option, request, REQUEST_LENGTH) === 0;
  }

  #release(holder: Holder): void {
    this.#holders.delete(holder);
    libc.close(holder.fd);
  }
}
