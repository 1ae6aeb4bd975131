/**
 * What one member believes of the others, and how a claim changes that: the merge rules of memberlist (SWIM
 * with suspicion and Lifeguard), as a pure step from what is known and one input to what changes.
 *
 * - A higher incarnation wins; at the same one dead beats suspect beats alive. Only the member itself
 *   raises its incarnation, to refute what is said of it.
 * - Nobody dies of hearsay in a push-pull: who is dead there becomes a suspect here and may object.
 * - A suspect is still a member, so a slow one keeps its addresses.
 */
import type {
  Alive,
  Dead,
  MemberAddress,
  MemberName,
  MemberState,
  MemberVersions,
  PushedMember,
  Suspect,
} from '../wire/memberlist/messages.js';
import type { MembershipProfile } from './profile.js';
import { confirmSuspicion, suspicionEndsAt, suspicionTerms, type Suspicion } from './suspicion.js';

export interface Member {
  readonly name: MemberName;
  readonly address: MemberAddress;
  readonly port: number;
  readonly meta: Uint8Array;
  readonly versions: MemberVersions;
  readonly incarnation: number;
  readonly state: MemberState;
  /** When it came into its state, on the clock. */
  readonly since: number;
  /** Runs as long as it is a suspect. */
  readonly suspicion?: Suspicion;
}

/** All a step looks at. */
export interface MembersView {
  /** The member whose view it is; always among `members`. */
  readonly self: MemberName;
  readonly members: ReadonlyMap<MemberName, Member>;
  readonly profile: MembershipProfile;
  /** So many members are known at most, the dead included. */
  readonly limit: number;
}

/** What members tell each other about a member. */
export type Claim = Alive | Suspect | Dead;

export type MembersInput =
  | Claim
  /** Suspicions may have run out. */
  | { readonly type: 'expire' }
  /** The dead may have been remembered long enough. */
  | { readonly type: 'reap' }
  /** This process stood still for so long: nobody could refute in that time. */
  | { readonly type: 'stalled'; readonly ms: number }
  /** A member has answered this one: whatever it is suspected of, it has lived until now. */
  | { readonly type: 'answered'; readonly node: MemberName }
  /** This member leaves, or comes back after it has left. */
  | { readonly type: 'leave' }
  | { readonly type: 'rejoin' };

/** Why a claim is not believed. */
export type ClaimFault =
  | 'address-conflict' // one that takes part is claimed to be at another address
  | 'bad-versions' // no protocol version at all, or least above most
  | 'oversized' // no name or an endless one, more meta data than memberlist allows
  | 'too-many-members';

export type MembersOutput =
  /** To be passed on to others. */
  | { readonly type: 'broadcast'; readonly claim: Claim }
  /** The state of a member has changed; `was` is undefined for one not known before. */
  | { readonly type: 'turned'; readonly member: Member; readonly was: MemberState | undefined }
  /** This member was accused, and objects. */
  | { readonly type: 'refuted' }
  | { readonly type: 'refused'; readonly reason: ClaimFault; readonly node: MemberName };

/** What a step changes: members to put in place of those with the same name, names to forget. */
export interface MembersStep {
  readonly put: readonly Member[];
  readonly drop: readonly MemberName[];
  readonly outputs: readonly MembersOutput[];
}

const NOTHING: MembersStep = { put: [], drop: [], outputs: [] };
/** Characters of a name, which is a node's, and bytes of meta data (memberlist's `MetaMaxSize`). */
const NAME_MAX = 253;
const META_MAX = 512;
/** Incarnations are 32 bits on the wire. */
const LAST_INCARNATION = 0xffff_ffff;

/** One step at `now`, milliseconds on the clock. */
export function step(view: MembersView, input: MembersInput, now: number): MembersStep {
  switch (input.type) {
    case 'alive':
      return onAlive(view, input, now);
    case 'suspect':
      return onSuspect(view, input, now);
    case 'dead':
      return onDead(view, input, now);
    case 'expire':
      return onExpire(view, now);
    case 'reap':
      return onReap(view, now);
    case 'stalled':
      return onStalled(view, input.ms);
    case 'answered':
      return onAnswered(view, input.node, now);
    case 'leave':
      return onLeave(view, now);
    case 'rejoin':
      return onRejoin(view, now);
  }
}

