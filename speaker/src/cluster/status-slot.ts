/**
 * The status of one service: everything this node writes about it, one write after the other, each
 * knowing what the last one left behind. The protocol is told in `status-publisher.ts`.
 */
import {
  backoff,
  isKubeError,
  slim,
  type Clock,
  type KubeErrorCode,
  type Random,
} from '@metallb-l2/sdk/kube';
import type { ServiceL2Status, ServiceL2StatusStatus } from '@metallb-l2/sdk/models';
import { STATUS_LABELS } from '@metallb-l2/sdk/settings';
import { Notify } from '../notify.js';
import type { Counter, Log } from '../ports.js';
import type { EventNote } from './events.js';
import { sameJson } from './same-json.js';
import { serviceKey, type ServiceRef } from './service-ref.js';
import { StatusContest } from './status-contest.js';
import type { StatusLookup } from './status-lookup.js';
import {
  belongsToPod,
  isLabelledFor,
  isLater,
  isOwnedBy,
  statusFor,
  statusSays,
  type StatusContent,
  type StatusOwner,
} from './status-object.js';
import type { StatusOutcome } from './status-outcome.js';
import type { StatusWriter } from './status-writer.js';

/** What the status of a service is to become. */
export type StatusTarget =
  | { readonly kind: 'announced'; readonly content: StatusContent }
  /** Another node announces the service, or will. */
  | { readonly kind: 'elsewhere' }
  /** No node announces it. */
  | { readonly kind: 'nowhere' };

export interface StatusSlotDeps {
  clock: Clock;
  random: Random;
  log: Log;
  lookup: StatusLookup;
  writer: StatusWriter;
  errors: Counter;
  /** Counts what became of objects. */
  count: (outcome: StatusOutcome) => void;
  /** Something to be said to whoever looks at the service. */
  report: (service: ServiceRef, note: EventNote) => void;
}

/** An object left behind for another node is deleted if it still is ours after this many milliseconds. */
const GRACE_MS = 5000;
const RETRY = { initialMs: 200, maxMs: 30_000, jitter: 0.5 };
/** After an outage all slots of all speakers have something to write: they spread it over so many milliseconds. */
const BACK_SPREAD_MS = 5000;

/** What a race with another writer answers; trying again is all there is to do. */
const RACES: readonly KubeErrorCode[] = ['Conflict', 'NotFound', 'AlreadyExists'];
/** What the same request will be answered until somebody mends the cluster. */
const PERMANENT: readonly KubeErrorCode[] = ['Forbidden', 'Invalid', 'BadRequest'];

export class StatusSlot {
  readonly service: ServiceRef;
  readonly #deps: StatusSlotDeps;
  readonly #owner: StatusOwner;
  readonly #signal: AbortSignal;
  readonly #onDone: () => void;
  /** Objects of the service with this node's label, by UID: seen by the watch or left by a write. */
  readonly #objects = new Map<string, ServiceL2Status>();
  readonly #wake = new Notify();
  readonly #contest: StatusContest;
  #target: StatusTarget = { kind: 'nowhere' };
  /** UID of the object that is kept up to date. */
  #held: string | undefined;
  /** The status last written to it. */
  #written: ServiceL2StatusStatus | undefined;
  /** A status of this node has been written since the service is announced here. */
  #established = false;
  #releasedAt = 0;
  #running = false;
  #dirty = false;
  #failing = false;
  /** Cuts the wait after a failure short; undefined while there is none. */
  #retry: AbortController | undefined;

  /** @param onDone called when there is nothing left to look after; the slot is not to be used then */
  constructor(
    deps: StatusSlotDeps,
    options: { owner: StatusOwner; service: ServiceRef; signal: AbortSignal; onDone: () => void },
  ) {
    this.#deps = deps;
    this.#owner = options.owner;
    this.service = options.service;
    this.#signal = options.signal;
    this.#onDone = options.onDone;
    this.#contest = new StatusContest(deps);
  }

