/**
 * News waiting to be passed on. Each piece goes out a fixed number of times, to whoever is being written to,
 * those sent least first; about one member there is only the latest, so the queue is never longer than the
 * list of members.
 */
import type { MemberName } from '../wire/memberlist/messages.js';
import type { Claim } from './members.js';

/** How often a piece of news is sent among `memberCount` members: enough to reach all but surely. */
export function retransmitLimit(multiplier: number, memberCount: number): number {
  return multiplier * Math.ceil(Math.log10(memberCount + 1));
}

export class BroadcastQueue {
  readonly #sizeOf: (claim: Claim) => number;
  /** At place n what was sent n times, by the member it is about. */
  readonly #sent: Map<MemberName, Claim>[] = [];

  /** @param sizeOf bytes that a claim adds to a datagram */
  constructor(sizeOf: (claim: Claim) => number) {
    this.#sizeOf = sizeOf;
  }

  get isEmpty(): boolean {
    return this.#sent.every((claims) => claims.size === 0);
  }

  /** Whether there is still news about `node` to be sent. */
  has(node: MemberName): boolean {
    return this.#sent.some((claims) => claims.has(node));
  }

  /** Replaces whatever is queued about the same member. */
  add(claim: Claim): void {
    for (const claims of this.#sent) claims.delete(claim.node);
    this.#put(0, claim);
  }

  clear(): void {
    for (const claims of this.#sent) claims.clear();
  }

  /** News for one datagram, at most `budget` bytes of it; what has now been sent `limit` times is forgotten. */
  take(budget: number, limit: number): Claim[] {
    const taken = this.#fit(budget);
    for (const [sent, claim] of taken) {
      this.#sent[sent]?.delete(claim.node);
      if (sent + 1 < limit) this.#put(sent + 1, claim);
    }
    return taken.map(([, claim]) => claim);
  }

  #fit(budget: number): [sent: number, claim: Claim][] {
    const fitting: [number, Claim][] = [];
    let left = budget;
    for (const [sent, claims] of this.#sent.entries()) {
      for (const claim of claims.values()) {
        const size = this.#sizeOf(claim);
        // The first that does not fit ends it: what is sent least never waits for what is sent more.
        if (size > left) return fitting;
        left -= size;
        fitting.push([sent, claim]);
      }
    }
    return fitting;
  }

  #put(sent: number, claim: Claim): void {
    while (this.#sent.length <= sent) this.#sent.push(new Map());
    this.#sent[sent]?.set(claim.node, claim);
  }
}
