/**
 * Turns the life of status objects into the life of announcements, without clock or I/O. Upstream moves a
 * service by deleting one object and creating another, in either order, so a service that loses its last
 * object is only said to be withdrawn when no other has come within the settle time. A change costs the
 * same however many services there are.
 */
import type { KubeObject } from '../kube/kube-api.js';
import { qualifiedName } from '../kube/object-ref.js';
import type { WatchUpdate } from '../kube/watch-machine.js';
import {
  type Announcement,
  type InvalidStatus,
  latestAnnouncement,
  readAnnouncement,
  serviceKey,
} from './announcement.js';
import { type ServiceL2StatusError, statusErrorOf } from './errors.js';

export type ServiceL2StatusEvent =
  /**
   * All there is: after the first list, after an interruption, and after every list made anew. What
   * changed since the list before has been told by the events before it.
   */
  | {
      readonly type: 'synced';
      readonly statuses: readonly Announcement[];
      readonly invalid: readonly InvalidStatus[];
    }
  /** A service is announced that was not. */
  | { readonly type: 'announced'; readonly status: Announcement }
  /** Another node announces the service. */
  | { readonly type: 'moved'; readonly from: string; readonly to: string; readonly status: Announcement }
  /** The same node announces it otherwise: on other interfaces, for other addresses, with another object. */
  | { readonly type: 'updated'; readonly status: Announcement }
  /** Nobody announces the service any more; `status` is how it was. */
  | { readonly type: 'withdrawn'; readonly status: Announcement }
  /** The cluster cannot be watched at present, so what was told may be out of date until the next event. */
  | { readonly type: 'desynced'; readonly error: ServiceL2StatusError; readonly retryInMs: number };

export class StatusTracker {
  readonly #settleMs: number;
  /** What each status object says, by the key of the object. */
  readonly #objects = new Map<string, Announcement>();
  readonly #invalid = new Map<string, InvalidStatus>();
  /** The same by the key of the service; nearly always one. */
  readonly #candidates = new Map<string, readonly Announcement[]>();
  /** What was told last of each service, by its key. */
  readonly #told = new Map<string, Announcement>();
  /** When (ms) each service without an object is to be told withdrawn. */
  readonly #leaving = new Map<string, number>();
  #synced = false;

  /** @param settleMs how long a service may be without an object before it is withdrawn */
  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  /** Takes one update of the watch in, at the time `now` (ms), and gives what is to be told of it. */
  take(update: WatchUpdate<KubeObject>, now: number): ServiceL2StatusEvent[] {
    switch (update.type) {
      case 'desynced': {
        const { error, retryInMs } = update;
        return [{ type: 'desynced', error: statusErrorOf(error), retryInMs }];
      }
      case 'resumed':
        return [this.#syncedEvent()];
      case 'synced': {
        const before = [...this.#told.keys()];
        this.#objects.clear();
        this.#invalid.clear();
        this.#candidates.clear();
        for (const object of update.objects) this.#put(object);
        const news = this.#compare(new Set([...this.#candidates.keys(), ...before]), now);
        // What a first list shows was there before; it is told as a whole, not as news.
        const events = this.#synced ? news : [];
        this.#synced = true;
        return [...events, this.#syncedEvent()];
      }
      case 'applied':
        return this.#compare([...this.#remove(update.object), ...this.#put(update.object)], now);
      case 'deleted':
        return this.#compare(this.#remove(update.object), now);
    }
  }

  /** The withdrawals that are due at `now` (ms). */
  settle(now: number): ServiceL2StatusEvent[] {
    const events: ServiceL2StatusEvent[] = [];
    for (const [key, withdrawAt] of this.#leaving) {
      const status = this.#told.get(key);
      if (withdrawAt > now || !status) continue;
      this.#leaving.delete(key);
      this.#told.delete(key);
      events.push({ type: 'withdrawn', status });
    }
    return events;
  }

  /** When (ms) {@link settle} has something to tell; undefined when nothing is about to be withdrawn. */
  get nextSettleAt(): number | undefined {
    let next: number | undefined;
    for (const withdrawAt of this.#leaving.values()) {
      if (next === undefined || withdrawAt < next) next = withdrawAt;
    }
    return next;
  }

  /** Returns the keys of the services concerned, as {@link #remove} does. */
  #put(object: KubeObject): string[] {
    const read = readAnnouncement(object);
    if (!read.ok) {
      this.#invalid.set(qualifiedName(object.metadata), read.invalid);
      return [];
    }
    const key = serviceKey(read.announcement.service);
    this.#objects.set(qualifiedName(object.metadata), read.announcement);
    this.#candidates.set(key, [...(this.#candidates.get(key) ?? []), read.announcement]);
    return [key];
  }

  #remove(object: KubeObject): string[] {
    this.#invalid.delete(qualifiedName(object.metadata));
    const before = this.#objects.get(qualifiedName(object.metadata));
    if (!before) return [];
    const key = serviceKey(before.service);
    const others = (this.#candidates.get(key) ?? []).filter((each) => each !== before);
    this.#objects.delete(qualifiedName(object.metadata));
    if (others.length > 0) this.#candidates.set(key, others);
    else this.#candidates.delete(key);
    return [key];
  }

  /** What holds now of `services`, by their keys, beside what was told last. */
  #compare(services: Iterable<string>, now: number): ServiceL2StatusEvent[] {
    const events: ServiceL2StatusEvent[] = [];
    for (const key of services) {
      const status = latestAnnouncement(this.#candidates.get(key) ?? []);
      const before = this.#told.get(key);
      if (!status) {
        if (before && !this.#leaving.has(key)) this.#leaving.set(key, now + this.#settleMs);
        continue;
      }
      this.#leaving.delete(key);
      this.#told.set(key, status);
      if (!before) events.push({ type: 'announced', status });
      else if (before.node !== status.node) {
        events.push({ type: 'moved', from: before.node, to: status.node, status });
      } else if (JSON.stringify(before) !== JSON.stringify(status)) events.push({ type: 'updated', status });
    }
    return events;
  }

  #syncedEvent(): ServiceL2StatusEvent {
    const statuses = [...this.#candidates.values()].flatMap((each) => latestAnnouncement(each) ?? []);
    return { type: 'synced', statuses, invalid: [...this.#invalid.values()] };
  }
}
