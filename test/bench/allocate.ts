/**
 * Giving out addresses: our controller and upstream's, each on an API server of its own, one after the other, in
 * turns. What each asks of the API server is counted in its audit log.
 */
import { seededRandom } from '../support/seeded-random.ts';
import type { Task } from '../toolchain/progress.ts';
import { resolveTool } from '../toolchain/resolve.ts';
import { burst } from './allocate/burst.ts';
import { type Crowd, CrowdedSite } from './allocate/many.ts';
import { compare, type Comparison } from './allocate/rivals.ts';
import { Sequence } from './allocate/sequence.ts';
import type { TrafficPolicy } from './allocate/services.ts';
import { type Benchmark, type Result, spreadOf, SUBJECT_NAMES, type SubjectName } from './benchmark.ts';
import type { Figures } from './lan/measure.ts';
import { SUBJECTS } from './subjects.ts';

const SCENARIOS = ['burst', 'burst-local', 'many', 'sequence'] as const;

/** With traffic kept local upstream looks at every service again for each one that gets an address. */
const BURSTS: readonly (readonly [scenario: string, policy: TrafficPolicy])[] = [
  ['burst', 'Cluster'],
  ['burst-local', 'Local'],
];
const CROWD = { services: 10_000, pools: 100, settleMs: 30_000 };
const QUICK_CROWD = { services: 20, pools: 2, settleMs: 1000 };

export const allocate: Benchmark = {
  name: 'allocate',
  about:
    '2,000 services at once: until all have an address, and writes; memory with 10,000; 300 operations on ours and upstream, and where they differ',
  takes: ['trials', 'subjects'],
  scenarios: SCENARIOS,
  async *run({ quick, signal, log, scenarios = SCENARIOS, ...options }) {
    const { subjects = SUBJECT_NAMES, trials = quick ? 1 : 3 } = options;
    const task = { log, signal };
    await resolveTool('metallb-controller', task);
    for (const [scenario, policy] of BURSTS) {
      if (!scenarios.includes(scenario)) continue;
      const size = { services: quick ? 20 : 2000, policy };
      const plan = { services: size.services, trials, subjects };
      yield* inTurns(scenario, plan, task, (subject) => burst(subject, size, task));
    }
    if (scenarios.includes('many')) yield* crowded(quick ? QUICK_CROWD : CROWD, { trials, subjects }, task);
    if (scenarios.includes('sequence')) yield await compared(quick ? 10 : 300, trials, task);
  },
};

async function* crowded(
  crowd: Crowd,
  { trials, subjects }: Omit<Plan, 'services'>,
  task: Task,
): AsyncGenerator<Result> {
  const site = await CrowdedSite.open(crowd, task);
  try {
    const plan = { services: crowd.services, trials, subjects };
    yield* inTurns('many', plan, task, (subject) => site.measure(subject, task));
  } finally {
    await site.close();
  }
}

/** Each trial has a seed of its own, from 1 on. */
async function compared(operations: number, trials: number, task: Task): Promise<Result> {
  const all: Comparison[] = [];
  for (let seed = 1; seed <= trials; seed++) {
    all.push(await compare(new Sequence(seededRandom(seed)), operations, task));
  }
  const count = (what: (comparison: Comparison) => number) => spreadOf(all.map(what));
  return {
    benchmark: 'allocate sequence',
    subject: `${SUBJECTS.ours.title}, ${SUBJECTS.upstream.title}`,
    runs: trials,
    parameters: { operations },
    figures: {
      differences: count(({ differences }) => differences.length),
      kept: count(({ kept }) => kept.length),
      late: count(({ late }) => late.length),
      unordered: count(({ unordered }) => unordered),
    },
  };
}

interface Plan {
  readonly services: number;
  readonly trials: number;
  readonly subjects: readonly SubjectName[];
}

/** In turns, the other one first in every second trial, so that a busy moment of the machine hits both. */
async function* inTurns(
  scenario: string,
  { services, trials, subjects }: Plan,
  { log }: Task,
  trial: (subject: SubjectName) => Promise<Figures>,
): AsyncGenerator<Result> {
  const all = new Map(subjects.map((subject) => [subject, new Map<string, number[]>()]));
  for (let number = 1; number <= trials; number++) {
    for (const subject of number % 2 === 1 ? subjects : subjects.toReversed()) {
      const figures = Object.entries(await trial(subject));
      const words = figures.map(([name, value]) => `${name} ${value.toFixed(1)}`).join(', ');
      log(`${SUBJECTS[subject].title}, ${scenario} ${number}/${trials}: ${words}`);
      const values = all.get(subject);
      for (const [name, value] of figures) values?.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  for (const [subject, values] of all) {
    const spreads = [...values].map(([name, list]) => [name, spreadOf(list)] as const);
    yield {
      benchmark: `allocate ${scenario}`,
      subject: SUBJECTS[subject].title,
      runs: trials,
      parameters: { services },
      figures: Object.fromEntries(spreads),
    };
  }
}
