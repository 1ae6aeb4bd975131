/** What a program knows of its own health, and how that answers the two questions a kubelet asks. */
import type { Clock } from '@metallb-l2/sdk/kube';
import type { Health } from '../ports.js';

export interface HealthOptions {
  /** A step of a loop that takes longer than this, in milliseconds, counts as stuck. @default 120000 */
  readonly stuckAfterMs?: number;
}

/** One line for each problem; none means yes. */
export type Problems = readonly string[];

export class HealthBoard implements Health {
  readonly #clock: Clock;
  readonly #stuckAfterMs: number;
  readonly #notReady = new Map<string, string>();
  readonly #busySince = new Map<string, number>();
  #stopping = false;

  constructor(clock: Clock, { stuckAfterMs = 120_000 }: HealthOptions = {}) {
    this.#clock = clock;
    this.#stuckAfterMs = stuckAfterMs;
  }

  notReady(part: string, reason: string): void {
    this.#notReady.set(part, reason);
  }

  ready(part: string): void {
    this.#notReady.delete(part);
  }

  busy(loop: string): void {
    this.#busySince.set(loop, this.#clock.monotonic());
  }

  idle(loop: string): void {
    this.#busySince.delete(loop);
  }

  /** From here on the program is not ready any more. */
  stopping(): void {
    this.#stopping = true;
  }

  /** Why the process should be restarted. That it is asked at all shows that the event loop runs. */
  liveness(): Problems {
    const now = this.#clock.monotonic();
    return [...this.#busySince]
      .map(([loop, since]) => ({ loop, elapsedMs: now - since }))
      .filter(({ elapsedMs }) => elapsedMs > this.#stuckAfterMs)
      .map(({ loop, elapsedMs }) => `${loop}: stuck for ${String(Math.round(elapsedMs / 1000))} s`);
  }

  /** Why the program does not do its work yet, or any more. */
  readiness(): Problems {
    if (this.#stopping) return ['shutting down'];
    return [...this.#notReady].map(([part, reason]) => `${part}: ${reason}`);
  }
}
