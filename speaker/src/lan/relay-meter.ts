/**
 * Metrics that are counted on one thread and exported by another: sums are kept here and sent in batches,
 * so that a counted frame costs no message.
 */
import type { Counter, Gauge, Meter, MetricLabels } from '../ports.js';
import type { MetricsBatch } from './protocol.js';

type Declared = MetricsBatch['declared'][number];

/** The side that counts. */
export class RelayMeter implements Meter {
  readonly #known = new Map<string, Declared>();
  #declared: Declared[] = [];
  #removed: [id: number, labels: MetricLabels][] = [];
  readonly #counted = new Map<string, [id: number, labels: MetricLabels, by: number]>();
  readonly #gauged = new Map<string, [id: number, labels: MetricLabels, value: number | undefined]>();

  counter(name: string, help: string, labelNames: readonly string[]): Counter {
    const { id } = this.#declare('counter', name, help, labelNames);
    return {
      inc: (labels, by = 1) => {
        const key = seriesKey(id, labelNames, labels);
        const series = this.#counted.get(key);
        if (series === undefined) this.#counted.set(key, [id, labels, by]);
        else series[2] += by;
      },
      remove: (labels) => {
        this.#counted.delete(seriesKey(id, labelNames, labels));
        this.#removed.push([id, labels]);
      },
    };
  }

  gauge(name: string, help: string, labelNames: readonly string[]): Gauge {
    const { id } = this.#declare('gauge', name, help, labelNames);
    const put = (labels: MetricLabels, value: number | undefined) => {
      this.#gauged.set(seriesKey(id, labelNames, labels), [id, labels, value]);
    };
    return { set: put, remove: (labels) => put(labels, undefined) };
  }

  /** What has happened since the last call; `undefined` for nothing. */
  take(): MetricsBatch | undefined {
    const parts = [this.#declared.length, this.#removed.length, this.#counted.size, this.#gauged.size];
    if (parts.every((size) => size === 0)) return undefined;
    const batch: MetricsBatch = {
      type: 'metrics',
      declared: this.#declared,
      removed: this.#removed,
      counted: [...this.#counted.values()],
      gauged: [...this.#gauged.values()],
    };
    this.#declared = [];
    this.#removed = [];
    this.#counted.clear();
    this.#gauged.clear();
    return batch;
  }

  #declare(kind: Declared['kind'], name: string, help: string, labelNames: readonly string[]): Declared {
    let metric = this.#known.get(name);
    if (metric === undefined) {
      metric = { id: this.#known.size, kind, name, help, labelNames };
      this.#known.set(name, metric);
      this.#declared.push(metric);
    }
    return metric;
  }
}

/** The side that exports: repeats on a real meter what one {@link RelayMeter} counted. */
export class MeterReplay {
  readonly #meter: Meter;
  readonly #counters = new Map<number, Counter>();
  readonly #gauges = new Map<number, Gauge>();
  readonly #series = new Map<string, { gauge: Gauge; labels: MetricLabels }>();

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  apply({ declared, removed, counted, gauged }: MetricsBatch): void {
    for (const { id, kind, name, help, labelNames } of declared) {
      if (kind === 'counter') this.#counters.set(id, this.#meter.counter(name, help, labelNames));
      else this.#gauges.set(id, this.#meter.gauge(name, help, labelNames));
    }
    for (const [id, labels] of removed) this.#counters.get(id)?.remove(labels);
    for (const [id, labels, by] of counted) this.#counters.get(id)?.inc(labels, by);
    for (const [id, labels, value] of gauged) this.#gauge(id, labels, value);
  }

  /** Nobody sets the gauges any more: takes back what they said. */
  end(): void {
    for (const { gauge, labels } of this.#series.values()) gauge.remove(labels);
    this.#series.clear();
  }

  #gauge(id: number, labels: MetricLabels, value: number | undefined): void {
    const gauge = this.#gauges.get(id);
    if (gauge === undefined) return;
    const key = seriesKey(id, Object.keys(labels).sort(), labels);
    if (value === undefined) {
      this.#series.delete(key);
      gauge.remove(labels);
    } else {
      this.#series.set(key, { gauge, labels });
      gauge.set(labels, value);
    }
  }
}

function seriesKey(id: number, labelNames: readonly string[], labels: MetricLabels): string {
  let key = String(id);
  for (const name of labelNames) key += `\0${labels[name] ?? ''}`;
  return key;
}
