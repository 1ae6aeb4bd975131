/**
 * The interfaces as the messages of the kernel tell of them. Pure: messages go in, the table and whether
 * it can be relied on come out.
 *
 * A dump and the events of its time come in one queue, in the order the kernel made them; so each message
 * simply replaces what was known, and what a whole dump did not name, and no event since its start, is gone.
 */
import type { Link } from '../ports.js';
import { LINK_FLAG, type LinkMessage, type RouteMessage } from '../wire/rtnetlink.js';

export class NetlinkTable {
  #links = new Map<number, Link>();
  /** The dump under way, and whom it named. */
  #dump: { readonly sequence: number; readonly named: Set<number>; whole: boolean } | undefined;

  /** Begins a dump; what another one that is not over said still counts. */
  beginDump(sequence: number): void {
    this.#dump = { sequence, named: new Set(), whole: true };
  }

  /**
   * Takes one message in.
   * @returns whether what is known may be wrong, so that a new dump is due
   */
  apply(message: RouteMessage): boolean {
    switch (message.kind) {
      case 'link':
        this.#put(message.link);
        if (message.interrupted && message.sequence === this.#dump?.sequence) this.#dump.whole = false;
        return false;
      case 'link-gone':
        this.#links.delete(message.index);
        return false;
      case 'dump-end':
        return message.sequence === this.#dump?.sequence && !this.#endDump(message.interrupted);
      case 'error':
        return message.errno !== 0;
      case 'overrun':
        return true;
      case 'other':
        return false;
    }
  }

  /** Ordered by index. */
  links(): readonly Link[] {
    return [...this.#links.values()].sort((a, b) => a.index - b.index);
  }

  #put(message: LinkMessage): void {
    this.#dump?.named.add(message.index);
    this.#links.set(message.index, linkOf(message));
  }

  /** Whether the dump was whole. */
  #endDump(interrupted: boolean): boolean {
    const dump = this.#dump;
    this.#dump = undefined;
    if (dump === undefined || interrupted || !dump.whole) return false;
    for (const index of [...this.#links.keys()]) if (!dump.named.has(index)) this.#links.delete(index);
    return true;
  }
}

function linkOf({ index, name, mac, hardwareType, flags, master }: LinkMessage): Link {
  const has = (flag: number) => (flags & flag) !== 0;
  return {
    index,
    name,
    mac,
    hardwareType,
    up: has(LINK_FLAG.up),
    // Both: the first alone is set while 802.1X still holds frames back, the second on a port without cable
    // whose driver does not tell.
    carrier: has(LINK_FLAG.lowerUp) && has(LINK_FLAG.running),
    loopback: has(LINK_FLAG.loopback),
    noArp: has(LINK_FLAG.noArp),
    hasMaster: master !== 0,
  };
}
