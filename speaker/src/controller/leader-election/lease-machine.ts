/**
 * Leader election over a `Lease`, as a pure function of what was seen and when: who may write the lease,
 * what to write, and how long to wait. The rules are client-go's (tools/leaderelection), so that its tools
 * and its programs understand the lease.
 *
 * Clocks of other machines are not trusted. A holder counts as gone when this machine has seen its lease
 * unchanged for the duration the lease itself names; its times are for people. A holder counts its own time
 * from the moment it *sent* the renewal that was confirmed, and for the shorter `renewDeadlineMs`. So it has
 * stopped before anybody else can take over, however long requests and answers take on their way.
 *
 * One rule is stricter than client-go's: a lease in the own name that is not led by is left to run out, as
 * anybody else's. The last writes of the lost lead, or of the process before this one, may still arrive.
 */
import type { Lease, Random } from '@metallb-l2/sdk/kube';
import type { LeaseSettings } from '@metallb-l2/sdk/settings';

/** A moment, by the two clocks of one machine, in milliseconds. */
export interface Instant {
  /** Never set by anybody, but stands still while a virtual machine is suspended. */
  readonly monotonic: number;
  /** Since the epoch. */
  readonly wall: number;
}

export interface LeaseConfig extends LeaseSettings {
  readonly namespace: string;
  readonly name: string;
  /** Name of the pod. */
  readonly identity: string;
}

export interface ElectionState {
  /** The lease as last seen, nothing when there is none, and since when it has looked so. */
  readonly seen: { readonly lease: Lease | undefined; readonly since: Instant } | undefined;
  /** When the last renewal that is known to have succeeded was sent; nothing when somebody else leads. */
  readonly renewedAt: Instant | undefined;
  /** When the last write was sent. */
  readonly sentAt: Instant;
  /** The `renewTime` of that write, if it was to get the lease and nobody knows whether it has. */
  readonly claim: string | undefined;
  /** Whether the present try has looked at the lease. */
  readonly hasRead: boolean;
}

export type ElectionInput =
  /** The wait is over. */
  | { readonly type: 'awake' }
  /** The answer to a read; no lease when there is none. */
  | { readonly type: 'read'; readonly lease: Lease | undefined }
  /** The write has succeeded, and this is what the server holds now. */
  | { readonly type: 'written'; readonly lease: Lease }
  /** The lease is not as it was when it was last seen. */
  | { readonly type: 'conflict' }
  /** Nobody knows what became of the call. */
  | { readonly type: 'failed' };

export type ElectionAction =
  | { readonly do: 'read' }
  /** Creates the lease if it has no resourceVersion, else replaces that version. */
  | { readonly do: 'write'; readonly lease: Lease }
  | { readonly do: 'wait'; readonly ms: number };

/** client-go's: each wait of a candidate is stretched by up to this much of itself. */
const JITTER = 1.2;

export function initialElectionState(now: Instant): ElectionState {
  return { seen: undefined, renewedAt: undefined, sentAt: now, claim: undefined, hasRead: false };
}

export function step(
  config: LeaseConfig,
  state: ElectionState,
  input: ElectionInput,
  now: Instant,
  random: Random,
): { state: ElectionState; action: ElectionAction } {
  const wait = (next: ElectionState) => {
    const ms = waitMs(config, next, now, random);
    return { state: next, action: { do: 'wait', ms } as const };
  };
  switch (input.type) {
    case 'awake': {
      const next = { ...state, hasRead: false };
      // A leader knows the lease: nobody else writes it.
      if (leads(config, state, now)) return write(config, next, now);
      return { state: { ...next, renewedAt: undefined }, action: { do: 'read' } };
    }
    case 'read': {
      const next = { ...look(config, state, input.lease, now), hasRead: true };
      if (isMine(config, next) && leads(config, next, now)) return write(config, next, now);
      const deposed = { ...next, renewedAt: undefined };
      return isTaken(config, next, now) ? wait(deposed) : write(config, deposed, now);
    }
    case 'written':
      return wait(confirm(state, input.lease));
    case 'conflict':
      return state.hasRead ? wait(state) : { state, action: { do: 'read' } };
    case 'failed':
      return wait(state);
  }
}

/** Whether this one leads at `now`: it may write, and nobody else can have taken over. */
export function leads(config: LeaseSettings, { renewedAt }: ElectionState, now: Instant): boolean {
  return renewedAt !== undefined && leadsForMs(config, renewedAt, now) > 0;
}