/** Whether it takes part: what counts is silence proved, not suspected. */
export function isMember({ state }: Pick<Member, 'state'>): boolean {
  return state === 'alive' || state === 'suspect';
}

/** What a push-pull's row about a member claims, as `self` has it in its own name. */
export function claimOf(pushed: PushedMember, self: MemberName): Claim {
  const { name: node, incarnation } = pushed;
  switch (pushed.state) {
    case 'alive': {
      const { address, port, meta, versions } = pushed;
      return { type: 'alive', node, incarnation, address, port, meta, versions };
    }
    case 'left':
      return { type: 'dead', node, incarnation, from: node };
    case 'dead':
    case 'suspect':
      return { type: 'suspect', node, incarnation, from: self };
  }
}

/** Earliest end of a suspicion, on the clock; undefined when nobody is suspected. */
export function nextExpiry(members: Iterable<Member>): number | undefined {
  let next: number | undefined;
  for (const { suspicion } of members) {
    if (suspicion === undefined) continue;
    const endsAt = suspicionEndsAt(suspicion);
    if (next === undefined || endsAt < next) next = endsAt;
  }
  return next;
}

function onAlive(view: MembersView, claim: Alive, now: number): MembersStep {
  const known = view.members.get(claim.node);
  const isSelf = claim.node === view.self;
  if (isSelf && known?.state === 'left') return NOTHING;
  const [leastProtocol, mostProtocol] = claim.versions;
  if (leastProtocol === 0 || mostProtocol === 0 || leastProtocol > mostProtocol) {
    return refuse('bad-versions', claim.node);
  }
  const isFit = claim.node !== '' && claim.node.length <= NAME_MAX && claim.meta.length <= META_MAX;
  if (!isFit) return refuse('oversized', claim.node.slice(0, NAME_MAX));
  if (known === undefined) {
    return view.members.size < view.limit
      ? accept(claim, undefined, now)
      : refuse('too-many-members', claim.node);
  }
  // Who is dead may be back elsewhere: memberlist waits with that until it has forgotten the dead, and so long
  // the one who is back would count itself, and nobody else would.
  if (!isSamePlace(known, claim) && isMember(known)) return refuse('address-conflict', claim.node);
  if (!isSelf) return claim.incarnation > known.incarnation ? accept(claim, known, now) : NOTHING;
  if (claim.incarnation < known.incarnation) return NOTHING;
  const isOwnWord = claim.incarnation === known.incarnation && isSameContent(known, claim);
  return isOwnWord ? NOTHING : refute(known, claim.incarnation);
}

function onSuspect(view: MembersView, claim: Suspect, now: number): MembersStep {
  const known = view.members.get(claim.node);
  if (known === undefined) return NOTHING;
  if (claim.incarnation < known.incarnation) return onOldAccusation(view, known);
  if (known.suspicion !== undefined) {
    const suspicion = confirmSuspicion(known.suspicion, claim.from);
    if (suspicion === undefined) return NOTHING;
    return { put: [{ ...known, suspicion }], drop: [], outputs: [{ type: 'broadcast', claim }] };
  }
  if (known.state !== 'alive') return NOTHING;
  if (claim.node === view.self) return refute(known, claim.incarnation);
  const terms = suspicionTerms(view.profile, view.members.size);
  const suspicion: Suspicion = { startedAt: now, terms, accusers: [claim.from] };
  return turn(
    known,
    { ...known, incarnation: claim.incarnation, state: 'suspect', since: now, suspicion },
    claim,
  );
}

function onDead(view: MembersView, claim: Dead, now: number): MembersStep {
  const known = view.members.get(claim.node);
  if (known === undefined || !isMember(known)) return NOTHING;
  if (claim.incarnation < known.incarnation) return onOldAccusation(view, known);
  if (claim.node === view.self) return refute(known, claim.incarnation);
  return bury(known, claim, now);
}

/** Who says of this member what it has refuted before has missed that: it is said once more. */
function onOldAccusation({ self }: MembersView, accused: Member): MembersStep {
  if (accused.name !== self || accused.state === 'left') return NOTHING;
  return { ...NOTHING, outputs: [{ type: 'broadcast', claim: aliveOf(accused) }] };
}

