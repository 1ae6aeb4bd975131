/** What elections bring this node and take from it, and how long it takes until it answers for what they bring. */
import type { Clock } from '@metallb-l2/sdk/kube';
import type { ServiceKey } from './cluster/service-ref.js';
import type { Counter, Histogram, MainMeter } from './ports.js';
import type { Verdict } from './reconcile.js';

/** Upper bounds in seconds: a decision takes some milliseconds, a thread that has to be replaced some seconds. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What an election meant for this node. */
export type ElectionResult = 'won' | 'lost';

type Verdicts = ReadonlyMap<ServiceKey, Verdict>;

export class Takeovers {
  readonly #clock: Clock;
  readonly #elections: Counter;
  readonly #seconds: Histogram;
  /** When the news came that made each service this node's, until it is answered for; on the monotonic clock. */
  readonly #wonAt = new Map<ServiceKey, number>();

  constructor({ clock, meter }: { clock: Clock; meter: MainMeter }) {
    this.#clock = clock;
    this.#elections = meter.counter(
      'metallb_speaker_elections',
      'Elections that brought this node a service or took one from it, by result',
      ['result'],
    );
    this.#seconds = meter.histogram(
      'metallb_speaker_takeover_seconds',
      "Seconds from the news that makes a service this node's until the node answers for it",
      [],
      BUCKETS,
    );
  }

  /** Decisions have changed, by news of `newsAt`, milliseconds on the monotonic clock. */
  decided(before: Verdicts, now: Verdicts, newsAt: number): void {
    for (const key of new Set([...before.keys(), ...now.keys()])) {
      const wasOurs = before.get(key)?.kind === 'announce';
      const kind = now.get(key)?.kind;
      if (kind !== 'announce') this.#wonAt.delete(key);
      else if (!wasOurs) this.#wonAt.set(key, newsAt);
      if (kind === 'announce' && !wasOurs) this.#count('won');
      if (kind === 'elsewhere' && wasOurs) this.#count('lost');
    }
  }

  /** An interface answers for the service. */
  answered(key: ServiceKey): void {
    const wonAt = this.#wonAt.get(key);
    if (wonAt === undefined) return;
    this.#wonAt.delete(key);
    this.#seconds.observe({}, (this.#clock.monotonic() - wonAt) / 1000);
  }

  #count(result: ElectionResult): void {
    this.#elections.inc({ result });
  }
}