/** How long, from `now` on, a renewal that was sent at `renewedAt` lets its sender lead; not above 0 when it is over. */
export function leadsForMs({ renewDeadlineMs }: LeaseSettings, renewedAt: Instant, now: Instant): number {
  // Whichever clock says that more time has passed: after a suspension only the wall clock may know.
  const elapsed = Math.max(now.monotonic - renewedAt.monotonic, now.wall - renewedAt.wall);
  return renewDeadlineMs - elapsed;
}

/** `lease` as its holder leaves it, free for anybody at once; nothing when somebody else holds it. */
export function released({ identity }: LeaseConfig, lease: Lease, now: Instant): Lease | undefined {
  const { holderIdentity, ...spec } = lease.spec ?? {};
  if (holderIdentity !== identity) return undefined;
  const time = microTime(now);
  return { ...lease, spec: { ...spec, leaseDurationSeconds: 1, acquireTime: time, renewTime: time } };
}

function confirm(state: ElectionState, lease: Lease): ElectionState {
  const { sentAt } = state;
  return { ...state, seen: { lease, since: sentAt }, renewedAt: sentAt, claim: undefined };
}

/** The lease may have come back unchanged: then it has looked so for as long as before. */
function look(
  { identity }: LeaseConfig,
  state: ElectionState,
  lease: Lease | undefined,
  now: Instant,
): ElectionState {
  const { seen, claim } = state;
  const spec = lease?.spec;
  // The answer alone was lost.
  if (
    lease !== undefined &&
    claim !== undefined &&
    spec?.holderIdentity === identity &&
    spec.renewTime === claim
  ) {
    return confirm(state, lease);
  }
  const isNews = seen === undefined || versionOf(seen.lease) !== versionOf(lease);
  return { ...state, seen: { lease, since: isNews ? now : seen.since } };
}

function write(
  config: LeaseConfig,
  state: ElectionState,
  now: Instant,
): { state: ElectionState; action: ElectionAction } {
  const { namespace, name, identity, leaseDurationMs } = config;
  const { metadata = { namespace, name }, spec } = state.seen?.lease ?? {};
  const time = microTime(now);
  const mine = isMine(config, state);
  const transitions = spec?.leaseTransitions ?? 0;
  const lease: Lease = {
    ...state.seen?.lease,
    metadata,
    spec: {
      ...spec,
      holderIdentity: identity,
      leaseDurationSeconds: leaseDurationMs / 1000,
      acquireTime: (mine ? spec?.acquireTime : undefined) ?? time,
      renewTime: time,
      leaseTransitions: mine || spec === undefined ? transitions : transitions + 1,
    },
  };
  const claim = leads(config, state, now) ? undefined : time;
  return { state: { ...state, sentAt: now, claim }, action: { do: 'write', lease } };
}

function isMine({ identity }: LeaseConfig, { seen }: ElectionState): boolean {
  return seen?.lease?.spec?.holderIdentity === identity;
}

/** Whether somebody holds the lease and has been seen to renew it in time. */
function isTaken(config: LeaseConfig, state: ElectionState, now: Instant): boolean {
  return expiresInMs(config, state, now) > 0;
}

function expiresInMs({ leaseDurationMs }: LeaseConfig, { seen }: ElectionState, now: Instant): number {
  const spec = seen?.lease?.spec;
  const isHeld = spec?.holderIdentity !== undefined && spec.holderIdentity !== '';
  if (seen === undefined || !isHeld) return 0;
  const durationMs =
    spec.leaseDurationSeconds === undefined ? leaseDurationMs : spec.leaseDurationSeconds * 1000;
  // The monotonic clock alone: that the wall clock was set must not make a lease run out early.
  return seen.since.monotonic + durationMs - now.monotonic;
}

function waitMs(config: LeaseConfig, state: ElectionState, now: Instant, random: Random): number {
  const { retryPeriodMs } = config;
  if (state.renewedAt !== undefined) {
    const leftMs = leadsForMs(config, state.renewedAt, now);
    if (leftMs > 0) return Math.min(retryPeriodMs, Math.ceil(leftMs));
  }
  const jittered = retryPeriodMs * (1 + JITTER * random());
  const expiresIn = expiresInMs(config, state, now);
  // A candidate that would sleep past the end of the lease wakes for it.
  return expiresIn > 0 ? Math.min(jittered, Math.ceil(expiresIn)) : jittered;
}

function versionOf(lease: Lease | undefined): string | undefined {
  return lease?.metadata.resourceVersion;
}

/** RFC 3339 with microseconds, the only form a `Lease` takes. */
function microTime({ wall }: Instant): string {
  return new Date(wall).toISOString().replace('Z', '000Z');
}