  setTarget(target: StatusTarget): void {
    if (sameJson(target, this.#target)) return;
    if (target.kind === 'elsewhere') this.#releasedAt = this.#deps.clock.monotonic();
    if (target.kind !== 'announced') this.#established = false;
    this.#target = target;
    // What failed was for another target.
    this.#retry?.abort();
    this.#kick();
  }

  /** The API server is back: what failed is tried again soon, however long the wait would have been. */
  serverIsBack(): void {
    const retry = this.#retry;
    if (retry === undefined) return;
    const { clock, random } = this.#deps;
    const either = AbortSignal.any([this.#signal, retry.signal]);
    void clock.sleep(BACK_SPREAD_MS * random(), either).then(
      () => retry.abort(),
      () => undefined,
    );
  }

  /** Another set of nodes is alive: in a contest, the other may have yielded. */
  membersChanged(): void {
    this.#contest.rivalGone();
    this.#wake.notify();
  }

  /** The watch shows an object with this node's label. */
  observe(object: ServiceL2Status): void {
    const known = this.#objects.get(uidOf(object));
    if (known !== undefined && !isLater(object, known)) return;
    this.#objects.set(uidOf(object), slim(object));
    if (this.#held === uidOf(object) && this.#isAnnounced()) this.#followOwner(object);
    this.#kick();
  }

  /** The watch says that an object is deleted, or carries this node's label no longer. */
  forget(object: ServiceL2Status): void {
    const known = this.#objects.get(uidOf(object));
    // After a take-back the news of the loss before it may still arrive.
    if (known === undefined || isLater(known, object)) return;
    if (this.#held !== uidOf(object)) this.#contest.rivalGone();
    else if (this.#isAnnounced()) this.#lose();
    this.#drop(uidOf(object));
    this.#kick();
  }

  /** The watch had to list anew: these are all objects with this node's label. */
  resync(objects: readonly ServiceL2Status[]): void {
    const listed = new Map(objects.map((object) => [uidOf(object), object]));
    for (const [uid, known] of [...this.#objects]) {
      const object = listed.get(uid);
      // Gone, or listed as it was before: the list is older, or the API server was restored from a backup.
      // It is asked before anything is written.
      if (object !== undefined && !isLater(known, object)) continue;
      if (object === undefined && this.#held !== uid) this.#contest.rivalGone();
      this.#drop(uid);
    }
    for (const object of objects) this.observe(object);
    this.#kick();
  }

  #kick(): void {
    this.#dirty = true;
    this.#wake.notify();
    if (!this.#running) void this.#settle();
  }

  /** Works until what is there is what is wanted. Never rejects. */
  async #settle(): Promise<void> {
    this.#running = true;
    let waits = backoff(RETRY, this.#deps.random);
    while (this.#dirty && !this.#hasEnded()) {
      this.#dirty = false;
      try {
        await this.#pursue(this.#target);
        waits = backoff(RETRY, this.#deps.random);
        this.#failing = false;
      } catch (error) {
        if (this.#hasEnded()) break;
        this.#reportFailure(error);
        this.#dirty = true;
        // Whatever is held may be another object by now: the next try asks the API server.
        this.#release();
        await this.#waitToRetry(waits.next().value);
      }
    }
    this.#running = false;
    if (this.#target.kind !== 'announced' && this.#objects.size === 0) this.#onDone();
  }

  async #waitToRetry(ms: number): Promise<void> {
    const retry = new AbortController();
    this.#retry = retry;
    const either = AbortSignal.any([this.#signal, retry.signal]);
    await this.#deps.clock.sleep(ms, either).catch(() => undefined);
    this.#retry = undefined;
    retry.abort();
  }

  async #pursue(target: StatusTarget): Promise<void> {
    if (target.kind === 'announced') {
      if (await this.#mayTake()) await this.#announce(target.content);
    } else if (target.kind === 'nowhere' || this.#remainingGrace() <= 0) {
      const outcome = target.kind === 'nowhere' ? 'withdrawn' : 'abandoned';
      for (const object of [...this.#objects.values()]) await this.#delete(object, outcome);
    } else if (this.#objects.size > 0) {
      await this.#wake.notifiedWithin(this.#remainingGrace(), this.#deps.clock, this.#signal);
      this.#dirty = true;
    }
  }

  #isAnnounced(): boolean {
    return this.#target.kind === 'announced';
  }

  #hasEnded(): boolean {
    return this.#signal.aborted;
  }

  #remainingGrace(): number {
    return this.#releasedAt + GRACE_MS - this.#deps.clock.monotonic();
  }

  /** Another speaker of this node would take what is held from here as fast as it is taken back. */
  #followOwner(object: ServiceL2Status): void {
    if (belongsToPod(this.#owner, object)) return;
    if (!this.#contest.hasBegun) {
      const fields = { service: serviceKey(this.service), owners: object.metadata.ownerReferences };
      this.#deps.log.warn(fields, 'another speaker of this node has taken the status of a service');
    }
    this.#lose();
  }

  /** Waits out the pause after a loss; false when something has changed meanwhile. */
  async #mayTake(): Promise<boolean> {
    const { remainingMs } = this.#contest;
    if (this.#held !== undefined || remainingMs === 0) return true;
    await this.#wake.notifiedWithin(remainingMs, this.#deps.clock, this.#signal);
    this.#dirty = true;
    return false;
  }

  async #announce(content: StatusContent): Promise<void> {
    const held = this.#held === undefined ? undefined : this.#objects.get(this.#held);
    const existing = held ?? (await this.#find());
    if (!this.#isAnnounced()) return; // it was taken elsewhere while we looked
    if (existing !== undefined && !isLabelledFor(this.#owner, existing) && !this.#mayTakeFrom(existing)) {
      this.#dirty = true;
      return;
    }
    const object = await this.#own(existing);
    this.#keep(object);
    await this.#writeStatus(object, content);
    this.#established = this.#isAnnounced();
    if (existing === undefined) await this.#settleRace();
    if (this.#held === undefined) return; // it was lost while we wrote
    for (const other of [...this.#objects.values()]) {
      if (uidOf(other) !== this.#held) await this.#delete(other, 'duplicate');
    }
  }

  /** Makes `existing` this node's, or a new object when there is none. */
  async #own(existing: ServiceL2Status | undefined): Promise<ServiceL2Status> {
    const { writer, count } = this.#deps;
    if (existing === undefined) {
      const created = await writer.create(this.service, this.#signal);
      count('created');
      return created;
    }
    if (isOwnedBy(this.#owner, this.service, existing)) return existing;
    const adopted = await writer.adopt(existing, this.service, this.#signal);
    count(isLabelledFor(this.#owner, existing) ? 'restored' : 'adopted');
    return adopted;
  }

  /** The object there is for the service, by the API server's word; removes any beside it. */
  async #find(): Promise<ServiceL2Status | undefined> {
    const [oldest, ...duplicates] = await this.#deps.lookup.find(serviceKey(this.service), this.#signal);
    for (const duplicate of duplicates) await this.#delete(duplicate, 'duplicate');
    if (duplicates.length > 0) {
      this.#deps.report(this.service, {
        type: 'Warning',
        reason: 'statusDuplicatesRemoved',
        message: `removed ${duplicates.length} more ServiceL2Status of the service; the oldest stays`,
      });
    }
    return oldest;
  }

  /** Whether the object of another node is to be taken: at once, unless that node has taken it from here. */
  #mayTakeFrom(object: ServiceL2Status): boolean {
    if (this.#established) {
      this.#lose();
      return false;
    }
    if (!this.#contest.hasBegun) return true;
    if (this.#contest.sayOnce()) this.#reportContest(object.metadata.labels?.[STATUS_LABELS.node] ?? '');
    return this.#contest.mayRetake();
  }

  #reportContest(rival: string): void {
    this.#deps.log.warn(
      { service: serviceKey(this.service), rival },
      'another node announces the service too',
    );
    this.#deps.report(this.service, {
      type: 'Warning',
      reason: 'announcementContested',
      message: `nodes "${this.#owner.nodeName}" and "${rival}" both announce the service: they may not see each other`,
    });
  }

  /** After a creation: another node may have created one in the same moment. The oldest stays. */
  async #settleRace(): Promise<void> {
    const [, ...younger] = await this.#deps.lookup.find(serviceKey(this.service), this.#signal);
    const mine = younger.find((object) => uidOf(object) === this.#held);
    for (const object of mine === undefined ? younger : [mine]) await this.#delete(object, 'duplicate');
    if (mine === undefined) return;
    this.#lose();
    this.#dirty = true;
  }

  async #writeStatus(object: ServiceL2Status, content: StatusContent): Promise<void> {
    const { node, announcedSince } = object.status ?? {};
    const isUpdate = this.#written !== undefined;
    const since = node === this.#owner.nodeName ? announcedSince : undefined;
    const desired = statusFor(
      this.#owner,
      this.service,
      content,
      since ?? this.#written?.announcedSince ?? new Date(this.#deps.clock.now()).toISOString(),
    );
    const pruned = sameJson(this.#written, desired);
    if (statusSays(object, desired, { pruned })) return;
    this.#keep(await this.#deps.writer.writeStatus(object, desired, this.#signal));
    this.#written = desired;
    if (isUpdate) this.#deps.count('updated');
  }

  async #delete(object: ServiceL2Status, outcome: StatusOutcome): Promise<void> {
    const isDeleted = await this.#deps.writer.delete(object, this.#signal);
    if (isDeleted) this.#deps.count(outcome);
    const known = this.#objects.get(uidOf(object));
    // Not deleted because it has changed: if it still is ours the watch shows that, and the change
    // brings us back here. It may have done so already.
    if (!isDeleted && known !== undefined && isLater(known, object)) return;
    this.#drop(uidOf(object));
  }

  #keep(object: ServiceL2Status): void {
    const uid = uidOf(object);
    const known = this.#objects.get(uid);
    if (known === undefined || isLater(object, known)) this.#objects.set(uid, slim(object));
    if (this.#held !== uid) this.#written = undefined;
    this.#held = uid;
  }

  #drop(uid: string): void {
    this.#objects.delete(uid);
    if (this.#held === uid) this.#release();
  }

  #release(): void {
    this.#held = undefined;
    this.#written = undefined;
  }

  /** Another node has the object although this one announces the service. */
  #lose(): void {
    this.#release();
    this.#established = false;
    this.#contest.lose();
    this.#deps.count('lost');
  }

  #reportFailure(error: unknown): void {
    const code = isKubeError(error) ? error.code : 'BadResponse';
    this.#deps.errors.inc({ code });
    const fields = { err: error, service: serviceKey(this.service) };
    if (this.#failing || RACES.includes(code)) {
      this.#deps.log.debug(fields, 'the status of a service could not be written');
      return;
    }
    this.#failing = true;
    this.#deps.log.warn(fields, 'the status of a service could not be written');
    if (!PERMANENT.includes(code) || this.#target.kind !== 'announced') return;
    this.#deps.report(this.service, {
      type: 'Warning',
      reason: 'statusNotWritten',
      message: `announced from node "${this.#owner.nodeName}", but its ServiceL2Status cannot be written: ${String(error)}`,
    });
  }
}

function uidOf(object: ServiceL2Status): string {
  return object.metadata.uid ?? '';
}
