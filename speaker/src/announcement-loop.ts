/**
 * The speaker's one decision loop: whenever the cluster, the members or the interfaces change, decide what
 * this node announces, have it answered, and publish what really is answered.
 */
import type { Clock } from '@metallb-l2/sdk/kube';
import { subjectOf, type EventNote, type EventRecorder } from './cluster/events.js';
import { serviceKey, type ServiceKey, type ServiceRef } from './cluster/service-ref.js';
import type { ClusterSnapshot, ClusterWatch } from './cluster/snapshot.js';
import type { StatusGoal, StatusPublisher } from './cluster/status-publisher.js';
import type { StatusTarget } from './cluster/status-slot.js';
import type { Lan } from './lan/lan.js';
import type { AddressConflict } from './layer2/announcer.js';
import type { Membership } from './membership/membership.js';
import { sameMembers } from './membership/same-members.js';
import { Notify } from './notify.js';
import type { Gauge, Health, Log, MainMeter } from './ports.js';
import { addressTable, decideAnnouncements, type Verdict } from './reconcile.js';
import { type Silence, Silences } from './silences.js';
import { Takeovers } from './takeovers.js';
import { untilAborted } from './until-aborted.js';

export interface AnnouncementLoopDeps {
  cluster: ClusterWatch;
  membership: Membership;
  lan: Lan;
  publisher: StatusPublisher;
  events: EventRecorder;
  clock: Clock;
  log: Log;
  meter: MainMeter;
  health: Health;
}

/** Changes come in crowds; so long, in milliseconds, one waits for others. */
const COALESCE_MS = 20;
/** A conflict about an address is said in an event once in so many milliseconds; the metric counts on. */
const CONFLICT_EVENT_INTERVAL_MS = 300_000;

/** What is said of a service: the addresses that are answered, or why there are none. */
type Saying = readonly string[] | Silence;

const PROTOCOL = 'layer2';
const SERVICE_KIND = { apiVersion: 'v1', kind: 'Service' };

export class AnnouncementLoop {
  readonly #deps: AnnouncementLoopDeps;
  readonly #nodeName: string;
  readonly #announced: Gauge;
  readonly #takeovers: Takeovers;
  readonly #silences: Silences;
  #snapshot: ClusterSnapshot | undefined;
  #members: ReadonlySet<string> = new Set();
  #verdicts: ReadonlyMap<ServiceKey, Verdict> = new Map();
  /** What was said of each service last. */
  #said = new Map<ServiceKey, Saying>();
  /** When a conflict about an address was said last, on the monotonic clock. */
  readonly #conflictSaidAt = new Map<string, number>();

