/**
 * The announced addresses and who answers for them. The set is given as a whole; the announcer keeps one
 * responder on each usable interface, tells the network about addresses it has just taken over, and says
 * on which interfaces an address is really answered.
 */
import { backoff, type Clock, type Random } from '@metallb-l2/sdk/kube';
import { Notify } from '../notify.js';
import type { Link, LinkSource, Log, Meter, OpenLinkSocket } from '../ports.js';
import { isIpv4Address, type MacAddress } from '../wire/address.js';
import { burstWaits } from './gratuitous.js';
import { DEFAULT_EXCLUDED_INTERFACES, unusableReason } from './interfaces.js';
import { Responder, ResponderMetrics } from './responder.js';

/** The interfaces an address is announced on, by name. */
export type InterfaceScope = 'all' | readonly string[];

export interface AnnouncerDeps {
  links: LinkSource;
  openSocket: OpenLinkSocket;
  clock: Clock;
  random: Random;
  log: Log;
  meter: Meter;
}

interface Announcement {
  readonly scope: InterfaceScope;
  /** When another station last claimed the address, on the clock; `-Infinity` for never. */
  claimedAt: number;
}

const EXCLUSIONS = DEFAULT_EXCLUDED_INTERFACES.map((pattern) => new RegExp(pattern));

/** How long, in milliseconds, an address that moves to another node is still answered at most. */
const HAND_OVER_MS = 1000;
/** A claim of an address this old, in milliseconds, still tells that its next owner is at work. */
const RECENT_CLAIM_MS = 3000;

