/**
 * The announced addresses and who answers for them. The set is given as a whole; the announcer keeps one
 * responder on each usable interface, tells the network about addresses it has just taken over, and says
 * on which interfaces an address is really answered.
 */
import { type Clock, Listeners, type Random } from '@metallb-l2/sdk/kube';
import {
  DEFAULT_EXCLUDED_INTERFACES,
  DEFAULT_GRATUITOUS_FRAMES_PER_SECOND,
  DEFAULT_GRATUITOUS_INTERVAL_SECONDS,
} from '@metallb-l2/sdk/settings';
import { Notify } from '../notify.js';
import type { Link, LinkSource, Log, Meter, OpenLinkGroups, OpenLinkSocket } from '../ports.js';
import { runTogether } from '../run-together.js';
import type { MacAddress } from '../wire/address.js';
import { AddressBook } from './address-book.js';
import type { AnnouncedAddress, InterfaceScope } from './announced-address.js';
import { Disputes, type Claim } from './disputes.js';
import { unusableReason } from './interfaces.js';
import { RefreshRing } from './refresh-ring.js';
import { Responder, type JoinState } from './responder.js';
import { Retries } from './retries.js';
import { Traffic } from './traffic.js';

export type { InterfaceScope } from './announced-address.js';

export interface AnnouncerDeps {
  links: LinkSource;
  openSocket: OpenLinkSocket;
  openGroups: OpenLinkGroups;
  clock: Clock;
  random: Random;
  log: Log;
  meter: Meter;
}

/** Another station uses, or wants to use, an address this node announces. */
export interface AddressConflict {
  readonly ip: string;
  readonly mac: MacAddress;
  readonly interface: string;
  readonly kind: Claim['kind'];
}

export interface AnnouncerOptions {
  /**
   * How often each address is announced again, in milliseconds; 0 for never. Switches forget a station
   * after 300 s by default, so a lost burst is made good before, and again.
   * @default 120000
   */
  readonly refreshIntervalMs?: number;
  /**
   * Unasked frames on each interface, at most. 5,000 addresses take 2.5 s for their first round then;
   * answers to questions are not limited.
   * @default 4000
   */
  readonly framesPerSecond?: number;
  /** Interfaces whose name matches one of these are left alone. @default DEFAULT_EXCLUDED_INTERFACES */
  readonly exclusions?: readonly RegExp[];
  /** Called for each address at most once in ten seconds. */
  readonly onConflict?: (conflict: AddressConflict) => void;
}

/** How long, in milliseconds, an address that moves to another node is still answered at most. */
const HAND_OVER_MS = 1000;
/** A claim of an address this old, in milliseconds, still tells that its next owner is at work. */
const RECENT_CLAIM_MS = 3000;
/** A link whose socket dies so soon after it was opened, in milliseconds, is one that cannot be opened now. */
const SHORT_LIFE_MS = 1000;
/** Milliseconds for other work between two turns of joining groups. */
const PAUSE_MS = 1;
/**
 * Milliseconds between two turns of refreshing and of counting. What is refreshed goes to every node, and wakes the
 * speakers there: better some addresses at once than one after the other.
 */
const TICK_MS = 5000;

export class Announcer {
  readonly #deps: AnnouncerDeps;
  readonly #options: Required<AnnouncerOptions>;
  readonly #traffic: Traffic;
  readonly #ring: RefreshRing<AnnouncedAddress>;
  readonly #responders = new Map<number, Responder>();
  /** Why a link could not be opened, or kept open, when that was last tried; by its index. */
  readonly #failures = new Map<number, string>();
  readonly #listeners = new Listeners();
  readonly #linksChanged = new Notify();
  readonly #left = new Notify();
  readonly #book = new AddressBook();
  readonly #disputes: Disputes;
  #signal: AbortSignal | undefined;