function onExpire(view: MembersView, now: number): MembersStep {
  const steps: MembersStep[] = [];
  for (const member of view.members.values()) {
    if (member.suspicion === undefined || suspicionEndsAt(member.suspicion) > now) continue;
    const { name: node, incarnation } = member;
    steps.push(bury(member, { type: 'dead', node, incarnation, from: view.self }, now));
  }
  return {
    put: steps.flatMap(({ put }) => put),
    drop: [],
    outputs: steps.flatMap(({ outputs }) => outputs),
  };
}

function onReap(view: MembersView, now: number): MembersStep {
  const forgotten = [...view.members.values()].filter(
    (member) =>
      !isMember(member) && member.name !== view.self && now - member.since > view.profile.deadMemoryMs,
  );
  return { ...NOTHING, drop: forgotten.map(({ name }) => name) };
}

function onStalled(view: MembersView, ms: number): MembersStep {
  const put: Member[] = [];
  for (const member of view.members.values()) {
    if (member.suspicion === undefined) continue;
    const startedAt = member.suspicion.startedAt + ms;
    put.push({ ...member, suspicion: { ...member.suspicion, startedAt } });
  }
  return { ...NOTHING, put };
}

function onAnswered(view: MembersView, node: MemberName, now: number): MembersStep {
  const member = view.members.get(node);
  if (member?.suspicion === undefined) return NOTHING;
  return { ...NOTHING, put: [{ ...member, suspicion: { ...member.suspicion, startedAt: now } }] };
}

function onLeave(view: MembersView, now: number): MembersStep {
  const self = view.members.get(view.self);
  if (self === undefined || self.state === 'left') return NOTHING;
  const { name, incarnation } = self;
  return bury(self, { type: 'dead', node: name, incarnation, from: name }, now);
}

function onRejoin(view: MembersView, now: number): MembersStep {
  const self = view.members.get(view.self);
  if (self?.state !== 'left') return NOTHING;
  const back: Member = { ...self, state: 'alive', since: now, incarnation: above(self.incarnation) };
  return turn(self, back, aliveOf(back));
}

function accept(claim: Alive, known: Member | undefined, now: number): MembersStep {
  const { node: name, address, port, meta, versions, incarnation } = claim;
  const since = known?.state === 'alive' ? known.since : now;
  return turn(known, { name, address, port, meta, versions, incarnation, state: 'alive', since }, claim);
}

function bury(member: Member, claim: Dead, now: number): MembersStep {
  const { suspicion: _, ...rest } = member;
  const state = claim.from === claim.node ? 'left' : 'dead';
  return turn(member, { ...rest, incarnation: claim.incarnation, state, since: now }, claim);
}

/** Objects, above whatever incarnation the accusation has. */
function refute(self: Member, accused: number): MembersStep {
  const back: Member = { ...self, incarnation: Math.max(above(self.incarnation), above(accused)) };
  return {
    put: [back],
    drop: [],
    outputs: [{ type: 'broadcast', claim: aliveOf(back) }, { type: 'refuted' }],
  };
}

function turn(was: Member | undefined, member: Member, claim: Claim): MembersStep {
  const outputs: MembersOutput[] = [{ type: 'broadcast', claim }];
  if (was?.state !== member.state) outputs.push({ type: 'turned', member, was: was?.state });
  return { put: [member], drop: [], outputs };
}

function refuse(reason: ClaimFault, node: MemberName): MembersStep {
  return { ...NOTHING, outputs: [{ type: 'refused', reason, node }] };
}

function aliveOf(member: Member): Alive {
  const { name: node, incarnation, address, port, meta, versions } = member;
  return { type: 'alive', node, incarnation, address, port, meta, versions };
}

function above(incarnation: number): number {
  return Math.min(incarnation + 1, LAST_INCARNATION);
}

function isSamePlace(a: Pick<Member, 'address' | 'port'>, b: Pick<Member, 'address' | 'port'>): boolean {
  return a.port === b.port && plainAddress(a.address) === plainAddress(b.address);
}

/** The address sockets take: an IPv4 address that came in sixteen bytes is an IPv4 address still. */
export function plainAddress(address: MemberAddress): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

function isSameContent(a: Pick<Member, 'meta' | 'versions'>, b: Pick<Member, 'meta' | 'versions'>): boolean {
  return (
    a.versions.every((version, i) => version === b.versions[i]) &&
    a.meta.length === b.meta.length &&
    a.meta.every((byte, i) => byte === b.meta[i])
  );
}
