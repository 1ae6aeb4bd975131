/** What the side of a speaker that decides asks of the side that talks to the local network. */
import type { AddressConflict, InterfaceScope } from '../layer2/announcer.js';
import type { Gossip } from './gossip.js';

/** Addresses to announce, and the interfaces of each. */
export type Announcements = ReadonlyMap<string, InterfaceScope>;

/**
 * The local network, in this process or on a thread of its own. Between two calls of a listener, what
 * {@link answering} and {@link listening} say stays the same.
 */
export interface Lan {
  /** Answers on every usable interface until `signal` is aborted; then nothing is left open. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Replaces the announced set. Addresses left out are no longer answered, except those in `moved`:
   * another node announces them now, and they are answered until it is heard or a second has passed.
   * Resolves when {@link answering} tells what came of it; never rejects.
   */
  apply(desired: Announcements, moved?: ReadonlySet<string>): Promise<void>;
  /** Names of the interfaces that answer for `ip`, sorted. */
  answering(ip: string): readonly string[];
  /** Whether any interface answers at all. */
  readonly listening: boolean;
  /** Calls `listener` when {@link answering} or {@link listening} may have changed; returns what ends that. */
  subscribe(listener: () => void): () => void;
  /** Calls `listener` when another station uses an announced address; returns what ends that. */
  onConflict(listener: (conflict: AddressConflict) => void): () => void;
  /**
   * Moves all addresses to other nodes, as {@link apply} does. Resolves when none is answered any more,
   * or when `signal` is aborted.
   */
  handedOver(signal: AbortSignal): Promise<void>;
  /** Who else is there; undefined when the speakers do not gossip. */
  readonly gossip: Gossip | undefined;
}
