import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';
import type { Counter, Gauge, Histogram, MainMeter } from './ports.js';

/** How often the lag of the event loop is looked at, in milliseconds. */
const LAG_PRECISION_MS = 5000;

/** The metrics of one program, shown in Prometheus' text format. */
export class PrometheusMeter implements MainMeter {
  readonly #registry = new Registry();

  /** The content type of {@link render}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Adds what Node knows of the process: memory, event-loop lag, open files. */
  collectProcessMetrics(): void {
    // At its default of 10 ms the watch on the event loop would wake an idle program a hundred times a second.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LAG_PRECISION_MS });
  }

  counter(name: string, help: string, labelNames: readonly string[]): Counter {
    const registers = [this.#registry];
    const known = this.#registry.getSingleMetric(name);
    const counter =
      known instanceof PromCounter ? known : new PromCounter({ name, help, labelNames, registers });
    return {
      inc: (labels, by = 1) => {
        counter.inc(labels, by);
      },
      remove: (labels) => {
        counter.remove(labels);
      },
    };
  }

  gauge(name: string, help: string, labelNames: readonly string[]): Gauge {
    const registers = [this.#registry];
    const known = this.#registry.getSingleMetric(name);
    const gauge = known instanceof PromGauge ? known : new PromGauge({ name, help, labelNames, registers });
    return {
      set: (labels, value) => {
        gauge.set(labels, value);
      },
      remove: (labels) => {
        gauge.remove(labels);
      },
    };
  }

  histogram(
    name: string,
    help: string,
    labelNames: readonly string[],
    buckets: readonly number[],
  ): Histogram {
    const registers = [this.#registry];
    const known = this.#registry.getSingleMetric(name);
    const histogram =
      known instanceof PromHistogram
        ? known
        : new PromHistogram({ name, help, labelNames, buckets: [...buckets], registers });
    return {
      observe: (labels, value) => {
        histogram.observe(labels, value);
      },
    };
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }
}
