/** The local network in this thread: interfaces, the announcer that answers on them, and the gossip. */
import { Listeners } from '@metallb-l2/sdk/kube';
import {
  Announcer,
  type AddressConflict,
  type AnnouncerDeps,
  type AnnouncerOptions,
} from '../layer2/announcer.js';
import { unusableReason } from '../layer2/interfaces.js';
import { runTogether } from '../run-together.js';
import { GivenPeers, type Gossip, type GossipMember } from './gossip.js';
import { DEFAULT_EXCLUSIONS } from './interface-exclusions.js';
import type { Announcements, Lan } from './lan.js';

export interface LocalLanOptions extends Omit<AnnouncerOptions, 'onConflict'> {
  /** Makes what takes part in the gossip; without it the speakers do not. */
  readonly joinGossip?: (peers: GivenPeers) => GossipMember;
}

export class LocalLan implements Lan {
  readonly gossip: Gossip | undefined;
  readonly #deps: AnnouncerDeps;
  readonly #exclusions: readonly RegExp[];
  readonly #member: GossipMember | undefined;
  readonly #announcer: Announcer;
  readonly #conflictListeners = new Listeners<[conflict: AddressConflict]>();

  constructor(deps: AnnouncerDeps, { joinGossip, ...options }: LocalLanOptions = {}) {
    this.#deps = deps;
    this.#exclusions = options.exclusions ?? DEFAULT_EXCLUSIONS;
    const peers = new GivenPeers();
    const member = joinGossip?.(peers);
    this.#member = member;
    this.gossip = member && {
      members: () => member.members(),
      subscribe: (listener) => member.subscribe(listener),
      ready: (signal) => member.ready(signal),
      setPeers: (endpoints) => peers.give(endpoints),
      leave: (signal) => member.leave(signal),
    };
    this.#announcer = new Announcer(deps, {
      ...options,
      onConflict: (conflict) => this.#conflictListeners.call(conflict),
    });
  }

  /** The interfaces are known, and answer, when this first waits. */
  run(signal: AbortSignal): Promise<void> {
    return runTogether(
      signal,
      (ended) => this.#deps.links.run(ended),
      (ended) => this.#announcer.run(ended),
      (ended) => this.#takePart(ended),
    );
  }

  /** A node that nobody can hear takes no part in elections, however its gossip reaches the others. */
  async #takePart(signal: AbortSignal): Promise<void> {
    const { links } = this.#deps;
    const member = this.#member;
    if (member === undefined) return;
    const isUsable = () => links.links().some((link) => unusableReason(link, this.#exclusions) === undefined);
    if (!isUsable()) member.linksChanged(false);
    // After a change of any link: the gossip may well go over one that is left alone.
    const unsubscribe = links.subscribe(() => member.linksChanged(isUsable()));
    await member.run(signal).finally(unsubscribe);
  }

  apply(desired: Announcements, moved?: ReadonlySet<string>): Promise<void> {
    this.#announcer.apply(desired, moved);
    return Promise.resolve();
  }

  answering(ip: string): readonly string[] {
    return this.#announcer.answering(ip);
  }

  get listening(): boolean {
    return this.#announcer.listening;
  }

  subscribe(listener: () => void): () => void {
    return this.#announcer.subscribe(listener);
  }

  onConflict(listener: (conflict: AddressConflict) => void): () => void {
    return this.#conflictListeners.add(listener);
  }

  handedOver(signal: AbortSignal): Promise<void> {
    return this.#announcer.handedOver(signal);
  }
}
