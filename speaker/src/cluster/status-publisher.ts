/**
 * Publishes `ServiceL2Status` objects for the services this node announces: one object for each service,
 * whatever races, restarts and splits do.
 *
 * - First announcement: create the object, owned by the speaker's pod, then write `/status`. Then look
 *   whether another node created one at the same moment; the oldest stays.
 * - Take-over: adopt the object that is there, in place (labels and owner, then `/status`), so that it
 *   keeps its name and there is no moment without one.
 * - Announced elsewhere: leave the object to the winner; delete it if nobody has taken it after a while.
 * - Announced nowhere: delete it at once. Every delete is bound to UID and resourceVersion.
 * - Lost to a node that announces as well: say so, and take it back now and then (`status-contest.ts`).
 *
 * The writes for one service are serial (`status-slot.ts`). The watch follows only objects with this
 * node's label, so it tells what others do to them and nothing else; an object that another node adopts
 * leaves it as if deleted.
 */
import { watchResource, type Clock, type KubeApi, type Random, type WatchUpdate } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import type { Log, Meter } from '../ports.js';
import type { EventNote } from './events.js';
import { Limiter } from './limiter.js';
import { serviceKey, type ServiceKey, type ServiceRef } from './service-ref.js';
import { StatusLookup } from './status-lookup.js';
import { belongsToPod, keyOf, nodeSelector, serviceOf, type StatusOwner } from './status-object.js';
import { outcomeCounter } from './status-outcome.js';
import { StatusSlot, type StatusSlotDeps, type StatusTarget } from './status-slot.js';
import { StatusWriter } from './status-writer.js';

export interface StatusPublisherDeps {
  api: KubeApi;
  clock: Clock;
  random: Random;
  log: Log;
  meter: Meter;
  /** Says something to whoever looks at the service. */
  report: (service: ServiceRef, note: EventNote) => void;
}

/** What to publish of one service. */
export interface StatusGoal {
  readonly service: ServiceRef;
  readonly target: StatusTarget;
}

/** Writes under way at a time, so that a crowd of take-overs does not starve other clients. */
const PARALLEL_WRITES = 16;
/** Of objects that have lost the labels of theirs: nothing finds them by it any more, and nobody announces it. */
const NO_SERVICE: ServiceRef = { namespace: '', name: '' };

export class StatusPublisher {
  readonly #deps: StatusPublisherDeps;
  readonly #owner: StatusOwner;
  readonly #slotDeps: StatusSlotDeps;
  readonly #slots = new Map<ServiceKey, StatusSlot>();
  /** By the UID of an object, the service it was first seen for: labels may be changed by anybody. */
  #services = new Map<string, ServiceKey>();
  readonly #firstGoals = Promise.withResolvers<undefined>();
  #goals: ReadonlyMap<ServiceKey, StatusGoal> = new Map();
  #signal: AbortSignal | undefined;
  /** The watch has failed and has shown nothing since. */
  #isAway = false;

  constructor(deps: StatusPublisherDeps, owner: StatusOwner) {
    this.#deps = deps;
    this.#owner = owner;
    this.#slotDeps = {
      ...deps,
      lookup: new StatusLookup(deps, { namespace: owner.namespace }),
      writer: new StatusWriter({ ...deps, limiter: new Limiter(PARALLEL_WRITES) }, owner),
      count: outcomeCounter(deps.meter),
      errors: deps.meter.counter(
        'metallb_status_write_errors',
        'Failed writes of ServiceL2Status objects, by kind of failure',
        ['code'],
      ),
    };
  }

  /**
   * Replaces what is to be published. A service that is not in `goals` is announced nowhere. What is
   * there already is not written again.
   */
  apply(goals: ReadonlyMap<ServiceKey, StatusGoal>): void {
    this.#goals = goals;
    this.#firstGoals.resolve(undefined);
    for (const [key, slot] of [...this.#slots]) {
      if (!goals.has(key)) slot.setTarget({ kind: 'nowhere' });
    }
    for (const [key, { service, target }] of goals) {
      if (target.kind === 'announced') this.#slot(service)?.setTarget(target);
      else this.#slots.get(key)?.setTarget(target);
    }
  }

  /** Another set of nodes is alive: contests may be over. */
  membersChanged(): void {
    for (const slot of this.#slots.values()) slot.membersChanged();
  }

  /** Publishes until `signal` is aborted. Leaves the objects: the next owner adopts them. */
  async run(signal: AbortSignal): Promise<void> {
    // Before the first goals are known, objects from an earlier life would look like services gone.
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.#firstGoals.promise, aborted]);
    if (signal.aborted) return;
    this.#signal = signal;
    this.apply(this.#goals);
    const selection = { namespace: this.#owner.namespace, labelSelector: nodeSelector(this.#owner) };
    for await (const update of watchResource(this.#deps, SERVICE_L2_STATUSES, selection, signal)) {
      this.#take(update);
    }
  }

  #take(update: WatchUpdate<ServiceL2Status>): void {
    const isBack = this.#isAway && update.type !== 'desynced';
    this.#isAway = update.type === 'desynced';
    if (isBack) for (const slot of this.#slots.values()) slot.serverIsBack();
    switch (update.type) {
      case 'synced':
        this.#resync(update.objects);
        break;
      case 'applied':
        this.#slotOf(update.object)?.observe(update.object);
        break;
      case 'deleted':
        this.#slots.get(this.#keyOf(update.object) ?? '')?.forget(update.object);
        this.#services.delete(update.object.metadata.uid ?? '');
        break;
      case 'desynced':
      case 'resumed':
        break;
    }
  }

  #resync(objects: readonly ServiceL2Status[]): void {
    const byService = Map.groupBy(objects, (object) => this.#keyOf(object));
    this.#services = new Map();
    for (const [key, listed] of byService) {
      for (const { metadata } of listed) if (key !== undefined) this.#services.set(metadata.uid ?? '', key);
    }
    for (const [key, slot] of [...this.#slots]) slot.resync(byService.get(key) ?? []);
    for (const object of objects) this.#slotOf(object)?.observe(object);
  }

  #keyOf(object: ServiceL2Status): ServiceKey | undefined {
    return this.#services.get(object.metadata.uid ?? '') ?? keyOf(object);
  }

  /** The slot that looks after `object`: of the service it was first seen for, as long as that has one. */
  #slotOf(object: ServiceL2Status): StatusSlot | undefined {
    const known = this.#slots.get(this.#keyOf(object) ?? '');
    const isOwn = belongsToPod(this.#owner, object);
    const service = known?.service ?? serviceOf(object) ?? (isOwn ? NO_SERVICE : undefined);
    if (service === undefined) return undefined;
    this.#services.set(object.metadata.uid ?? '', serviceKey(service));
    return known ?? this.#slot(service);
  }

  /** The slot of `service`, made when there is none; `undefined` before and after {@link run}. */
  #slot(service: ServiceRef): StatusSlot | undefined {
    const signal = this.#signal;
    if (signal === undefined || signal.aborted) return undefined;
    const key = serviceKey(service);
    const existing = this.#slots.get(key);
    if (existing !== undefined) return existing;
    const onDone = () => this.#slots.delete(key);
    const slot = new StatusSlot(this.#slotDeps, { owner: this.#owner, service, signal, onDone });
    this.#slots.set(key, slot);
    const goal = this.#goals.get(key);
    if (goal !== undefined) slot.setTarget(goal.target);
    return slot;
  }
}
