/** Which benchmarks a command line asks for. */
import type { Benchmark, BenchOption } from './benchmark.ts';

interface Wishes extends Partial<Record<BenchOption, unknown>> {
  readonly scenarios?: readonly string[];
}

/**
 * Those of `all` that are asked for: the one that is named, else all; of these, those that have any of the scenarios.
 *
 * @throws when a scenario or an option means nothing to any of them
 */
export function chooseBenchmarks(
  all: readonly Benchmark[],
  name: string | undefined,
  wishes: Wishes,
): readonly Benchmark[] {
  const named = all.filter((each) => name === undefined || each.name === name);
  const known = named.flatMap(({ scenarios = [] }) => scenarios);
  const strange = wishes.scenarios?.find((scenario) => !known.includes(scenario));
  if (strange !== undefined) {
    throw new Error(`${name} has no scenario "${strange}"; it has ${known.join(', ') || 'none'}`);
  }
  const chosen = named.filter(
    ({ scenarios = [] }) =>
      wishes.scenarios === undefined || scenarios.some((scenario) => wishes.scenarios?.includes(scenario)),
  );
  for (const option of ['trials', 'minutes', 'subjects'] as const) {
    if (wishes[option] === undefined || chosen.some(({ takes }) => takes.includes(option))) continue;
    throw new Error(`--${option} means nothing to ${chosen.map((each) => each.name).join(' and ')}`);
  }
  return chosen;
}
