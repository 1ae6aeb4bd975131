/**
 * Contenders for one lease in a world of bad luck: requests and answers are late or lost, processes stand
 * still, machines are suspended, clocks run fast, slow and are set. Time is simulated; a seed gives the run.
 */
import type { Lease, Random } from '@metallb-l2/sdk/kube';
import type { LeaseSettings } from '@metallb-l2/sdk/settings';
import {
  type ElectionAction,
  type ElectionInput,
  type ElectionState,
  initialElectionState,
  type Instant,
  leads,
  leadsForMs,
  type LeaseConfig,
  released,
  step,
} from '../../../../speaker/src/controller/leader-election/lease-machine.js';
import { seededRandom } from '../../../support/seeded-random.ts';

/** Clocks of machines differ by up to this part of themselves. */
const DRIFT = 0.01;

interface Contender {
  readonly config: LeaseConfig;
  readonly rate: number;
  /** Its machine is suspended at times; on others the wall clock is set at times. Both at once nobody survives. */
  readonly isSuspendable: boolean;
  state: ElectionState;
  /** What its monotonic clock has missed while it was suspended. */
  missed: number;
  skew: number;
  /** Until when it does not run, and since when it has not, by true time. */
  pausedUntil: number;
  isSuspended: boolean;
  /** Answers to calls before this one come too late. */
  call: number;
  /** The process before has ended: what is still on its way to it finds nobody. */
  life: number;
  /** Writes on their way. */
  underWay: number;
  /** Whether it knew to lead at its last step, and which lead that is, counted over all contenders. */
  isLeading: boolean;
  term: number;
}

export class LeaseSimulation {
  /** Moments at which two led, or a write arrived after the next one had begun to lead. */
  readonly violations: string[] = [];
  /** How often the lead was got, and writes that arrived. */
  terms = 0;
  writes = 0;
  readonly #random: Random;
  readonly #contenders: Contender[];
  readonly #queue: { at: number; run: () => void }[] = [];
  #isCalm = false;
  #now = 0;
  #lease: Lease | undefined;
  #version = 0;

