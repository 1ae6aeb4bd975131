/**
 * Finds the others and finds them again: known peers that are not members are asked for an exchange, at once
 * when there is a sign that it may work now, and else every second or two. So two halves of a split cluster
 * are one again moments after the network lets them, where memberlist alone stays split.
 */
import { Notify } from '../notify.js';
import type { GossipEndpoint } from '../ports.js';
import { endpointOf, type Core } from './core.js';
import { isMember, type Member } from './members.js';
import type { PushPuller } from './push-pull.js';
import { sample } from './shuffle.js';

/** Who may be a member: the addresses of the speakers' pods. */
export interface PeerSource {
  /** All that are known now; oneself may be among them. */
  peers(): readonly GossipEndpoint[];
  /** Calls `listener` after each change of {@link peers}; returns what ends that. */
  subscribe(listener: () => void): () => void;
}

/** A known peer that is not a member. */
interface MissingPeer {
  readonly endpoint: GossipEndpoint;
  /** When it was asked last, on the clock. */
  askedAt: number;
  /** When it is asked next, unless there is a sign before. */
  askAt: number;
  /** While it is asked; aborted when the answer is not worth waiting for any more. */
  attempt: AbortController | undefined;
}

/** Peers asked at the same time at most; the others have their turn afterwards. */
const PEERS_AT_ONCE = 8;
/** However many signs there are, a peer has so long to answer before it is asked again, in milliseconds. */
const LEAST_GAP_MS = 200;
/** Who learned in the first exchange that it is held for dead objects in the second. */
const EXCHANGES = 2;

export class Joiner {
  readonly #core: Core;
  readonly #pushPuller: PushPuller;
  readonly #peers: PeerSource;
  readonly #sign = new Notify();
  #missing = new Map<string, MissingPeer>();
  /** What is known of the members is old: nobody counts as present before one of them has been asked. */
  #isStale = false;

  constructor(core: Core, pushPuller: PushPuller, peers: PeerSource) {
    this.#core = core;
    this.#pushPuller = pushPuller;
    this.#peers = peers;
  }

  async run(signal: AbortSignal): Promise<void> {
    const look = () => this.#look();
    const unsubscribes = [this.#peers.subscribe(look), this.#core.subscribe(look)];
    const asked = new Set<Promise<void>>();
    try {
      look();
      while (!signal.aborted) {
        for (const peer of this.#due(PEERS_AT_ONCE - asked.size)) {
          const done = this.#ask(peer, signal).finally(() => asked.delete(done));
          asked.add(done);
        }
        await this.#untilDue(asked.size < PEERS_AT_ONCE, signal);
      }
    } finally {
      for (const unsubscribe of unsubscribes) unsubscribe();
      await Promise.all(asked);
    }
  }

  /** Asks whoever is missing and not just being asked: there is reason to think that the network is back. */
  askAll(): void {
    for (const peer of this.#missing.values()) {
      askSoon(peer);
      // The kernel repeats what it has sent in vain, but not soon.
      if (peer.askAt <= this.#core.now) peer.attempt?.abort();
    }
    this.#sign.notify();
  }

  /** Asks members too: what was known of them before a time away is worth nothing until one has answered. */
  rejoin(): void {
    this.#isStale = true;
    this.#look();
    this.askAll();
  }

  /** Something readable came from `endpoint`: if it is missing, it is there again. */
  heard(endpoint: GossipEndpoint): void {
    if (this.#missing.size === 0) return;
    const peer = this.#missing.get(keyOf(endpoint));
    if (peer === undefined) return;
    askSoon(peer);
    this.#sign.notify();
  }

  /** Finds out who is missing now; whoever was before keeps its turn. */
  #look(): void {
    const { table } = this.#core;
    const isPresent = (member: Member) => isMember(member) && !this.#isStale;
    const present = new Set(table.others(isPresent).map((member) => keyOf(endpointOf(member))));
    present.add(keyOf(endpointOf(table.self)));
    // Those that have left are asked only as long as they are listed: they wanted to go.
    const absent = table.others((member) => !isPresent(member) && member.state !== 'left').map(endpointOf);
    const missing = new Map<string, MissingPeer>();
    for (const endpoint of [...this.#peers.peers(), ...absent]) {
      const key = keyOf(endpoint);
      if (present.has(key)) continue;
      missing.set(
        key,
        this.#missing.get(key) ?? { endpoint, askedAt: -Infinity, askAt: -Infinity, attempt: undefined },
      );
    }
    this.#missing = missing;
    this.#sign.notify();
  }

  #due(count: number): MissingPeer[] {
    if (this.#core.hasLeft) return [];
    const due = [...this.#missing.values()].filter(
      ({ attempt, askAt }) => attempt === undefined && askAt <= this.#core.now,
    );
    return sample(due, Math.max(count, 0), this.#core.deps.random);
  }

  async #untilDue(hasRoom: boolean, signal: AbortSignal): Promise<void> {
    const waiting = [...this.#missing.values()].filter(({ attempt }) => attempt === undefined);
    if (!hasRoom || this.#core.hasLeft || waiting.length === 0) {
      await this.#sign.notified(signal);
      return;
    }
    const nextAt = Math.min(...waiting.map(({ askAt }) => askAt));
    await this.#sign.notifiedWithin(nextAt - this.#core.now, this.#core.clock, signal);
  }

  async #ask(peer: MissingPeer, signal: AbortSignal): Promise<void> {
    const { profile, deps } = this.#core;
    const attempt = new AbortController();
    const scope = AbortSignal.any([signal, attempt.signal]);
    peer.attempt = attempt;
    peer.askedAt = this.#core.now;
    peer.askAt = peer.askedAt + profile.rejoinIntervalMs * (1 + deps.random());
    for (let exchanges = 0; exchanges < EXCHANGES && !scope.aborted; exchanges++) {
      const { incarnation } = this.#core.self;
      const exchanged = await this.#pushPuller.exchange(peer.endpoint, { join: true }, scope);
      if (!exchanged.ok) {
        deps.log.debug({ peer: peer.endpoint, reason: exchanged.reason }, 'a peer cannot be joined yet');
        break;
      }
      if (this.#isStale) {
        this.#isStale = false;
        this.#look();
      }
      const wasAccused = this.#core.self.incarnation !== incarnation;
      if (!wasAccused && !this.#missing.has(keyOf(peer.endpoint))) break;
    }
    peer.attempt = undefined;
    this.#sign.notify();
  }
}

function askSoon(peer: MissingPeer): void {
  peer.askAt = Math.min(peer.askAt, peer.askedAt + LEAST_GAP_MS);
}

function keyOf({ address, port }: GossipEndpoint): string {
  return `${address} ${port}`;
}