  constructor(deps: AnnouncementLoopDeps, nodeName: string) {
    this.#deps = deps;
    this.#nodeName = nodeName;
    this.#announced = deps.meter.gauge(
      'metallb_speaker_announced',
      'Addresses this node answers for, by service',
      ['service', 'protocol', 'node', 'ip'],
    );
    this.#takeovers = new Takeovers(deps);
    this.#silences = new Silences(deps.meter);
  }

  /** Decides until `signal` is aborted; begins when the cluster and its members are known. */
  async run(signal: AbortSignal): Promise<void> {
    const { cluster, membership, lan, clock, health } = this.#deps;
    health.notReady('cluster', 'the cluster has not been read yet');
    health.notReady('members', 'it is not known yet which speakers are alive');
    try {
      await Promise.all([
        cluster.ready(signal).then(() => health.ready('cluster')),
        membership.ready(signal).then(() => health.ready('members')),
      ]);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const changes = new Notify();
    /** When the first of the news came that is to be decided on; undefined for none. */
    let newsAt: number | undefined = clock.monotonic();
    const onClusterChange = () => {
      newsAt ??= clock.monotonic();
      changes.notify();
    };
    const unsubscribes = [
      cluster.subscribe(onClusterChange),
      membership.subscribe(onClusterChange),
      lan.subscribe(() => changes.notify()),
      lan.onConflict((conflict) => this.#sayConflict(conflict)),
    ];
    try {
      while (!signal.aborted) {
        health.busy('announcements');
        if (newsAt !== undefined) {
          const decided = this.#decide(newsAt);
          newsAt = undefined;
          // Before it is known what answers, there is nothing to publish.
          if (!(await untilAborted(decided, signal))) break;
        }
        this.#publish();
        health.idle('announcements');
        await changes.notified(signal);
        await clock.sleep(COALESCE_MS, signal).catch(() => undefined);
      }
    } finally {
      health.idle('announcements');
      unsubscribes.forEach((unsubscribe) => unsubscribe());
    }
  }

  /** Says something about a service to whoever looks at it. */
  report(service: ServiceRef, note: EventNote): void {
    const object = this.#snapshot?.services.get(serviceKey(service));
    if (object !== undefined) this.#deps.events.record(subjectOf(SERVICE_KIND, object), note);
  }

  /** Resolves when the decision on the news of `newsAt`, on the monotonic clock, is in force. */
  #decide(newsAt: number): Promise<void> {
    const before = this.#verdicts;
    const known = (this.#snapshot?.config.problems ?? []).map(({ message }) => message);
    this.#snapshot = this.#deps.cluster.snapshot();
    for (const { message } of this.#snapshot.config.problems) {
      if (!known.includes(message)) this.#deps.log.warn({}, message);
    }
    const members = this.#deps.membership.members();
    if (!sameMembers(members, this.#members)) this.#deps.publisher.membersChanged();
    this.#members = members;
    this.#verdicts = decideAnnouncements(this.#snapshot, members, this.#nodeName);
    this.#takeovers.decided(before, this.#verdicts, newsAt);
    return this.#deps.lan.apply(addressTable(this.#verdicts.values()), this.#moved(before));
  }

  /** Addresses of services that were announced here and now are announced by another node. */
  #moved(before: ReadonlyMap<ServiceKey, Verdict>): ReadonlySet<string> {
    const moved = [...before].filter(([key]) => this.#verdicts.get(key)?.kind === 'elsewhere');
    return new Set(moved.flatMap(([, verdict]) => (verdict.kind === 'announce' ? verdict.addresses : [])));
  }

  #publish(): void {
    const goals = new Map<ServiceKey, StatusGoal>();
    const said = new Map<ServiceKey, Saying>();
    for (const [key, verdict] of this.#verdicts) {
      const { service } = verdict;
      const target = this.#targetOf(verdict);
      goals.set(key, { service, target });
      said.set(key, target.kind === 'announced' ? target.content.addresses : reasonOf(verdict));
    }
    this.#deps.publisher.apply(goals);
    this.#silences.report([...said.values()].filter((saying) => typeof saying === 'string'));
    const before = this.#said;
    this.#said = said;
    for (const key of new Set([...before.keys(), ...said.keys()])) {
      this.#say(key, before.get(key), said.get(key) ?? 'serviceGone');
    }
  }

  /** Only what is answered is published: an address counts when at least one interface answers for it. */
  #targetOf(verdict: Verdict): StatusTarget {
    if (verdict.kind !== 'announce') return { kind: verdict.kind };
    const answered = verdict.addresses
      .map((address) => ({ address, interfaces: this.#deps.lan.answering(address) }))
      .filter(({ interfaces }) => interfaces.length > 0);
    if (answered.length === 0) return { kind: 'nowhere' };
    return {
      kind: 'announced',
      content: {
        addresses: answered.map(({ address }) => address).sort(),
        interfaces: [...new Set(answered.flatMap(({ interfaces }) => interfaces))].sort(),
      },
    };
  }

  /** Logs, counts and records what has changed for one service. */
  #say(key: ServiceKey, before: Saying | undefined, now: Saying): void {
    const had = typeof before === 'object' ? before : [];
    const has = typeof now === 'object' ? now : [];
    const labels = { service: key, protocol: PROTOCOL, node: this.#nodeName };
    for (const ip of had) if (!has.includes(ip)) this.#announced.remove({ ...labels, ip });
    for (const ip of has) if (!had.includes(ip)) this.#announced.set({ ...labels, ip }, 1);
    if (typeof now === 'string') {
      if (now !== before) this.#sayRefused(key, had.length > 0, now);
    } else if (had.length === 0) {
      this.#takeovers.answered(key);
      this.#deps.log.info({ service: key, addresses: now }, 'announcing a service');
      this.#note(key, {
        type: 'Normal',
        reason: 'nodeAssigned',
        message: `announcing from node "${this.#nodeName}" with protocol "${PROTOCOL}"`,
      });
    }
  }

  #sayRefused(key: ServiceKey, wasAnnounced: boolean, reason: Silence): void {
    if (wasAnnounced) this.#deps.log.info({ service: key, reason }, 'no longer announcing a service');
    else this.#deps.log.debug({ service: key, reason }, 'not announcing a service');
    const verdict = this.#verdicts.get(key);
    if (wasAnnounced && verdict?.kind === 'nowhere') {
      this.#note(key, {
        type: 'Normal',
        reason: 'nodeWithdrawn',
        message: `no longer announced, neither from node "${this.#nodeName}" nor from another: ${reason}`,
      });
    }
    if (reason !== 'notAnswering' || verdict?.kind !== 'announce') return;
    this.#note(key, {
      type: 'Warning',
      reason: 'announceFailed',
      message: `no interface of assigned node "${this.#nodeName}" answers for "${verdict.addresses.join(', ')}" with protocol "${PROTOCOL}"`,
    });
  }

  #sayConflict({ ip, mac }: AddressConflict): void {
    const now = this.#deps.clock.monotonic();
    for (const [said, at] of this.#conflictSaidAt) {
      if (now - at >= CONFLICT_EVENT_INTERVAL_MS) this.#conflictSaidAt.delete(said);
    }
    if (this.#conflictSaidAt.has(ip)) return;
    this.#conflictSaidAt.set(ip, now);
    for (const [key, verdict] of this.#verdicts) {
      if (verdict.kind !== 'announce' || !verdict.addresses.includes(ip)) continue;
      this.#note(key, {
        type: 'Warning',
        reason: 'addressConflict',
        message: `another station, ${mac}, uses "${ip}", which node "${this.#nodeName}" announces`,
      });
    }
  }

  #note(key: ServiceKey, note: EventNote): void {
    const verdict = this.#verdicts.get(key);
    if (verdict !== undefined) this.report(verdict.service, note);
  }
}

function reasonOf(verdict: Verdict): Silence {
  return verdict.kind === 'announce' ? 'notAnswering' : verdict.reason;
}
