/** The gossip of a thread, as the main thread sees it: whoever took part when it was last heard. */
import { Listeners } from '@metallb-l2/sdk/kube';
import { sameMembers } from '../membership/same-members.js';
import type { GossipEndpoint } from '../ports.js';
import { untilAborted } from '../until-aborted.js';
import type { Gossip } from './gossip.js';
import type { LanSession } from './lan-session.js';

export class ThreadGossip implements Gossip {
  readonly #listeners = new Listeners();
  readonly #heard = Promise.withResolvers<undefined>();
  #session: LanSession | undefined;
  #peers: readonly GossipEndpoint[] | undefined;
  #members: ReadonlySet<string> = new Set();
  #hasLeft = false;

  members(): ReadonlySet<string> {
    return this.#members;
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  async ready(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#heard.promise, signal);
    signal.throwIfAborted();
  }

  setPeers(peers: readonly GossipEndpoint[]): void {
    this.#peers = peers;
    if (!this.#hasLeft) this.#session?.setPeers(peers);
  }

  async leave(signal: AbortSignal): Promise<void> {
    this.#hasLeft = true;
    if (this.#session !== undefined) await untilAborted(this.#session.leave(), signal);
  }

  /** There is a new thread, or none; one that starts while this node leaves joins nobody any more. */
  attach(session: LanSession | undefined): void {
    this.#session = session;
    if (this.#peers !== undefined && !this.#hasLeft) session?.setPeers(this.#peers);
  }

  /** Takes over what the thread knows. */
  update(): void {
    const members = this.#session?.members;
    if (members === undefined) return;
    this.#heard.resolve(undefined);
    this.#set(members);
  }

  /** The thread is away for so long that the others hold this node for dead, and it knows nothing of them. */
  giveUp(): void {
    this.#set(new Set());
  }

  #set(members: ReadonlySet<string>): void {
    if (sameMembers(members, this.#members)) return;
    this.#members = members;
    this.#listeners.call();
  }
}
