/**
 * The gossip among the speakers. It runs beside the sockets that answer, since it must wait for nothing
 * either; where the speakers are and what follows from who lives is known on the side that decides.
 */
import { Listeners } from '@metallb-l2/sdk/kube';
import type { Membership } from '../membership/membership.js';
import type { GossipEndpoint } from '../ports.js';
import { untilAborted } from '../until-aborted.js';

/** As the side that decides sees it. */
export interface Gossip extends Omit<Membership, 'run'> {
  /** Says where the speakers are, oneself included; nobody is joined before. */
  setPeers(peers: readonly GossipEndpoint[]): void;
  /**
   * Tells the others that this node goes. From then on the members are the others. Resolves when that was
   * said often enough, or when `signal` is aborted.
   */
  leave(signal: AbortSignal): Promise<void>;
}

/** What takes part in the gossip. */
export interface GossipMember extends Membership {
  leave(signal: AbortSignal): Promise<void>;
  /** Is told, after each change of this machine's links, whether any of them is usable. */
  linksChanged(anyUsable: boolean): void;
}

/** Peers as they were told last. */
export class GivenPeers {
  readonly #listeners = new Listeners();
  readonly #given = Promise.withResolvers<undefined>();
  #peers: readonly GossipEndpoint[] = [];

  give(peers: readonly GossipEndpoint[]): void {
    this.#peers = peers;
    this.#given.resolve(undefined);
    this.#listeners.call();
  }

  peers(): readonly GossipEndpoint[] {
    return this.#peers;
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Resolves once there are any, were it none; rejects on abort. */
  async ready(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#given.promise, signal);
    signal.throwIfAborted();
  }
}
