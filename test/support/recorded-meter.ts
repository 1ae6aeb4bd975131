/** Metrics that a test can read: each series by its name and label values. */
import type { Counter, Gauge, Histogram, MainMeter, MetricLabels } from '../../speaker/src/ports.js';

export class RecordedMeter implements MainMeter {
  readonly #series = new Map<string, number>();

  counter(name: string): Counter {
    return {
      inc: (labels, by = 1) => this.#series.set(seriesOf(name, labels), this.value(name, labels) + by),
      remove: (labels) => this.#series.delete(seriesOf(name, labels)),
    };
  }

  gauge(name: string): Gauge {
    return {
      set: (labels, value) => this.#series.set(seriesOf(name, labels), value),
      remove: (labels) => this.#series.delete(seriesOf(name, labels)),
    };
  }

  /** Two series, as in Prometheus' text format: `…_count` and `…_sum`. */
  histogram(name: string): Histogram {
    const count = this.counter(`${name}_count`);
    const sum = this.counter(`${name}_sum`);
    return {
      observe: (labels, value) => {
        count.inc(labels);
        sum.inc(labels, value);
      },
    };
  }

  /** The value of one series; 0 when there is none. */
  value(name: string, labels: MetricLabels = {}): number {
    return this.#series.get(seriesOf(name, labels)) ?? 0;
  }

  /** The sum of all series of one metric. */
  total(name: string): number {
    let sum = 0;
    for (const [series, value] of this.#series) if (series.startsWith(`${name}[`)) sum += value;
    return sum;
  }
}

function seriesOf(name: string, labels: MetricLabels): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}${JSON.stringify(pairs)}`;
}
