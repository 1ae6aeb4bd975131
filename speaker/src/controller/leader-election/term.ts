/** One time of leading, from the moment the lease was got to the moment it is lost or given back. */
import type { Clock, KubeApi, Lease } from '@metallb-l2/sdk/kube';
import type { LeaseSettings } from '@metallb-l2/sdk/settings';
import { GuardedKubeApi } from './guarded-kube-api.js';
import { type Instant, leadsForMs } from './lease-machine.js';

export interface TermDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
}

/** Why a leader must not write any more. */
class LeadLostError extends Error {
  override readonly name = 'LeadLostError';
}

export class Term {
  /** Lets writes through as long as this one leads. */
  readonly api: GuardedKubeApi;
  /** The lease, as it was got. */
  readonly lease: Lease;
  /** Aborted when the lead is lost or is to be given back. */
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #timing: LeaseSettings;
  readonly #lost = new AbortController();
  readonly #stopping = new AbortController();
  #renewedAt: Instant;

  constructor({ api, clock }: TermDeps, timing: LeaseSettings, lease: Lease, renewedAt: Instant) {
    this.#clock = clock;
    this.#timing = timing;
    this.lease = lease;
    this.#renewedAt = renewedAt;
    this.signal = AbortSignal.any([this.#lost.signal, this.#stopping.signal]);
    this.api = new GuardedKubeApi(api, { check: () => this.#check(), lost: this.#lost.signal, clock });
  }

  /** The lease was renewed by a write that was sent at `sentAt`. */
  renewed(sentAt: Instant): void {
    this.#renewedAt = sentAt;
  }

  /** From now on nothing is written, and what is on its way is broken off. Idempotent. */
  lose(): void {
    this.#lost.abort(new LeadLostError('no longer the leader'));
  }

  /** Asks the tasks to end; what they have sent may still be answered. */
  stop(): void {
    this.#stopping.abort(new LeadLostError('giving back the lead'));
  }

  #check(): void {
    if (leadsForMs(this.#timing, this.#renewedAt, instantOf(this.#clock)) <= 0) this.lose();
    this.#lost.signal.throwIfAborted();
  }
}

export function instantOf(clock: Clock): Instant {
  return { monotonic: clock.monotonic(), wall: clock.now() };
}
