/**
 * Keeps trying to lead, and leads while it can: the state machine of `lease-machine.ts` over a real clock
 * and API server.
 *
 * When the lease is lost, everything that was begun ends before the next try. When it is given back, that
 * happens after the server has answered every write: the successor leads at once, and must see them all.
 */
import { type Clock, isKubeError, type KubeApi, KubeError, LEASES, type Random } from '@metallb-l2/sdk/kube';
import type { Health, Log, Meter } from '../../ports.js';
import { untilAborted } from '../../until-aborted.js';
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
} from './lease-machine.js';
import { instantOf, Term } from './term.js';

export interface LeaderElectionDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meter: Meter;
  readonly health: Health;
}

/** The work of a leader: begins at once, and ends soon after the term's signal is aborted. */
export type Lead = (term: Term) => Promise<void>;

interface Leading {
  readonly term: Term;
  /** Resolves when its work has ended, however. */
  readonly ended: Promise<void>;
}

const PART = 'leader election';
/** Longest wait for the answer when the lease is given back, in milliseconds; it runs out by itself otherwise. */
const RELEASE_MS = 2000;

export class LeaderElection {
  readonly #deps: LeaderElectionDeps;
  readonly #config: LeaseConfig;
  readonly #lead: Lead;
  readonly #failed = new AbortController();
  readonly #showLeading: (leading: boolean) => void;
  /** Kinds of failures since the last success, so that each is said once. */
  readonly #said = new Set<string>();
  #leader = '';

