/**
 * The local network on a thread of its own, so that a main thread that stands still (a large JSON text, a
 * collection of garbage) delays no answer. This is the main thread's side: it tells each thread it starts
 * what is to be announced, and knows what the thread answers.
 *
 * A thread that dies, or that gives no sign of life, is replaced. What was answered counts as answered for
 * a moment longer, or every such accident would withdraw and publish again the status of each service.
 */
import { backoff, Listeners, type Random } from '@metallb-l2/sdk/kube';
import type { AddressConflict, InterfaceScope } from '../layer2/announcer.js';
import type { Counter, Health } from '../ports.js';
import { untilAborted } from '../until-aborted.js';
import type { Announcements, Lan } from './lan.js';
import { LanSession, type LanSessionDeps, type WorkerPort } from './lan-session.js';
import { ThreadGossip } from './thread-gossip.js';

export interface LanThreadDeps extends LanSessionDeps {
  /** Starts a thread that serves with `serveLan`. */
  start: () => WorkerPort;
  random: Random;
  health: Health;
  /** Whether the thread takes part in the gossip among the speakers. */
  gossips: boolean;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

/** How long, in milliseconds, a thread may be away before nothing counts as answered. */
const OUTAGE_MS = 2000;
/** A thread that lived so long, in milliseconds, is replaced at once when it dies. */
const CALM_MS = 60_000;

export class LanThread implements Lan {
  readonly gossip: ThreadGossip | undefined;
  readonly #deps: LanThreadDeps;
  readonly #restarts: Counter;
  readonly #listeners = new Listeners();
  readonly #conflictListeners = new Listeners<[conflict: AddressConflict]>();
  #desired: Announcements = new Map();
  #revision = 0;
  #waiters: Waiter[] = [];
  /** The thread there is, and the revision that makes it as good as the one before. */
  #session: LanSession | undefined;
  #goal = 0;
  /** The session whose answers count: the present one or, for a moment, the last. */
  #answers: LanSession | undefined;
  /** While there is no thread that has caught up; aborted when there is. */
  #outage: AbortController | undefined;
  /** The outage lasts, and nothing counts as answered. */
  #isDown = false;

  constructor(deps: LanThreadDeps) {
    this.#deps = deps;
    this.gossip = deps.gossips ? new ThreadGossip() : undefined;
    this.#restarts = deps.meter.counter(
      'metallb_speaker_lan_thread_restarts',
      'Times the thread that answers on the network had to be replaced, by reason',
      ['reason'],
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    let waits = this.#restartWaits();
    this.#beginOutage('it has not started yet', signal);
    while (!signal.aborted) {
      const startedAt = clock.now();
      const end = await this.#runSession(signal);
      if (end === 'stopped') break;
      this.#restarts.inc({ reason: end });
      log.error({ reason: end }, 'the LAN thread ended and is started again');
      this.#beginOutage(`it ended (${end})`, signal);
      if (clock.now() - startedAt > CALM_MS) waits = this.#restartWaits();
      await clock.sleep(waits.next().value, signal).catch(() => undefined);
    }
    this.#giveUp();
  }

  apply(desired: Announcements, moved: ReadonlySet<string> = new Set()): Promise<void> {
    const put = [...desired].filter(([ip, scope]) => !sameScope(this.#desired.get(ip), scope));
    const drop = [...this.#desired.keys()].filter((ip) => !desired.has(ip));
    this.#desired = new Map(desired);
    if (put.length > 0 || drop.length > 0) {
      this.#revision++;
      const left = drop.filter((ip) => moved.has(ip));
      this.#session?.announce({ revision: this.#revision, put, drop, moved: left });
    }
    return this.#inForce(this.#revision);
  }

  answering(ip: string): readonly string[] {
    return this.#desired.has(ip) ? (this.#answers?.answering(ip) ?? []) : [];
  }

  get listening(): boolean {
    return this.#answers?.listening ?? false;
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  onConflict(listener: (conflict: AddressConflict) => void): () => void {
    return this.#conflictListeners.add(listener);
  }

  async handedOver(signal: AbortSignal): Promise<void> {
    this.#desired = new Map();
    if (this.#session !== undefined) await untilAborted(this.#session.handOver(), signal);
  }

  async #runSession(signal: AbortSignal) {
    const session: LanSession = new LanSession(
      this.#deps,
      {
        onChange: () => this.#onChange(session),
        onConflict: (conflict) => this.#conflictListeners.call(conflict),
        onStall: () => this.#beginOutage('it gives no sign of life', signal),
      },
      this.#deps.start(),
    );
    this.#session = session;
    this.#revision++;
    this.#goal = this.#revision;
    session.announce({ revision: this.#revision, put: [...this.#desired], drop: [], moved: [] });
    this.gossip?.attach(session);
    try {
      return await session.run(signal);
    } finally {
      this.#session = undefined;
      this.gossip?.attach(undefined);
    }
  }

  #onChange(session: LanSession): void {
    if (session !== this.#session) return;
    this.gossip?.update();
    if (session.revision < this.#goal) return;
    this.#answers = session;
    if (this.#outage !== undefined) {
      this.#outage.abort();
      this.#outage = undefined;
      this.#isDown = false;
      this.#deps.health.ready('lan');
    }
    this.#settle();
    this.#changed();
  }

  #beginOutage(reason: string, signal: AbortSignal): void {
    this.#deps.health.notReady('lan', `the thread that answers on the network is down: ${reason}`);
    if (this.#outage !== undefined) return;
    const outage = new AbortController();
    this.#outage = outage;
    void this.#deps.clock.sleep(OUTAGE_MS, AbortSignal.any([signal, outage.signal])).then(
      () => this.#giveUp(),
      () => undefined,
    );
  }

  /** Nothing counts as answered until a thread has caught up. */
  #giveUp(): void {
    this.#isDown = true;
    this.#answers = undefined;
    this.gossip?.giveUp();
    this.#settle();
    this.#changed();
  }

  #inForce(revision: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ revision, resolve });
      this.#settle();
    });
  }

  #settle(): void {
    const inForce = this.#isDown ? Infinity : (this.#answers?.revision ?? -1);
    for (const waiter of this.#waiters) if (waiter.revision <= inForce) waiter.resolve();
    this.#waiters = this.#waiters.filter(({ revision }) => revision > inForce);
  }

  #restartWaits() {
    return backoff({ initialMs: 100, maxMs: 10_000 }, this.#deps.random);
  }

  #changed(): void {
    this.#listeners.call();
  }
}

function sameScope(a: InterfaceScope | undefined, b: InterfaceScope): boolean {
  if (a === undefined || a === 'all' || b === 'all') return a === b;
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
