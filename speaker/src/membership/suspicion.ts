/**
 * How long a suspect has to refute. Each further accuser shortens it: who accuses alone may be the one with
 * the trouble (Lifeguard, "dynamic suspicion timeouts").
 */
import type { MemberName } from '../wire/memberlist/messages.js';
import type { MembershipProfile } from './profile.js';

/** Between which bounds a suspicion runs, in milliseconds, and how many confirmations it takes to the lower. */
export interface SuspicionTerms {
  readonly minMs: number;
  readonly maxMs: number;
  readonly confirmations: number;
}

/** A suspicion under way. */
export interface Suspicion {
  /** On the clock, in milliseconds. */
  readonly startedAt: number;
  readonly terms: SuspicionTerms;
  /** The first accuser, then those who confirmed: never more than the terms ask for. */
  readonly accusers: readonly MemberName[];
}

type Timing = Pick<MembershipProfile, 'suspicionMultiplier' | 'suspicionMaxMultiplier' | 'verdictMs'>;

/**
 * The terms among `memberCount` known members, oneself and the remembered dead included:
 * `min = multiplier × max(1, log10 n) × verdict`, `max = maxMultiplier × min`, and
 * `multiplier − 2` confirmations, none when there are not enough others to confirm.
 */
export function suspicionTerms(profile: Timing, memberCount: number): SuspicionTerms {
  const minMs = profile.suspicionMultiplier * Math.max(1, Math.log10(memberCount)) * profile.verdictMs;
  const wanted = Math.floor(profile.suspicionMultiplier) - 2;
  const confirmations = wanted > 0 && memberCount - 2 >= wanted ? wanted : 0;
  return { minMs, maxMs: confirmations > 0 ? profile.suspicionMaxMultiplier * minMs : minMs, confirmations };
}

/** The whole time a suspect has once so many have confirmed, in milliseconds. */
export function suspicionTimeoutMs(
  { minMs, maxMs, confirmations }: SuspicionTerms,
  confirmed: number,
): number {
  if (confirmations < 1) return minMs;
  const share = Math.log(confirmed + 1) / Math.log(confirmations + 1);
  return Math.max(minMs, Math.floor(maxMs - (maxMs - minMs) * share));
}

/** When the suspicion ends in a death, on the clock. */
export function suspicionEndsAt({ startedAt, terms, accusers }: Suspicion): number {
  return startedAt + suspicionTimeoutMs(terms, accusers.length - 1);
}

/** The suspicion with one more accuser; undefined when that tells nothing new. */
export function confirmSuspicion(suspicion: Suspicion, from: MemberName): Suspicion | undefined {
  const { accusers, terms } = suspicion;
  if (accusers.length > terms.confirmations || accusers.includes(from)) return undefined;
  return { ...suspicion, accusers: [...accusers, from] };
}