export class Announcer {
  readonly #deps: AnnouncerDeps;
  readonly #metrics: ResponderMetrics;
  readonly #responders = new Map<number, Responder>();
  readonly #listeners = new Set<() => void>();
  readonly #linksChanged = new Notify();
  readonly #left = new Notify();
  /** Addresses that have moved to another node, answered until it is at work. */
  readonly #leaving = new Map<string, InterfaceScope>();
  #announcements: ReadonlyMap<string, Announcement> = new Map();
  #signal: AbortSignal | undefined;

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps;
    this.#metrics = new ResponderMetrics(deps.meter);
  }

  /** Answers on every usable interface until `signal` is aborted; then closes all sockets. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    const unsubscribe = this.#deps.links.subscribe(() => this.#linksChanged.notify());
    try {
      let waits = this.#retryWaits();
      while (!signal.aborted) {
        if (this.#followLinks()) {
          waits = this.#retryWaits();
          await this.#linksChanged.notified(signal);
        } else {
          await this.#linksChanged.notifiedWithin(waits.next().value, this.#deps.clock, signal);
        }
      }
    } finally {
      unsubscribe();
      for (const responder of this.#responders.values()) responder.close();
      this.#responders.clear();
      this.#changed();
    }
  }

  /**
   * Replaces the announced set. Addresses that are new, or whose interfaces changed, are told to the
   * network in a burst; for all others nothing is sent. Those left out are no longer answered, except
   * those in `moved`: they are another node's now, and are answered until it claims them on the network
   * or a second has passed, so that no question in between stays without an answer.
   */
  apply(desired: ReadonlyMap<string, InterfaceScope>, moved: ReadonlySet<string> = new Set()): void {
    const next = new Map<string, Announcement>();
    const taken: string[] = [];
    for (const [ip, scope] of desired) {
      const current = this.#announcements.get(ip);
      if (current !== undefined && sameScope(current.scope, scope)) {
        next.set(ip, current);
      } else {
        next.set(ip, { scope, claimedAt: -Infinity });
        taken.push(ip);
      }
    }
    const removed = [...this.#announcements].filter(([ip]) => !next.has(ip));
    this.#announcements = next;
    for (const ip of taken) this.#leaving.delete(ip);
    this.#handOver(removed.filter(([ip, { claimedAt }]) => moved.has(ip) && !this.#isRecent(claimedAt)));
    if (taken.length > 0) void this.#burst(taken, () => this.#responders.values());
    if (taken.length > 0 || removed.length > 0) this.#changed();
  }

  /** Names of the interfaces that answer for `ip` at this moment, sorted. */
  answering(ip: string): readonly string[] {
    if (!isIpv4Address(ip)) return [];
    return [...this.#responders.values()]
      .map((responder) => responder.link.name)
      .filter((name) => inScope(this.#announcements.get(ip)?.scope, name))
      .sort();
  }

  /** Whether any interface answers at all. */
  get listening(): boolean {
    return this.#responders.size > 0;
  }

  /** Calls `listener` when {@link answering} may have changed; returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Moves all addresses to other nodes, as {@link apply} does. Resolves when none is answered any more,
   * or when `signal` is aborted.
   */
  async handedOver(signal: AbortSignal): Promise<void> {
    this.apply(new Map(), new Set(this.#announcements.keys()));
    while (!signal.aborted && this.#leaving.size > 0) await this.#left.notified(signal);
  }

  /** Opens and closes responders as the links ask; false when one could not be opened. */
  #followLinks(): boolean {
    const usable = new Map(
      this.#deps.links
        .links()
        .filter((link) => unusableReason(link, EXCLUSIONS) === undefined)
        .map((link) => [link.index, link]),
    );
    const before = this.#responders.size;
    for (const responder of [...this.#responders.values()]) {
      if (sameStation(responder.link, usable.get(responder.link.index))) continue;
      responder.close();
      this.#responders.delete(responder.link.index);
    }
    const closed = this.#responders.size < before;
    const missing = [...usable.values()].filter((link) => !this.#responders.has(link.index));
    const opened = missing.filter((link) => this.#open(link));
    if (closed || opened.length > 0) this.#changed();
    return opened.length === missing.length;
  }

  #open(link: Link): boolean {
    const responder = new Responder(
      { openSocket: this.#deps.openSocket, log: this.#deps.log, metrics: this.#metrics },
      {
        owns: (ip, name) => this.#owns(ip, name),
        onConflict: (ip, claimedBy) => this.#noteConflict(ip, claimedBy),
        onDown: (down) => {
          this.#responders.delete(down.link.index);
          this.#changed();
          this.#linksChanged.notify();
        },
      },
      link,
    );
    try {
      responder.open();
    } catch (error) {
      this.#deps.log.warn({ err: error, interface: link.name }, 'cannot answer on an interface');
      return false;
    }
    this.#responders.set(link.index, responder);
    this.#deps.log.info({ interface: link.name, mac: link.mac }, 'answering on an interface');
    void this.#burst([...this.#announcements.keys()], () =>
      this.#responders.get(link.index) === responder ? [responder] : [],
    );
    return true;
  }

  #owns(ip: string, interfaceName: string): boolean {
    return inScope(this.#announcements.get(ip)?.scope ?? this.#leaving.get(ip), interfaceName);
  }

  #handOver(moved: readonly (readonly [string, Announcement])[]): void {
    if (moved.length === 0) return;
    for (const [ip, { scope }] of moved) this.#leaving.set(ip, scope);
    void this.#deps.clock
      .sleep(HAND_OVER_MS, this.#signal)
      .catch(() => undefined)
      .then(() => {
        for (const [ip, { scope }] of moved) {
          if (this.#leaving.get(ip) === scope) this.#leaving.delete(ip);
        }
        this.#left.notify();
      });
  }

  #noteConflict(ip: string, claimedBy: MacAddress): void {
    if (this.#leaving.delete(ip)) this.#left.notify();
    const announcement = this.#announcements.get(ip);
    if (announcement === undefined) return;
    if (!this.#isRecent(announcement.claimedAt)) {
      this.#deps.log.warn({ ip, claimedBy }, 'another station claims an address this node announces');
    }
    announcement.claimedAt = this.#deps.clock.now();
  }

  #isRecent(claimedAt: number): boolean {
    return this.#deps.clock.now() - claimedAt < RECENT_CLAIM_MS;
  }

  /** Tells the network about `ips`, as long as they stay announced as they are now. */
  async #burst(ips: readonly string[], responders: () => Iterable<Responder>): Promise<void> {
    const announced = this.#announcements;
    for (const waitMs of burstWaits()) {
      if (waitMs > 0) await this.#deps.clock.sleep(waitMs, this.#signal).catch(() => undefined);
      if (this.#signal === undefined || this.#signal.aborted) return;
      for (const ip of ips) {
        if (!isIpv4Address(ip) || this.#announcements.get(ip) !== announced.get(ip)) continue;
        for (const responder of responders()) {
          if (this.#owns(ip, responder.link.name)) responder.announce(ip);
        }
      }
    }
  }

  #retryWaits() {
    return backoff({ initialMs: 500, maxMs: 10_000, jitter: 0.2 }, this.#deps.random);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function inScope(scope: InterfaceScope | undefined, interfaceName: string): boolean {
  return scope === 'all' || (scope !== undefined && scope.includes(interfaceName));
}

function sameScope(a: InterfaceScope, b: InterfaceScope): boolean {
  if (a === 'all' || b === 'all') return a === b;
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** A new MAC or name makes another station of a link: the network has to hear about it. */
function sameStation(a: Link, b: Link | undefined): boolean {
  return b !== undefined && a.mac === b.mac && a.name === b.name;
}
