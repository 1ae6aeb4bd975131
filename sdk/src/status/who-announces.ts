/**
 * Which node announces a service, judged from everything that speaks about it. Status objects alone do not
 * settle it: there may be none, one or several, without a status, with a label that says otherwise, or left
 * behind by a node that died. No clock and no I/O: `read-evidence.ts` collects what is judged here.
 */
import { nodeLabelValue } from '../election/node-label.js';
import type { Condition, Node, Pod } from '../kube/core-types.js';
import { type Announcement, type ServiceRef, latestAnnouncement } from './announcement.js';

/** How sure an answer is. */
export type Certainty =
  | 'settled' // a live speaker says so, and nobody contradicts
  | 'moving' // the service is being taken over, or was a moment ago
  | 'conflicting' // live speakers of several nodes say so, and have for a while
  | 'stale' // it was announced so, but who said it is gone or silent
  | 'nobody'; // nothing says that it is announced

/** What the answer rests on. The list is closed. */
export type AnswerReason =
  | 'Announced' // settled: one status, from a speaker that is not known to be dead
  | 'Duplicates' // settled: several statuses of one node
  | 'OthersDead' // settled: several statuses, but only one node of them is alive
  | 'StatusNotWritten' // moving, or stale when it lasts: a node has claimed the service, and not said more
  | 'TakeOver' // moving: the label names another node than the status
  | 'SecondStatus' // moving: a second status has just been made
  | 'SeveralNodes' // conflicting
  | 'NodeGone' // stale: the Node object does not exist
  | 'NodeNotReady' // stale
  | 'SpeakerGone' // stale: the pod that wrote the status does not exist
  | 'SpeakerNotReady' // stale
  | 'NoStatus' // nobody
  | 'Unreadable'; // nobody: there are statuses, but none says anything usable

/** What could not be looked at: reading nodes or pods is not allowed, or the status has no owner. */
export type Unchecked = 'node' | 'speaker';

interface Judgement {
  readonly certainty: Certainty;
  readonly reason: AnswerReason;
  /** {@link reason} as a sentence, with names. */
  readonly why: string;
  readonly unchecked: readonly Unchecked[];
  /** What the other status objects of the service say. */
  readonly others: readonly Announcement[];
}

export type WhoAnnounces =
  | (Announcement & Judgement & { readonly certainty: Exclude<Certainty, 'nobody'> })
  | (Judgement & {
      readonly certainty: 'nobody';
      readonly service: ServiceRef;
      readonly node?: undefined;
      readonly interfaces: readonly [];
      readonly addresses: readonly [];
      readonly since?: undefined;
    });

/** One status, and who stands behind it. */
export interface StatusEvidence {
  readonly announcement: Announcement;
  /** When the object was made; milliseconds since the epoch. */
  readonly createdAt: number;
  /** The speaker's pod that owns the object. */
  readonly speaker: Pod | 'gone' | 'unknown';
  /** The node that claims the service: of the label, where label and status differ. */
  readonly node: Node | 'gone' | 'unknown';
}

