/**
 * Addresses that another station wants as well: what is said of it, and when they are defended
 * (RFC 5227 §2.4, for IPv6 alike).
 */
import type { Clock } from '@metallb-l2/sdk/kube';
import type { MacAddress } from '../wire/address.js';
import type { AnnouncedAddress } from './announced-address.js';

/** Another station wants an address of ours. */
export interface Claim {
  readonly address: AnnouncedAddress;
  readonly mac: MacAddress;
  /** The name of the interface it was heard on. */
  readonly interface: string;
  /** `probe`: it asks whether the address is free, and was told that it is not. `claim`: it uses it. */
  readonly kind: 'claim' | 'probe';
}

export interface DisputesDeps {
  clock: Clock;
  isCurrent(address: AnnouncedAddress): boolean;
  /** `claim` has turned out to be a conflict. Called at most once in ten seconds for an address and kind. */
  onConflict(claim: Claim): void;
}

/** DEFEND_INTERVAL of RFC 5227 §1.1, in milliseconds. */
const DEFEND_INTERVAL_MS = 10_000;

/**
 * The next owner's claim may come before the news that it was elected. Only an address that is ours still
 * so many milliseconds later is in conflict; defending it before would undo an orderly take-over.
 */
const NEWS_DELAY_MS = 1000;

export class Disputes {
  readonly #deps: DisputesDeps;

  constructor(deps: DisputesDeps) {
    this.#deps = deps;
  }

  /** Looks into `claim`, unless that was done a short while ago or `signal` is aborted before the end. */
  note(claim: Claim, signal: AbortSignal | undefined): void {
    const { clock } = this.#deps;
    const { address, kind } = claim;
    const elapsedMs = clock.now() - address.disputedAt[kind];
    // Negative when the clock was set back: then it begins anew.
    if (elapsedMs >= 0 && elapsedMs < DEFEND_INTERVAL_MS) return;
    address.disputedAt[kind] = clock.now();
    void clock.sleep(NEWS_DELAY_MS, signal).then(
      () => {
        if (this.#deps.isCurrent(address)) this.#deps.onConflict(claim);
      },
      () => undefined,
    );
  }
}
