import type { Benchmark } from '../../bench/benchmark.ts';
import { chooseBenchmarks } from '../../bench/choice.ts';

const nothing = async function* () {
  // Is only chosen here.
};
const fast: Benchmark = { name: 'fast', about: '', takes: ['trials'], run: nothing };
const moves: Benchmark = {
  ...{ name: 'moves', about: '', takes: ['trials', 'subjects'], run: nothing },
  scenarios: ['cut', 'killed'],
};
const soak: Benchmark = {
  ...{ name: 'soak', about: '', takes: ['minutes'], run: nothing },
  scenarios: ['busy'],
};
const all = [fast, moves, soak];

describe('the benchmarks of a command line', () => {
  it.each([
    ['all', undefined, {}, all],
    ['the one that is named', 'fast', { trials: 3 }, [fast]],
    ['those that have a scenario', undefined, { scenarios: ['cut', 'busy'] }, [moves, soak]],
    ['all, with an option that one of them takes', undefined, { minutes: 1 }, all],
  ])('are %s', (_, name, wishes, expected) => {
    expect(chooseBenchmarks(all, name, wishes)).toEqual(expected);
  });

  it.each([
    ['soak', { scenarios: ['cut'] }, 'soak has no scenario "cut"; it has busy'],
    ['fast', { scenarios: ['cut'] }, 'fast has no scenario "cut"; it has none'],
    ['moves', { minutes: 1 }, '--minutes means nothing to moves'],
    [undefined, { scenarios: ['busy'], subjects: ['ours'] }, '--subjects means nothing to soak'],
  ])('are not guessed: %s %j', (name, wishes, message) => {
    expect(() => chooseBenchmarks(all, name, wishes)).toThrow(message);
  });
});
