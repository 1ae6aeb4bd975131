/** What `npm run bench` runs, and how its figures look. */

export const SUBJECT_NAMES = ['ours', 'upstream'] as const;
export type SubjectName = (typeof SUBJECT_NAMES)[number];

/** Median of the runs, with the least and the most of them. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The figures of one subject; printed as one line. */
export interface Result {
  readonly benchmark: string;
  /** What was measured: ours, or a peer, with its version. */
  readonly subject: string;
  readonly runs: number;
  /** What the benchmark was made with, such as `objects`. */
  readonly parameters: Readonly<Record<string, number>>;
  /** By name, with the unit at its end, such as `listMs`. */
  readonly figures: Readonly<Record<string, Spread>>;
}

export interface BenchOptions {
  /** Small and once: shows that the benchmark runs, and nothing else. */
  readonly quick: boolean;
  /** How often each figure is taken. @default the benchmark's own number */
  readonly trials?: number;
  /** Which of its {@link Benchmark.scenarios} to go through. @default all */
  readonly scenarios?: readonly string[];
  /** How long a load lasts. @default the benchmark's own number */
  readonly minutes?: number;
  /** What to measure, in this order, where a lab is needed. @default ours, then upstream */
  readonly subjects?: readonly SubjectName[];
  /** Takes lines of progress. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The options that are not for every benchmark. */
export type BenchOption = 'trials' | 'minutes' | 'subjects';

export interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** The options that mean something to it. */
  readonly takes: readonly BenchOption[];
  /** Its parts that can be asked for by name. @default it has none */
  readonly scenarios?: readonly string[];
  run(options: BenchOptions): AsyncIterable<Result>;
}

/** Of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = sorted.length / 2;
  const median = (at(Math.ceil(middle) - 1) + at(Math.floor(middle))) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** One line for people: `statuses  metallb-l2 0.1.0  listMs 210 (205–230)`. */
export function inWords({ benchmark, subject, runs, parameters, figures }: Result): string {
  const made = Object.entries(parameters).map(([name, value]) => `${value} ${name}`);
  const measured = Object.entries(figures).map(
    ([name, { median, min, max }]) => `${name} ${round(median)} (${round(min)}–${round(max)})`,
  );
  const runsText = runs === 1 ? '1 run' : `${runs} runs`;
  return [benchmark.padEnd(22), subject.padEnd(26), ...measured, [...made, runsText].join(', ')].join('  ');
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
