/**
 * Membership by gossip among the speakers themselves, without the API server.
 *
 * The rule for a node that starts: it takes part when its peers have told it what they know, and so never elects
 * itself for what one of them announces.
 *
 * The rule for a node that is alone:
 * - Cut off from every peer, it keeps its addresses and takes over what it is eligible for, as upstream
 *   does. It cannot tell dead peers from its own isolation; in the first case its answer is needed, in the
 *   second it hurts nobody, since whoever hears it cannot hear the others.
 * - With none of its own links usable, nobody hears it: it leaves, and takes no part until a link is back
 *   and a peer has answered, or nobody has within {@link JOIN_TIMEOUT_MS}. So a cable put back does not
 *   give two answers until the two nodes have heard of each other.
 * - The same without sockets, when its address is no longer this machine's: then it is deaf, and knows it.
 */
import { backoff, Listeners } from '@metallb-l2/sdk/kube';
import { Notify } from '../notify.js';
import type { GossipEndpoint } from '../ports.js';
import { runTogether } from '../run-together.js';
import { endpointOf, type MemberlistDeps, type MemberlistOptions } from './core.js';
import type { PeerSource } from './joining.js';
import { Memberlist } from './memberlist.js';
import type { Membership } from './membership.js';
import { sameMembers } from './same-members.js';

/** Peers that are found out in time: until {@link ready} resolves, {@link peers} says nothing. */
export interface DiscoveredPeers extends PeerSource {
  ready(signal: AbortSignal): Promise<void>;
}

/**
 * So long, in milliseconds, a node that starts or comes back waits for a first answer of its peers before it
 * counts itself as a member without them. Living peers answer within milliseconds, and are asked twice in
 * this time.
 */
export const JOIN_TIMEOUT_MS = 3_000;

/** `joining` until the peers have answered or none will; `away` as long as there is no usable link or no socket. */
type Phase = 'joining' | 'member' | 'away';

export class GossipMembership implements Membership {
  readonly #deps: MemberlistDeps & { peers: DiscoveredPeers };
  readonly #self: MemberlistOptions['self'];
  /** So long, in milliseconds, after the first answer those of the other peers are waited for. */
  readonly #othersMs: number;
  readonly #memberlist: Memberlist;
  readonly #listeners = new Listeners();
  /** The phase has changed, or a peer has answered. */
  readonly #news = new Notify();
  #phase: Phase = 'joining';
  /** When a peer answered first, on the clock, since it joins. */
  #answeredAt: number | undefined;
  #members: ReadonlySet<string> = new Set();
  #isLinked = true;
  /** For good; what links do is of no interest any more. */
  #hasLeft = false;

  constructor(deps: MemberlistDeps & { peers: DiscoveredPeers }, options: MemberlistOptions) {
    this.#deps = deps;
    this.#self = options.self;
    this.#othersMs = 2 * options.profile.probeTimeoutMs;
    this.#memberlist = new Memberlist(deps, options);
  }

  members(): ReadonlySet<string> {
    return this.#members;
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  async ready(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#phase === 'member') return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        unsubscribe();
        reject(signal.reason as Error);
      };
      const unsubscribe = this.subscribe(() => {
        if (this.#phase !== 'member') return;
        unsubscribe();
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Takes part until `signal` is aborted; opens the sockets again when they die. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#deps;
    const unsubscribes = [
      this.#memberlist.subscribe(() => this.#look()),
      this.#memberlist.onExchange(() => {
        this.#answeredAt ??= this.#deps.clock.now();
        this.#news.notify();
      }),
    ];
    const waits = () => backoff({ initialMs: 500, maxMs: 10_000, jitter: 0.2 }, random);
    let wait = waits();
    try {
      while (!signal.aborted) {
        const startedAt = clock.now();
        try {
          await runTogether(
            signal,
            (ended) => this.#memberlist.run(ended),
            (ended) => this.#joinEachTime(ended),
          );
        } catch (error) {
          if (clock.now() - startedAt > 60_000) wait = waits();
          const retryInMs = wait.next().value;
          log.warn({ err: error, retryInMs }, 'the memberlist has stopped and is started again');
          this.#goAway();
          await clock.sleep(retryInMs, signal).catch(() => undefined);
          this.#comeBack();
        }
      }
    } finally {
      for (const unsubscribe of unsubscribes) unsubscribe();
    }
  }

  /**
   * Tells the others that this member goes; to be called before {@link run} ends. From then on
   * {@link members} are the others, so all that was announced here is another's to announce.
   */
  leave(signal: AbortSignal): Promise<void> {
    this.#hasLeft = true;
    return this.#memberlist.leave(signal);
  }

  /** Is told, after each change of this node's links, whether any of them is usable. */
  linksChanged(anyUsable: boolean): void {
    this.#isLinked = anyUsable;
    if (!anyUsable) this.#goAway();
    else if (this.#phase === 'away') this.#comeBack();
    else this.#memberlist.linkRestored();
  }

  #goAway(): void {
    if (this.#hasLeft) return;
    this.#enter('away');
    // Nobody can hear it, so there is nothing to wait for.
    void this.#memberlist.leave(AbortSignal.abort());
  }

  #comeBack(): void {
    if (this.#hasLeft || !this.#isLinked) return;
    this.#enter('joining');
    this.#memberlist.rejoin();
  }

  /** Ends each time of joining, as soon as enough is known. */
  async #joinEachTime(signal: AbortSignal): Promise<void> {
    await this.#deps.peers.ready(signal);
    while (!signal.aborted) {
      if (this.#phase === 'joining') await this.#join(signal);
      else await this.#news.notified(signal);
    }
  }

  async #join(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const beganAt = clock.now();
    while (this.#phase === 'joining' && !signal.aborted) {
      const others = this.#others();
      const leftMs = this.#joinedAt(others, beganAt) - clock.now();
      if (leftMs > 0) {
        await this.#news.notifiedWithin(leftMs, clock, signal);
        continue;
      }
      if (others.length > 0 && this.#answeredAt === undefined) {
        const fields = { peers: others.length };
        log.warn(fields, 'no other speaker has answered in time; this one goes on without them');
      }
      this.#enter('member');
    }
  }

  /** When enough is known of `others` as far as they have answered, on the clock. */
  #joinedAt(others: readonly GossipEndpoint[], beganAt: number): number {
    const atLast = beganAt + JOIN_TIMEOUT_MS;
    if (others.length === 0) return beganAt;
    if (this.#answeredAt === undefined) return atLast;
    const known = this.#memberlist.members().map(endpointOf);
    if (others.every((other) => known.some((member) => isSameEndpoint(member, other)))) return beganAt;
    // The one who has answered may just have started too, and know as little.
    return Math.min(Math.max(this.#answeredAt, beganAt) + this.#othersMs, atLast);
  }

  #others(): readonly GossipEndpoint[] {
    return this.#deps.peers.peers().filter((peer) => !isSameEndpoint(peer, this.#self));
  }

  #enter(phase: Phase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    if (phase === 'joining') this.#answeredAt = undefined;
    this.#news.notify();
    this.#look(true);
  }

  /** Finds out who the members are now, and says so if that has changed. */
  #look(phaseChanged = false): void {
    const names = this.#memberlist.members().map(({ name }) => name);
    const members = new Set(
      this.#phase === 'member' ? names : names.filter((name) => name !== this.#self.name),
    );
    if (sameMembers(members, this.#members) && !phaseChanged) return;
    this.#members = members;
    this.#listeners.call();
  }
}

function isSameEndpoint(a: GossipEndpoint, b: GossipEndpoint): boolean {
  return a.address === b.address && a.port === b.port;
}
