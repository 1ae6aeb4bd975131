/**
 * How often members are asked for a sign of life and how long their silence is borne. All of it is local:
 * members with different profiles understand each other. But all believe a death that one of them has found,
 * so the shortest timers of a group count for the whole of it.
 *
 * With n members, a node without power is declared dead after about
 *
 *     wait for the first probe of it   0 to 1 × probeInterval
 *   + verdict on that probe            verdict × (awareness score + 1)
 *   + suspicion                        suspicionMultiplier × max(1, log10 n) × verdict
 *
 * and a live one is declared dead by mistake only when it stays silent through both of the last two, with
 * its refutation lost as well, and a second member finds the same (else six times the suspicion is needed).
 * Shortening one shortens the other: `fast` takes 0.6 to 1.1 s with up to 10 members and bears a node whose
 * gossip does not run for 0.6 s; `lan` takes 6 s and bears 5. And each probe costs: on a machine that does little
 * else, the four wake-ups it takes on both sides are most of what a speaker uses at rest.
 */
import type { MemberlistProfile } from '@metallb-l2/sdk/settings';

/** The timers and counts of one member. */
export interface MembershipProfile {
  /** Each member is probed once in each such interval, in milliseconds. */
  readonly probeIntervalMs: number;
  /**
   * So long after the first ping, in milliseconds, who has not answered in any way becomes a suspect. Upstream
   * takes the interval for it: with a time of its own, probes can be rarer and the judgement as soon.
   */
  readonly verdictMs: number;
  /**
   * How long the answer to a direct ping may take before others are asked to ping, in milliseconds. Twice
   * this has to be less than the time to the verdict, or the helpers' answers come after the verdict.
   */
  readonly probeTimeoutMs: number;
  /** How many others are asked to ping a member that does not answer. */
  readonly indirectChecks: number;
  /** Least time a suspect has to refute, as a multiple of `verdictMs`. One who accuses alone is believed later. */
  readonly suspicionMultiplier: number;
  /** Longest time a suspect has, as a multiple of the least. */
  readonly suspicionMaxMultiplier: number;
  /** One more than the highest awareness score. */
  readonly awarenessMax: number;
  /** While there is news, it is sent once in each such interval, in milliseconds … */
  readonly gossipIntervalMs: number;
  /** … to so many members. */
  readonly gossipNodes: number;
  /** A piece of news is sent `retransmitMultiplier × ceil(log10(n + 1))` times. */
  readonly retransmitMultiplier: number;
  /** Two members compare all they know once in each such interval, in milliseconds (longer above 32 members). */
  readonly pushPullIntervalMs: number;
  /** How long a TCP exchange may take, in milliseconds. */
  readonly streamTimeoutMs: number;
  /** So long, in milliseconds, the dead are remembered and still told the news: one that lives can object. */
  readonly deadMemoryMs: number;
  /** Known peers that are not members are tried again after 1 to 2 times this, in milliseconds. */
  readonly rejoinIntervalMs: number;
}

/** Our default, and upstream's two (`DefaultLANConfig`, `DefaultWANConfig` of memberlist). */
export const PROFILES: Readonly<Record<MemberlistProfile, MembershipProfile>> = {
  fast: {
    probeIntervalMs: 500,
    verdictMs: 150,
    probeTimeoutMs: 60,
    indirectChecks: 3,
    suspicionMultiplier: 3,
    suspicionMaxMultiplier: 6,
    awarenessMax: 8,
    gossipIntervalMs: 50,
    gossipNodes: 3,
    // Higher than upstream's 4: a refutation has 450 ms, and each repetition divides the chance of its loss.
    retransmitMultiplier: 6,
    pushPullIntervalMs: 15_000,
    streamTimeoutMs: 2_000,
    deadMemoryMs: 30_000,
    rejoinIntervalMs: 1_000,
  },
  lan: {
    probeIntervalMs: 1_000,
    verdictMs: 1_000,
    probeTimeoutMs: 500,
    indirectChecks: 3,
    suspicionMultiplier: 4,
    suspicionMaxMultiplier: 6,
    awarenessMax: 8,
    gossipIntervalMs: 200,
    gossipNodes: 3,
    retransmitMultiplier: 4,
    pushPullIntervalMs: 30_000,
    streamTimeoutMs: 10_000,
    deadMemoryMs: 30_000,
    rejoinIntervalMs: 1_000,
  },
  wan: {
    probeIntervalMs: 5_000,
    verdictMs: 5_000,
    probeTimeoutMs: 3_000,
    indirectChecks: 3,
    suspicionMultiplier: 6,
    suspicionMaxMultiplier: 6,
    awarenessMax: 8,
    gossipIntervalMs: 500,
    gossipNodes: 4,
    retransmitMultiplier: 4,
    pushPullIntervalMs: 60_000,
    streamTimeoutMs: 30_000,
    deadMemoryMs: 60_000,
    rejoinIntervalMs: 1_000,
  },
};

/**
 * A profile of one's own: `changes` over one of the {@link PROFILES}.
 *
 * @throws RangeError when a value is not positive, a verdict comes before the time-out or after the next probe
 */
export function customProfile(
  base: MemberlistProfile,
  changes: Partial<MembershipProfile>,
): MembershipProfile {
  const profile = { ...PROFILES[base], ...changes };
  for (const [name, value] of Object.entries(profile) as [keyof MembershipProfile, number][]) {
    if (!(value > 0)) throw new RangeError(`${name} must be greater than 0, it is ${value}`);
  }
  const { probeTimeoutMs, verdictMs, probeIntervalMs } = profile;
  if (probeTimeoutMs >= verdictMs) {
    throw new RangeError(`probeTimeoutMs (${probeTimeoutMs}) must be less than verdictMs (${verdictMs})`);
  }
  if (verdictMs > probeIntervalMs) {
    throw new RangeError(
      `verdictMs (${verdictMs}) must not be more than probeIntervalMs (${probeIntervalMs})`,
    );
  }
  return profile;
}
