import type { Counter, Gauge, Meter } from '../ports.js';
import type { MemberState } from '../wire/memberlist/messages.js';
import type { MemberlistFault } from '../wire/memberlist/fault.js';
import type { ClaimFault } from './members.js';

/** Why something that came from another member was ignored: all label values of the metric that counts it. */
export type DropReason =
  | MemberlistFault
  | ClaimFault
  | 'not-for-us' // a ping for a member of another name
  | 'unknown-ack' // answers nothing that was asked, or too late
  | 'unexpected' // a user's message, or one that has no place on a stream
  | 'incompatible-versions' // a push-pull with members that could not talk to those known
  | 'too-many-streams'
  | 'too-many-relays';

const STATES = ['alive', 'suspect', 'dead', 'left'] as const satisfies readonly MemberState[];

/** What membership counts. Names are ours: upstream has no metrics of its memberlist. */
export class MembershipMetrics {
  readonly #members: Gauge;
  readonly #health: Gauge;
  readonly #dropped: Counter;
  readonly #probesFailed: Counter;
  readonly #suspicions: Counter;
  readonly #refutations: Counter;
  readonly #stalls: Counter;

  constructor(meter: Meter) {
    const name = (what: string) => `metallb_speaker_memberlist_${what}`;
    this.#members = meter.gauge(
      name('members'),
      'Members of the memberlist as this node knows them, by state',
      ['state'],
    );
    this.#health = meter.gauge(
      name('health_score'),
      'Awareness score of this node: 0 is healthy; the higher it is, the less the node trusts its own probes',
      [],
    );
    this.#dropped = meter.counter(
      name('packets_dropped'),
      'Datagrams, streams and messages of other members that were ignored, by reason',
      ['reason'],
    );
    this.#probesFailed = meter.counter(
      name('probes_failed'),
      'Probes of other members that got no answer',
      [],
    );
    this.#suspicions = meter.counter(name('suspicions'), 'Times a member became a suspect', []);
    this.#refutations = meter.counter(
      name('refutations'),
      'Times this node objected to being called dead or a suspect',
      [],
    );
    this.#stalls = meter.counter(
      name('stalls'),
      'Times this node found that its own timers had stood still',
      [],
    );
  }

  members(counts: Readonly<Record<MemberState, number>>): void {
    for (const state of STATES) this.#members.set({ state }, counts[state]);
  }

  health(score: number): void {
    this.#health.set({}, score);
  }

  dropped(reason: DropReason): void {
    this.#dropped.inc({ reason });
  }

  probeFailed(): void {
    this.#probesFailed.inc({});
  }

  suspicion(): void {
    this.#suspicions.inc({});
  }

  refutation(): void {
    this.#refutations.inc({});
  }

  stall(): void {
    this.#stalls.inc({});
  }
}