export interface Evidence {
  readonly statuses: readonly StatusEvidence[];
  /** What is wrong with the objects that say nothing usable. */
  readonly problems: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a speaker does in one go is done within this time; what lasts longer is no passing state. */
const PASSING_MS = 10_000;

export function resolveAnnouncer(service: ServiceRef, { statuses, problems, now }: Evidence): WhoAnnounces {
  if (statuses.length === 0) return nobody(service, problems);
  const dead = new Map(statuses.map((each) => [each, causeOfDeath(each)]));
  const living = statuses.filter((each) => dead.get(each) === undefined);
  const holds = latestOf(living.length > 0 ? living : statuses);
  const others = statuses.filter((each) => each !== holds).map((each) => each.announcement);
  const answer = (
    certainty: Exclude<Certainty, 'nobody'>,
    reason: AnswerReason,
    why: string,
    announcement = holds.announcement,
  ) => ({ ...announcement, certainty, reason, why, unchecked: uncheckedOf(holds), others });

  const death = dead.get(holds);
  if (death) return answer('stale', death.reason, `${death.why}${unfinished(holds.announcement)}`);
  const node = claimant(holds);
  if (holds.announcement.claimedBy !== undefined) {
    const { announcement } = holds;
    if (nodeLabelValue(announcement.node) !== announcement.claimedBy) {
      const why =
        `${node} is taking the service over from ${announcement.node}; if this lasts, the cluster's resource ` +
        'definition forbids status.node to change';
      return answer('moving', 'TakeOver', why, takenOver(announcement, node));
    }
    return isRecent(holds, now)
      ? answer('moving', 'StatusNotWritten', `${node} has claimed the service and is about to say more`)
      : answer('stale', 'StatusNotWritten', `${node} has claimed the service but never said that it answers`);
  }
  const rivals = living.filter((each) => claimant(each) !== claimant(holds));
  if (rivals.length > 0) {
    const names = [...new Set(rivals.map(claimant))].sort().join(', ');
    return isRecent(holds, now)
      ? answer('moving', 'SecondStatus', `${node} has just taken the service over from ${names}`)
      : answer('conflicting', 'SeveralNodes', `${node} and ${names} all say that they announce the service`);
  }
  if (living.length > 1) {
    return answer(
      'settled',
      'Duplicates',
      `${node} announces it, in ${String(living.length)} status objects`,
    );
  }
  const left = [...dead.values()].flatMap((each) => each?.why ?? []);
  if (left.length > 0) {
    return answer('settled', 'OthersDead', `${node} announces it; a status is left over: ${left.join('; ')}`);
  }
  return answer('settled', 'Announced', `${node} says that it announces the service`);
}

function nobody(service: ServiceRef, problems: readonly string[]): WhoAnnounces {
  const unreadable = problems.length > 0;
  return {
    service,
    interfaces: [],
    addresses: [],
    certainty: 'nobody',
    reason: unreadable ? 'Unreadable' : 'NoStatus',
    why: unreadable
      ? `no status of the service can be read: ${problems.join('; ')}`
      : 'there is no status of the service',
    unchecked: [],
    others: [],
  };
}

/**
 * The label is written first, by ours and by upstream's speakers, so it names who leads now. Interfaces and
 * time are still those of the node before.
 */
function takenOver({ since: _, ...announcement }: Announcement, by: string): Announcement {
  return { ...announcement, node: by, interfaces: [] };
}

function unfinished({ node, claimedBy }: Announcement): string {
  return claimedBy === undefined || claimedBy === nodeLabelValue(node)
    ? ', and nobody has taken the service over'
    : `; it was taking the service over from ${node}`;
}

function causeOfDeath(status: StatusEvidence): { reason: AnswerReason; why: string } | undefined {
  const { speaker, node } = status;
  const name = claimant(status);
  if (node === 'gone') return { reason: 'NodeGone', why: `node ${name} does not exist` };
  if (speaker === 'gone') return { reason: 'SpeakerGone', why: `the speaker on ${name} does not exist` };
  if (isNotReady(node)) return { reason: 'NodeNotReady', why: `node ${name} is not ready` };
  if (isNotReady(speaker)) return { reason: 'SpeakerNotReady', why: `the speaker on ${name} is not ready` };
  return undefined;
}

function isNotReady(object: Node | Pod | 'gone' | 'unknown'): boolean {
  if (typeof object === 'string') return false;
  const conditions: readonly Condition[] = object.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Ready' && status !== 'True');
}

function latestOf(statuses: readonly StatusEvidence[]): StatusEvidence {
  const latest = latestAnnouncement(statuses.map((each) => each.announcement));
  return statuses.find((each) => each.announcement === latest) as StatusEvidence;
}

function isRecent({ createdAt }: StatusEvidence, now: number): boolean {
  return now - createdAt < PASSING_MS;
}

/** The node that claims the service, by its whole name where that is known. */
function claimant({ announcement, node }: StatusEvidence): string {
  const { claimedBy } = announcement;
  if (claimedBy === undefined) return announcement.node;
  return (typeof node === 'string' ? undefined : node.metadata.name) ?? claimedBy;
}

function uncheckedOf({ speaker, node }: StatusEvidence): Unchecked[] {
  return [
    ...(node === 'unknown' ? ['node' as const] : []),
    ...(speaker === 'unknown' ? ['speaker' as const] : []),
  ];
}