  constructor(deps: LeaderElectionDeps, config: LeaseConfig, lead: Lead) {
    this.#deps = deps;
    this.#config = config;
    this.#lead = lead;
    const { meter } = deps;
    const master = meter.gauge(
      'leader_election_master_status',
      'Whether this program leads: 1 when it holds the lease, 0 while it stands by',
      ['name'],
    );
    const terms = meter.counter('metallb_l2_leader_terms_total', 'Times this program became the leader', []);
    this.#showLeading = (leading) => {
      master.set({ name: config.name }, leading ? 1 : 0);
      if (leading) terms.inc({});
    };
  }

  /** Takes part until `signal` is aborted; rejects when the work of the leader fails. To be called once. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, health } = this.#deps;
    const either = AbortSignal.any([signal, this.#failed.signal]);
    let state = initialElectionState(instantOf(clock));
    let input: ElectionInput = { type: 'awake' };
    let leading: Leading | undefined;
    this.#showLeading(false);
    health.notReady(PART, 'the lease has not been read yet');
    while (!either.aborted) {
      const result = step(this.#config, state, input, instantOf(clock), random);
      ({ state } = result);
      leading = await this.#follow(state, leading);
      if (state.seen !== undefined) health.ready(PART);
      input = await this.#carryOut(result.action, state, either);
    }
    if (leading !== undefined) await this.#giveBack(state, leading);
    if (!signal.aborted) throw this.#failed.signal.reason;
  }

  /** Begins or ends to lead, as `state` has it. */
  async #follow(state: ElectionState, leading: Leading | undefined): Promise<Leading | undefined> {
    const { seen, renewedAt } = state;
    if (
      renewedAt !== undefined &&
      seen?.lease !== undefined &&
      leads(this.#config, state, instantOf(this.#deps.clock))
    ) {
      leading?.term.renewed(renewedAt);
      return leading ?? this.#begin(new Term(this.#deps, this.#config, seen.lease, renewedAt));
    }
    const holder = seen?.lease?.spec?.holderIdentity ?? '';
    if (leading !== undefined) {
      leading.term.lose();
      this.#showLeading(false);
      this.#deps.log.warn({ lease: this.#config.name, holder }, 'no longer the leader');
      await leading.ended;
    } else if (!['', this.#config.identity, this.#leader].includes(holder)) {
      this.#deps.log.info({ lease: this.#config.name, holder }, 'somebody else leads');
    }
    this.#leader = holder;
    return undefined;
  }

  #begin(term: Term): Leading {
    const { name, identity } = this.#config;
    this.#leader = identity;
    this.#showLeading(true);
    this.#deps.log.info({ lease: name, transitions: term.lease.spec?.leaseTransitions }, 'leads');
    const ended = this.#lead(term).catch((error: unknown) => this.#failed.abort(error));
    return { term, ended };
  }

  async #carryOut(action: ElectionAction, state: ElectionState, signal: AbortSignal): Promise<ElectionInput> {
    if (action.do === 'wait') {
      await this.#deps.clock.sleep(action.ms, signal).catch(() => undefined);
      return { type: 'awake' };
    }
    try {
      const input = await this.#within(this.#limitMs(state), (limit) => this.#call(action, limit), signal);
      this.#said.clear();
      return input;
    } catch (error) {
      if (!signal.aborted) this.#sayFailure(error);
      return { type: 'failed' };
    }
  }

  async #call(action: Exclude<ElectionAction, { do: 'wait' }>, signal: AbortSignal): Promise<ElectionInput> {
    const { api } = this.#deps;
    const { namespace, name } = this.#config;
    try {
      if (action.do === 'read') {
        return { type: 'read', lease: await api.get(LEASES, { namespace, name }, { signal }) };
      }
      const isNew = action.lease.metadata.resourceVersion === undefined;
      const write = isNew
        ? api.create(LEASES, action.lease, { signal })
        : api.replace(LEASES, action.lease, { signal });
      return { type: 'written', lease: await write };
    } catch (error) {
      if (action.do === 'read' && isKubeError(error, 'NotFound')) return { type: 'read', lease: undefined };
      if (action.do === 'write' && isKubeError(error, 'Conflict', 'AlreadyExists', 'NotFound')) {
        return { type: 'conflict' };
      }
      throw error;
    }
  }

  /** A silent server gets a second chance before the lead is lost. (controller-runtime's limit.) */
  #limitMs({ renewedAt }: ElectionState): number {
    const limitMs = this.#config.renewDeadlineMs / 2;
    const leftMs = renewedAt === undefined ? 0 : this.#leftMs(renewedAt);
    return leftMs > 0 ? Math.min(limitMs, leftMs) : limitMs;
  }

  #leftMs(renewedAt: Instant): number {
    return leadsForMs(this.#config, renewedAt, instantOf(this.#deps.clock));
  }

  async #giveBack({ renewedAt }: ElectionState, { term, ended }: Leading): Promise<void> {
    const { clock, log } = this.#deps;
    const { name, leaseDurationMs } = this.#config;
    term.stop();
    await ended;
    if (renewedAt !== undefined) {
      await this.#within(this.#leftMs(renewedAt), (limit) => untilAborted(term.api.settled(), limit));
    }
    term.lose();
    this.#showLeading(false);
    // A write whose fate nobody knows may come after what the successor reads, so that must wait.
    const isClear = clock.monotonic() - term.api.doubtfulAt > leaseDurationMs;
    if (!isClear || renewedAt === undefined || this.#leftMs(renewedAt) <= 0) return;
    try {
      await this.#within(RELEASE_MS, (signal) => this.#release(signal));
      log.info({ lease: name }, 'gave back the lead');
    } catch (error) {
      log.warn({ err: error, lease: name }, 'could not give back the lead: it runs out by itself');
    }
  }

  async #release(signal: AbortSignal): Promise<void> {
    const { api, clock } = this.#deps;
    const { namespace, name } = this.#config;
    for (;;) {
      const held = await api.get(LEASES, { namespace, name }, { signal });
      const lease = released(this.#config, held, instantOf(clock));
      if (lease === undefined) return;
      try {
        await api.replace(LEASES, lease, { signal });
        return;
      } catch (error) {
        // The last renewal, which nobody has waited for, may have arrived in between.
        if (!isKubeError(error, 'Conflict')) throw error;
      }
    }
  }

  /** Runs `task` with a signal that is aborted after `ms` milliseconds, or with `outer`. */
  async #within<T>(ms: number, task: (limit: AbortSignal) => Promise<T>, outer?: AbortSignal): Promise<T> {
    const ended = new AbortController();
    const late = new AbortController();
    const onTime = () => {
      const operation = `lease ${this.#config.name}`;
      late.abort(new KubeError('Timeout', `no answer within ${String(ms / 1000)} s`, { operation }));
    };
    void this.#deps.clock.sleep(ms, ended.signal).then(onTime, () => undefined);
    try {
      return await task(outer === undefined ? late.signal : AbortSignal.any([outer, late.signal]));
    } finally {
      ended.abort();
    }
  }

  #sayFailure(error: unknown): void {
    const code = isKubeError(error) ? error.code : String(error);
    if (this.#said.has(code)) return;
    this.#said.add(code);
    this.#deps.log.warn({ err: error, lease: this.#config.name }, 'cannot read or renew the lease');
  }
}