  constructor(deps: AnnouncerDeps, options: AnnouncerOptions = {}) {
    this.#deps = deps;
    this.#options = {
      refreshIntervalMs: DEFAULT_GRATUITOUS_INTERVAL_SECONDS * 1000,
      framesPerSecond: DEFAULT_GRATUITOUS_FRAMES_PER_SECOND,
      exclusions: DEFAULT_EXCLUDED_INTERFACES.map((pattern) => new RegExp(pattern)),
      onConflict: () => undefined,
      ...options,
    };
    this.#traffic = new Traffic(deps.meter);
    this.#ring = new RefreshRing(this.#options.refreshIntervalMs, deps.random);
    this.#disputes = new Disputes({
      clock: deps.clock,
      isCurrent: (address) => this.#book.isCurrent(address),
      onConflict: (claim) => this.#dispute(claim),
    });
  }

  /** Answers on every usable interface until `signal` is aborted; then closes all sockets. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    const unsubscribe = this.#deps.links.subscribe(() => this.#linksChanged.notify());
    try {
      await runTogether(
        signal,
        (ended) => this.#tick(ended),
        (ended) => this.#keepUp(ended),
      );
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
   * or a second has passed, so that no question in between stays without an answer. What is no address is
   * answered nowhere.
   */
  apply(desired: ReadonlyMap<string, InterfaceScope>, moved: ReadonlySet<string> = new Set()): void {
    const { taken, removed } = this.#book.replace(desired);
    if (taken.length === 0 && removed.length === 0) return;
    for (const address of removed) this.#ring.delete(address);
    for (const address of taken) {
      this.#ring.add(address);
      const leaving = this.#book.leaving.get(address.ip);
      if (leaving !== undefined) this.#forget(leaving);
    }
    this.#handOver(removed.filter((address) => moved.has(address.ip) && !this.#isClaimed(address)));
    for (const responder of this.#responders.values()) {
      if (responder.join(this.#book.answered()) !== 'complete') this.#linksChanged.notify();
      responder.takeOver(taken);
    }
    this.#changed();
  }

  /** Names of the interfaces that answer for `ip` at this moment, sorted. */
  answering(ip: string): readonly string[] {
    const address = this.#book.announced.get(ip);
    if (address === undefined) return [];
    return [...this.#responders.values()]
      .filter((responder) => responder.answers(address))
      .map((responder) => responder.link.name)
      .sort();
  }

  /** Whether any interface answers at all. */
  get listening(): boolean {
    return this.#responders.size > 0;
  }

  /** Calls `listener` when {@link answering} may have changed; returns what ends that. */
  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /**
   * Moves all addresses to other nodes, as {@link apply} does. Resolves when none is answered any more,
   * or when `signal` is aborted.
   */
  async handedOver(signal: AbortSignal): Promise<void> {
    this.apply(new Map(), new Set(this.#book.announced.keys()));
    while (!signal.aborted && this.#book.leaving.size > 0) await this.#left.notified(signal);
  }

  async #keepUp(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const retries = new Retries(random);
    while (!signal.aborted) {
      const state = this.#followLinks({ again: retries.due(clock.now()) });
      if (state === 'unfinished') {
        await clock.sleep(PAUSE_MS, signal).catch(() => undefined);
      } else if (state === 'complete') {
        retries.clear();
        await this.#linksChanged.notified(signal);
      } else {
        await this.#linksChanged.notifiedWithin(retries.waitMs(clock.now()), clock, signal);
      }
    }
  }

  /** Opens and closes responders as the links ask; gives what is left to do, or to try `again`. */
  #followLinks(options: { again: boolean }): JoinState {
    const usable = new Map(
      this.#deps.links
        .links()
        .filter((link) => unusableReason(link, this.#options.exclusions) === undefined)
        .map((link) => [link.index, link]),
    );
    for (const index of this.#failures.keys()) if (!usable.has(index)) this.#failures.delete(index);
    let isChanged = false;
    let isUnfinished = false;
    let isRefused = false;
    for (const responder of [...this.#responders.values()]) {
      if (sameStation(responder.link, usable.get(responder.link.index))) continue;
      responder.close();
      this.#responders.delete(responder.link.index);
      isChanged = true;
    }
    for (const link of usable.values()) {
      const known = this.#responders.get(link.index);
      const responder = known ?? this.#open(link, options);
      const changes = known?.groupChanges;
      const state = responder?.join(this.#book.answered(), options) ?? 'refused';
      if (state === 'refused') isRefused = true;
      if (state === 'unfinished') isUnfinished = true;
      if (responder === undefined || responder.groupChanges === changes) continue;
      isChanged = true;
      if (known === undefined) responder.takeOver(this.#book.announced.values());
    }
    if (isChanged) this.#changed();
    if (isUnfinished) return 'unfinished';
    return isRefused ? 'refused' : 'complete';
  }

  #open(link: Link, { again }: { again: boolean }): Responder | undefined {
    if (this.#failures.has(link.index) && !again) return undefined;
    const openedAt = this.#deps.clock.now();
    const responder = new Responder(
      { ...this.#deps, traffic: this.#traffic },
      {
        find: (bytes, offset, length) => this.#book.find(bytes, offset, length),
        isCurrent: (address) => this.#book.isCurrent(address),
        isOwnMac: (mac) => this.#deps.links.links().some((own) => own.mac === mac),
        onClaim: (claim) => this.#noteClaim(claim),
        onDown: (down) => {
          if (this.#responders.get(link.index) === down) this.#responders.delete(link.index);
          if (this.#deps.clock.now() - openedAt < SHORT_LIFE_MS) this.#failures.set(link.index, 'died');
          this.#changed();
          this.#linksChanged.notify();
        },
      },
      link,
      this.#options,
    );
    try {
      responder.open();
    } catch (error) {
      this.#sayFailed(link, error);
      return undefined;
    }
    this.#failures.delete(link.index);
    this.#responders.set(link.index, responder);
    this.#deps.log.info({ interface: link.name, mac: link.mac }, 'answering on an interface');
    return responder;
  }

  /** Warns of a link once for each way it fails, however often that is tried again. */
  #sayFailed(link: Link, error: unknown): void {
    if (this.#failures.get(link.index) === String(error)) return;
    this.#failures.set(link.index, String(error));
    this.#deps.log.warn({ err: error, interface: link.name }, 'cannot answer on an interface');
  }

  #handOver(moved: readonly AnnouncedAddress[]): void {
    if (moved.length === 0) return;
    for (const address of moved) this.#book.keep(address);
    const forget = () => {
      for (const address of moved) this.#forget(address);
    };
    void this.#deps.clock.sleep(HAND_OVER_MS, this.#signal).then(forget, forget);
  }

  /** No longer answers for an address that was handed over. */
  #forget(address: AnnouncedAddress): void {
    if (!this.#book.forget(address)) return;
    this.#left.notify();
    this.#linksChanged.notify(); // its group can be left
  }

  #noteClaim(claim: Claim): void {
    const { address, kind } = claim;
    if (kind === 'claim') {
      this.#traffic.count(address, 'conflicts');
      address.claimedAt = this.#deps.clock.now();
      this.#forget(address);
    }
    this.#disputes.note(claim, this.#signal);
  }

  #isClaimed({ claimedAt }: AnnouncedAddress): boolean {
    const elapsedMs = this.#deps.clock.now() - claimedAt;
    return elapsedMs >= 0 && elapsedMs < RECENT_CLAIM_MS;
  }

  #dispute({ address, mac, interface: name, kind }: Claim): void {
    const conflict = { ip: address.ip, mac, interface: name, kind };
    this.#deps.log.warn(conflict, 'another station claims an address this node announces');
    // A probe was answered, which is all the defence it takes.
    if (kind === 'claim') this.#refresh([address]);
    this.#options.onConflict(conflict);
  }

  #refresh(addresses: readonly AnnouncedAddress[]): void {
    for (const responder of this.#responders.values()) responder.refresh(addresses);
  }

  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(TICK_MS, signal).then(
        () => this.#refresh(this.#ring.advance(TICK_MS)),
        () => undefined,
      );
      for (const responder of this.#responders.values()) responder.countDrops();
      this.#traffic.keepInterfaces(new Set(this.#deps.links.links().map(({ name }) => name)));
      this.#traffic.flush();
    }
  }

  #changed(): void {
    this.#listeners.call();
  }
}

/** A new MAC or name makes another station of a link: the network has to hear about it. */
function sameStation(a: Link, b: Link | undefined): boolean {
  return b !== undefined && a.mac === b.mac && a.name === b.name;
}
