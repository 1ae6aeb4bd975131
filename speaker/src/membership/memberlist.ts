/**
 * One member of a group that watches itself (SWIM with Lifeguard), compatible on the wire with
 * hashicorp/memberlist 0.5.
 *
 * - Every member probes the next one on a ring; one that is silent becomes a suspect, and dies of it unless it
 *   objects in time.
 * - News travels by gossip, and on the back of pings and answers.
 * - To join is to exchange all that is known with one that is already in; peers that are missing are asked
 *   for that again and again.
 * - Nothing others send makes this one grow without bound, and nothing unreadable is more than counted.
 */
import { Listeners } from '@metallb-l2/sdk/kube';
import type { GossipEndpoint, GossipStream } from '../ports.js';
import { runTogether } from '../run-together.js';
import type { GossipMessage } from '../wire/memberlist/messages.js';
import { Core, type MemberlistDeps, type MemberlistOptions } from './core.js';
import { expireSuspicions } from './expiring.js';
import { gossip } from './gossiping.js';
import { Joiner, type PeerSource } from './joining.js';
import { isMember, type Claim, type Member } from './members.js';
import { Prober } from './probing.js';
import { PushPuller } from './push-pull.js';

/** How long {@link Memberlist.leave} waits at most until the others have been told, in milliseconds. */
const LEAVE_TIMEOUT_MS = 1_000;

export class Memberlist {
  readonly #core: Core;
  readonly #prober: Prober;
  readonly #pushPuller: PushPuller;
  readonly #joiner: Joiner;
  readonly #exchangeListeners = new Listeners();

  /** @param peers whom to join */
  constructor(deps: MemberlistDeps & { peers: PeerSource }, options: MemberlistOptions) {
    this.#core = new Core(deps, options);
    this.#prober = new Prober(this.#core);
    this.#pushPuller = new PushPuller(this.#core, () => this.#exchangeListeners.call());
    this.#joiner = new Joiner(this.#core, this.#pushPuller, deps.peers);
  }

  /** Those that take part now, this member included unless it has left; suspects too. */
  members(): readonly Member[] {
    return [...this.#core.table.all()].filter(isMember);
  }

  /** Calls `listener` after changes of members' states; returns what ends that. */
  subscribe(listener: () => void): () => void {
    return this.#core.subscribe(listener);
  }

  /** Calls `listener` after each complete exchange with another member; returns what ends that. */
  onExchange(listener: () => void): () => void {
    return this.#exchangeListeners.add(listener);
  }

  /**
   * Takes part until `signal` is aborted; the others notice that only by its silence, unless it has left
   * before. May be called again after it has ended.
   *
   * @throws when the sockets cannot be opened or die
   */
  async run(signal: AbortSignal): Promise<void> {
    const core = this.#core;
    await runTogether(
      signal,
      (ended) =>
        core.deps.transport.run(
          {
            onDatagram: (bytes, from) => this.#onDatagram(bytes, from, ended),
            onStream: (stream, from) => this.#onStream(stream, from, ended),
          },
          ended,
        ),
      (ended) => this.#prober.run(ended),
      (ended) => this.#pushPuller.run(ended),
      (ended) => this.#joiner.run(ended),
      (ended) => gossip(core, ended),
      (ended) => expireSuspicions(core, ended),
    );
  }

  /**
   * Says good-bye: the others take this member off their lists at once, without suspicion. Resolves when
   * that has been told often enough, after a second at most, or on abort. Pings are still answered.
   */
  async leave(signal: AbortSignal): Promise<void> {
    const core = this.#core;
    if (core.hasLeft) return;
    const { name: node, incarnation } = core.self;
    core.apply({ type: 'leave' });
    // To each of them directly: gossip would tell the last of many some rounds later.
    for (const member of core.table.others()) {
      core.sendTo(member, [{ type: 'dead', node, incarnation, from: node }]);
    }
    const endsAt = core.now + LEAVE_TIMEOUT_MS;
    while (!signal.aborted && core.broadcasts.has(node) && core.now < endsAt) {
      await core.sleep(core.profile.gossipIntervalMs, signal);
    }
  }

  /** Takes part again after {@link leave}, and asks the others for an exchange at once. */
  rejoin(): void {
    if (!this.#core.hasLeft) return;
    this.#core.apply({ type: 'rejoin' });
    this.#joiner.rejoin();
  }

  /** The network may be back: peers that are missing are asked at once. */
  linkRestored(): void {
    this.#joiner.askAll();
  }

  #onDatagram(bytes: Uint8Array, from: GossipEndpoint, signal: AbortSignal): void {
    const decoded = this.#core.deps.packets.decode(bytes);
    if (!decoded.ok) {
      this.#core.drop(decoded.reason);
      return;
    }
    for (const fault of decoded.value.faults) this.#core.drop(fault);
    // News first: an answer to a ping can then carry the objection to what came with it.
    const { messages } = decoded.value;
    this.#core.apply(...messages.filter(isClaim));
    for (const message of messages) if (!isClaim(message)) this.#onMessage(message, from, signal);
    this.#joiner.heard(from);
  }

  #onMessage(message: Exclude<GossipMessage, Claim>, from: GossipEndpoint, signal: AbortSignal): void {
    switch (message.type) {
      case 'ping':
        this.#prober.onPing(message, from);
        break;
      case 'indirectPing':
        void this.#prober.onIndirectPing(message, from, signal);
        break;
      case 'ack':
        this.#prober.onAck(message);
        break;
      case 'nack':
        this.#prober.onNack(message);
        break;
      case 'user':
        this.#core.drop('unexpected');
    }
  }

  #onStream(stream: GossipStream, from: GossipEndpoint, signal: AbortSignal): void {
    this.#core.deps.log.debug({ from }, 'a member opens a stream');
    void this.#pushPuller.onStream(stream, from, signal);
  }
}

function isClaim(message: GossipMessage): message is Claim {
  return message.type === 'alive' || message.type === 'suspect' || message.type === 'dead';
}
