/** What elections bring this node and take from it, and how long it takes until it answers for what they bring. */
import type { Clock } from '@metallb-l2/sdk/kube';
import type { ServiceKey } from './cluster/service-ref.js';
import type { Counter, Meter } from './ports.js';
import type { Verdict } from './reconcile.js';

type Verdicts = ReadonlyMap<ServiceKey, Verdict>;

export class Takeovers {
  readonly #clock: Clock;
  readonly #elections: Counter;
  readonly #count: Counter;
  readonly #seconds: Counter;
  /** When the news came that made each service this node's, until it is answered for; on the monotonic clock. */
  readonly #wonAt = new Map<ServiceKey, number>();

  constructor({ clock, meter }: { clock: Clock; meter: Meter }) {
    this.#clock = clock;
    this.#elections = meter.counter(
      'metallb_speaker_elections',
      'Services that came to this node by election, or went to another, by result',
      ['result'],
    );
    const took = (part: string, help: string) =>
      meter.counter(`metallb_speaker_takeover_seconds_${part}`, help, []);
    this.#count = took('count', 'Services this node has taken over and answers for');
    this.#seconds = took('sum', 'Time from the news that called for each take-over to the first answer');
  }

  /** Decisions have changed, by news of `newsAt`, milliseconds on the monotonic clock. */
  decided(before: Verdicts, now: Verdicts, newsAt: number): void {
    for (const key of new Set([...before.keys(), ...now.keys()])) {
      const wasOurs = before.get(key)?.kind === 'announce';
      const kind = now.get(key)?.kind;
      if (kind !== 'announce') this.#wonAt.delete(key);
      else if (!wasOurs) this.#wonAt.set(key, newsAt);
      if (kind === 'announce' && !wasOurs) this.#elections.inc({ result: 'won' });
      if (kind === 'elsewhere' && wasOurs) this.#elections.inc({ result: 'lost' });
    }
  }

  /** An interface answers for the service. */
  answered(key: ServiceKey): void {
    const wonAt = this.#wonAt.get(key);
    if (wonAt === undefined) return;
    this.#wonAt.delete(key);
    this.#count.inc({});
    this.#seconds.inc({}, (this.#clock.monotonic() - wonAt) / 1000);
  }
}