  constructor(seed: number, timings: readonly LeaseSettings[]) {
    this.#random = seededRandom(seed);
    this.#contenders = timings.map((timing, index) => ({
      config: { ...timing, namespace: 'n', name: 'l', identity: `contender-${index}` },
      isSuspendable: index % 2 === 0,
      rate: 1 + DRIFT * (2 * this.#random() - 1),
      state: initialElectionState({ monotonic: 0, wall: 0 }),
      missed: 0,
      skew: this.#upTo(7_200_000) - 3_600_000,
      pausedUntil: 0,
      isSuspended: false,
      call: 0,
      life: 0,
      underWay: 0,
      isLeading: false,
      term: 0,
    }));
    for (const each of this.#contenders) {
      this.#after(this.#upTo(5000), () => this.#feed(each, { type: 'awake' }));
      this.#after(this.#upTo(5000), () => this.#write(each));
      this.#after(this.#upTo(60_000), () => this.#bringBadLuck(each));
    }
  }

  /** Lets `ms` pass; @param calm without any bad luck but what is under way */
  run(ms: number, { calm = false } = {}): void {
    this.#isCalm = calm;
    const end = this.#now + ms;
    for (let next = this.#pop(end); next !== undefined; next = this.#pop(end)) {
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }

  leaders(): string[] {
    return this.#contenders
      .filter((each) => leads(each.config, each.state, this.#clock(each)))
      .map(({ config }) => config.identity);
  }

  #clock({ rate, missed, skew, pausedUntil, isSuspended }: Contender): Instant {
    // A suspended machine's clock stands until it wakes; `missed` holds the whole suspension from its start.
    const left = isSuspended ? Math.max(0, pausedUntil - this.#now) : 0;
    return { monotonic: (this.#now - missed + left) * rate, wall: this.#now + skew };
  }

  #feed(contender: Contender, input: ElectionInput): void {
    const { config, state, pausedUntil, life } = contender;
    if (pausedUntil > this.#now) {
      this.#at(pausedUntil, () => contender.life === life && this.#feed(contender, input));
      return;
    }
    contender.isSuspended = false;
    const result = step(config, state, input, this.#clock(contender), this.#random);
    contender.state = result.state;
    const isLeading = leads(config, contender.state, this.#clock(contender));
    if (isLeading && !contender.isLeading) contender.term = ++this.terms;
    contender.isLeading = isLeading;
    const leaders = this.leaders();
    if (leaders.length > 1) this.violations.push(`${this.#now}: ${leaders.join(' and ')} lead`);
    this.#carryOut(contender, result.action);
  }

  #carryOut(contender: Contender, action: ElectionAction): void {
    const { config, rate, life } = contender;
    const call = ++contender.call;
    const answer = (input: ElectionInput) => {
      if (contender.call === call && contender.life === life) this.#feed(contender, input);
    };
    if (action.do === 'wait') {
      this.#after(action.ms / rate, () => answer({ type: 'awake' }));
      return;
    }
    // As the driver does: no call of a leader outlasts its lead.
    const { renewedAt } = contender.state;
    const leftMs = renewedAt === undefined ? 0 : leadsForMs(config, renewedAt, this.#clock(contender));
    const limitMs = leftMs > 0 ? Math.min(config.renewDeadlineMs / 2, leftMs) : config.renewDeadlineMs / 2;
    this.#after(Math.ceil(limitMs / rate), () => answer({ type: 'failed' }));
    if (this.#happens(0.05)) return;
    this.#after(this.#latency(), () => {
      const input: ElectionInput = this.#happens(0.05) ? { type: 'failed' } : this.#serve(action);
      if (!this.#happens(0.05)) this.#after(this.#latency(), () => answer(input));
    });
  }

  #serve(action: Exclude<ElectionAction, { do: 'wait' }>): ElectionInput {
    if (action.do === 'read') return { type: 'read', lease: this.#lease };
    const { resourceVersion } = action.lease.metadata;
    if (resourceVersion !== this.#lease?.metadata.resourceVersion) return { type: 'conflict' };
    return { type: 'written', lease: this.#store(action.lease) };
  }

  #store(lease: Lease): Lease {
    this.#lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: `${++this.#version}` } };
    return this.#lease;
  }

  /** A leader's own work: the right to write is asked when the write leaves, and it takes its time to arrive. */
  #write(contender: Contender): void {
    const { config, state, pausedUntil, term } = contender;
    this.#after(this.#upTo(4000), () => this.#write(contender));
    if (pausedUntil > this.#now || !leads(config, state, this.#clock(contender))) return;
    contender.underWay++;
    // A write that takes longer than this is broken off by the loss of the lead.
    const latest = config.leaseDurationMs * (1 - DRIFT) - config.renewDeadlineMs * (1 + DRIFT);
    this.#after(Math.min(this.#latency(), latest), () => {
      this.writes++;
      contender.underWay--;
      if (term !== this.terms) this.violations.push(`${this.#now}: a write of lead ${term} in ${this.terms}`);
    });
  }

  #bringBadLuck(contender: Contender): void {
    this.#after(this.#upTo(60_000), () => this.#bringBadLuck(contender));
    if (this.#isCalm || contender.pausedUntil > this.#now) return;
    const forMs = this.#upTo(this.#random() < 0.5 ? 5000 : 60_000);
    switch (Math.floor(this.#random() * 4)) {
      case 0: // SIGSTOP
        contender.pausedUntil = this.#now + forMs;
        contender.isSuspended = false;
        break;
      case 1: // a suspension that only the wall clock notices, or a wall clock that is set
        if (contender.isSuspendable) {
          contender.pausedUntil = this.#now + forMs;
          contender.isSuspended = true;
          contender.missed += forMs;
        } else contender.skew = this.#upTo(7_200_000) - 3_600_000;
        break;
      case 2: // SIGKILL, and a new process in the same pod or another one
        this.#restart(contender, { inSamePod: this.#random() < 0.5 });
        break;
      case 3: // SIGTERM
        this.#giveBack(contender);
    }
  }

  /** The lease goes back once every write is answered, and runs out by itself when one is not. */
  #giveBack(contender: Contender): void {
    const { config, state, underWay } = contender;
    const now = this.#clock(contender);
    const free = this.#lease && released(config, this.#lease, now);
    if (free !== undefined && underWay === 0 && leads(config, state, now)) this.#store(free);
    this.#restart(contender, { inSamePod: false });
  }

  #restart(contender: Contender, { inSamePod }: { inSamePod: boolean }): void {
    const { identity } = contender.config;
    const life = ++contender.life;
    const renamed = `${identity.split('/')[0]}/${life}`;
    const config = { ...contender.config, identity: inSamePod ? identity : renamed };
    Object.assign(contender, {
      config,
      state: initialElectionState(this.#clock(contender)),
      isLeading: false,
    });
    this.#after(this.#upTo(5000), () => this.#feed(contender, { type: 'awake' }));
  }

  /** Mostly milliseconds, sometimes seconds. */
  #latency(): number {
    return this.#happens(0.1) ? this.#upTo(20_000) : this.#upTo(20);
  }

  #happens(probability: number): boolean {
    return !this.#isCalm && this.#random() < probability;
  }

  #upTo(limit: number): number {
    return this.#random() * limit;
  }

  #after(ms: number, run: () => void): void {
    this.#at(this.#now + ms, run);
  }

  #at(at: number, run: () => void): void {
    const index = this.#queue.findIndex((other) => other.at > at);
    if (index === -1) this.#queue.push({ at, run });
    else this.#queue.splice(index, 0, { at, run });
  }

  #pop(end: number): { at: number; run: () => void } | undefined {
    return (this.#queue[0]?.at ?? Infinity) <= end ? this.#queue.shift() : undefined;
  }
}
