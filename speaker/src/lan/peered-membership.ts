/** Membership by the gossip on the LAN, which is told where the speakers are from here. */
import type { Membership } from '../membership/membership.js';
import { Notify } from '../notify.js';
import type { GossipEndpoint } from '../ports.js';
import { runTogether } from '../run-together.js';
import type { Gossip } from './gossip.js';

/** Where the speakers are, kept current. */
export interface PeerWatch {
  peers(): readonly GossipEndpoint[];
  subscribe(listener: () => void): () => void;
  /** Resolves once {@link peers} can be relied on. */
  ready(signal: AbortSignal): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

export class PeeredMembership implements Membership {
  readonly #gossip: Gossip;
  readonly #watch: PeerWatch;

  constructor(gossip: Gossip, watch: PeerWatch) {
    this.#gossip = gossip;
    this.#watch = watch;
  }

  members(): ReadonlySet<string> {
    return this.#gossip.members();
  }

  subscribe(listener: () => void): () => void {
    return this.#gossip.subscribe(listener);
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#gossip.ready(signal);
  }

  async run(signal: AbortSignal): Promise<void> {
    await runTogether(
      signal,
      (ended) => this.#watch.run(ended),
      (ended) => this.#tell(ended),
    );
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const changes = new Notify();
    const unsubscribe = this.#watch.subscribe(() => changes.notify());
    let told = '';
    try {
      await this.#watch.ready(signal);
      while (!signal.aborted) {
        const peers = this.#watch.peers();
        const telling = JSON.stringify(peers);
        if (telling !== told) this.#gossip.setPeers(peers);
        told = telling;
        await changes.notified(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      unsubscribe();
    }
  }
}
