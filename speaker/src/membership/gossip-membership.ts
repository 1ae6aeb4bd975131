/**
 * Membership by gossip among the speakers themselves, without the API server.
 *
 * The rule for a node that is alone:
 * - Cut off from every peer, it keeps its addresses and takes over what it is eligible for, as upstream
 *   does. It cannot tell dead peers from its own isolation; in the first case its answer is needed, in the
 *   second it hurts nobody, since whoever hears it cannot hear the others.
 * - With none of its own links usable, nobody hears it: it leaves, and takes no part until a link is back
 *   and a peer has answered, or nobody has within {@link JOIN_TIMEOUT_MS}. So a cable put back does not
 *   give two answers until the two nodes have heard of each other.
 */
import { backoff, Listeners } from '@metallb-l2/sdk/kube';
import { Notify } from '../notify.js';
import type { GossipEndpoint } from '../ports.js';
import { runTogether } from '../run-together.js';
import type { MemberlistDeps, MemberlistOptions } from './core.js';
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

/** `joining` until a peer has answered or none will; `away` as long as no link is usable. */
type Phase = 'joining' | 'member' | 'away';

export class GossipMembership implements Membership {
  readonly #deps: MemberlistDeps & { peers: DiscoveredPeers };
  readonly #self: MemberlistOptions['self'];
  readonly #memberlist: Memberlist;
  readonly #listeners = new Listeners();
  readonly #phaseChanged = new Notify();
  #phase: Phase = 'joining';
  #members: ReadonlySet<string> = new Set();
  /** For good; what links do is of no interest any more. */
  #hasLeft = false;

  constructor(deps: MemberlistDeps & { peers: DiscoveredPeers }, options: MemberlistOptions) {
    this.#deps = deps;
    this.#self = options.self;
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
        if (this.#phase === 'joining') this.#enter('member');
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
            (ended) => this.#goOnAlone(ended),
          );
        } catch (error) {
          if (clock.now() - startedAt > 60_000) wait = waits();
          const retryInMs = wait.next().value;
          log.warn({ err: error, retryInMs }, 'the memberlist has stopped and is started again');
          await clock.sleep(retryInMs, signal).catch(() => undefined);
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
    if (this.#hasLeft) return;
    if (!anyUsable) {
      this.#enter('away');
      // Nobody can hear it, so there is nothing to wait for.
      void this.#memberlist.leave(AbortSignal.abort());
    } else if (this.#phase === 'away') {
      this.#enter('joining');
      this.#memberlist.rejoin();
    } else {
      this.#memberlist.linkRestored();
    }
  }

  /** Ends each time of joining that no peer answers in. */
  async #goOnAlone(signal: AbortSignal): Promise<void> {
    await this.#deps.peers.ready(signal);
    while (!signal.aborted) {
      if (this.#phase === 'joining') await this.#join(signal);
      else await this.#phaseChanged.notified(signal);
    }
  }

  async #join(signal: AbortSignal): Promise<void> {
    const { peers, clock, log } = this.#deps;
    const others = peers.peers().filter((peer) => !isSameEndpoint(peer, this.#self)).length;
    if (others > 0) {
      await this.#phaseChanged.notifiedWithin(JOIN_TIMEOUT_MS, clock, signal);
      if (signal.aborted || this.#phase !== 'joining') return;
      log.warn({ peers: others }, 'no other speaker has answered in time; this one goes on without them');
    }
    this.#enter('member');
  }

  #enter(phase: Phase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#phaseChanged.notify();
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
