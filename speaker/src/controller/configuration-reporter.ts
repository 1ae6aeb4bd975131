/**
 * Says what of the configuration is not in force: in the `ConfigurationState` named `controller`, which is
 * upstream's, and of advertisements in an event on each. Refused pools have theirs from the `AddressLoop`.
 *
 * Pools and advertisements themselves get no condition: upstream's schema drops it, and its controller replaces
 * the status of a pool as a whole, so in a cluster that moves from one to the other it would come and go.
 */
import { type Clock, isKubeError, type KubeApi, type Random } from '@metallb-l2/sdk/kube';
import {
  CONFIGURATION_STATES,
  type ConfigurationState,
  type ConfigurationStateStatus,
  type IPAddressPool,
  L2_ADVERTISEMENTS,
  type L2Advertisement,
  METALLB_API_VERSION,
} from '@metallb-l2/sdk/models';
import { type EventRecorder, subjectOf } from '../cluster/events.js';
import { type Source } from '../cluster/spec-changes.js';
import type { Log } from '../ports.js';
import { checkAdvertisements, type RefusedAdvertisement } from './configuration-check.js';
import {
  isOwn,
  newState,
  ownMetadata,
  saysSame,
  type StateOwner,
  stateRef,
  stateStatus,
} from './configuration-state.js';
import { followChanges } from './follow-changes.js';
import type { PlanBoard } from './plan-board.js';
import { WritePatience } from './write-patience.js';

export interface ConfigurationReporterDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly plans: PlanBoard;
  readonly pools: Source<IPAddressPool>;
  readonly advertisements: Source<L2Advertisement>;
  readonly states: Source<ConfigurationState>;
}

const ADVERTISEMENT = { apiVersion: METALLB_API_VERSION, kind: L2_ADVERTISEMENTS.kind };

/** So that a pool and its advertisement may be made in either order. */
const PAUSE_MS = 1000;

export class ConfigurationReporter {
  readonly #deps: ConfigurationReporterDeps;
  readonly #owner: StateOwner;
  readonly #patience: WritePatience;
  /** What has been said already, by UID of the advertisement. */
  readonly #said = new Map<string, string>();
  /** The version of the object that was replaced; the cache has not caught up while it shows it. */
  #replaced: string | undefined;

  constructor(deps: ConfigurationReporterDeps, owner: StateOwner) {
    this.#deps = deps;
    this.#owner = owner;
    this.#patience = new WritePatience(deps.clock, deps.random);
  }

  /** Works until `signal` is aborted; in a cluster without ConfigurationStates it records events only. */
  async run(signal: AbortSignal): Promise<void> {
    const { plans, pools, advertisements, states } = this.#deps;
    const sources = [plans, pools, advertisements];
    const follow = async (
      also: readonly Source<ConfigurationState>[],
      step: () => Promise<number | undefined>,
    ) => {
      try {
        await Promise.all([advertisements, ...also].map((source) => source.ready(signal)));
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      const { clock } = this.#deps;
      await followChanges({ clock, pauseMs: PAUSE_MS, sources: [...sources, ...also], step }, signal);
    };
    await Promise.all([
      follow([], () => {
        this.#sayAll();
        return Promise.resolve(undefined);
      }),
      follow([states], () => this.#publish(signal)),
    ]);
  }

  #refused(): readonly RefusedAdvertisement[] {
    return checkAdvertisements(this.#deps.advertisements.list(), this.#deps.pools.list());
  }

  #sayAll(): void {
    if (this.#deps.plans.latest === undefined) return;
    const refused = this.#refused();
    for (const { object, message } of refused) {
      const uid = object.metadata.uid ?? '';
      if (this.#said.get(uid) === message) continue;
      this.#said.set(uid, message);
      this.#deps.log.warn({ advertisement: object.metadata.name }, message);
      const note = { type: 'Warning', reason: 'ConfigurationError', message } as const;
      this.#deps.events.record(subjectOf(ADVERTISEMENT, object), note);
    }
    // What is wrong no longer may be said again when it comes back.
    const current = new Set(refused.map(({ object }) => object.metadata.uid));
    for (const uid of this.#said.keys()) if (!current.has(uid)) this.#said.delete(uid);
  }

  /** Writes what differs; gives the milliseconds after which to look again. */
  async #publish(signal: AbortSignal): Promise<number | undefined> {
    const { plans, states, clock, log } = this.#deps;
    if (plans.latest === undefined) return undefined;
    const { name, namespace } = stateRef(this.#owner);
    const state = states.list().find(({ metadata }) => metadata.name === name);
    const problems = {
      poolReconcilerValid: plans.latest.refusedPools.map(({ message }) => message),
      configReconcilerValid: this.#refused().map(({ message }) => message),
    };
    const status = stateStatus(problems, state?.status, new Date(clock.now()).toISOString());
    if (state !== undefined && isOwn(state, this.#owner) && saysSame(state.status, status)) return undefined;
    if (state !== undefined && state.metadata.resourceVersion === this.#replaced) return undefined;

    const waitMs = this.#patience.ask(`${namespace ?? ''}/${name}`, problems);
    if (waitMs > 0) return waitMs;
    try {
      await this.#write(state, status, signal);
    } catch (error) {
      if (signal.aborted || !isKubeError(error)) throw error;
      const level = isKubeError(error, 'Conflict', 'AlreadyExists', 'NotFound') ? 'debug' : 'warn';
      log[level]({ err: error }, 'cannot write whether the configuration is in force');
    }
    return this.#patience.ask(`${namespace ?? ''}/${name}`, problems);
  }

  async #write(
    before: ConfigurationState | undefined,
    status: ConfigurationStateStatus,
    signal: AbortSignal,
  ): Promise<void> {
    const { api } = this.#deps;
    const ref = stateRef(this.#owner);
    let state = before ?? (await api.create(CONFIGURATION_STATES, newState(this.#owner), { signal }));
    if (!isOwn(state, this.#owner)) {
      const { resourceVersion } = state.metadata;
      const metadata = { ...ownMetadata(this.#owner), resourceVersion };
      state = await api.patch(CONFIGURATION_STATES, ref, { metadata }, { type: 'merge', signal });
    }
    const { resourceVersion } = state.metadata;
    await api.patch(
      CONFIGURATION_STATES,
      ref,
      { metadata: { resourceVersion }, status },
      { type: 'merge', subresource: 'status', signal },
    );
    this.#replaced = before?.metadata.resourceVersion;
  }
}
