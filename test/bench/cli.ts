/** `npm run bench`: figures of ours and of its peers, measured side by side in one run. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { endOf, stopSignal } from '../support/stop-signal.ts';
import { type Benchmark, type BenchOption, type BenchOptions, inWords, SUBJECT_NAMES } from './benchmark.ts';
import { allocate } from './allocate.ts';
import { arp } from './arp.ts';
import { chooseBenchmarks } from './choice.ts';
import { failover } from './failover.ts';
import { heal } from './heal.ts';
import { install } from './install.ts';
import { soak } from './soak.ts';
import { statuses } from './statuses.ts';

/** From the cheapest to the dearest: the last ones need a lab, and so Linux and root. */
const BENCHMARKS: readonly Benchmark[] = [statuses, allocate, arp, install, heal, failover, soak];
const SCENARIOS = BENCHMARKS.flatMap(({ scenarios = [] }) => scenarios);
const namesOf = (benchmarks: readonly Benchmark[]) => benchmarks.map(({ name }) => name).join(', ');
const thatTake = (option: BenchOption) => namesOf(BENCHMARKS.filter(({ takes }) => takes.includes(option)));

interface Options extends Pick<BenchOptions, 'trials' | 'minutes' | 'subjects' | 'scenarios'> {
  readonly json?: true;
  readonly quick?: true;
}

const program = new Command('bench')
  .description('Measures ours beside its peers; medians, with the least and the most of all runs.')
  .addArgument(new Argument('[name]', 'run only this one').choices(BENCHMARKS.map(({ name }) => name)))
  .option('--json', 'one line of JSON for each subject')
  .option('--quick', 'small and once: shows only that the benchmark runs')
  .option('--trials <count>', `how often each figure is taken (${thatTake('trials')})`, parseCount)
  .option('--minutes <minutes>', `how long the load lasts (${thatTake('minutes')})`, parseMinutes)
  .addOption(
    new Option('--subjects <names...>', `measure only these (${thatTake('subjects')})`).choices(
      SUBJECT_NAMES,
    ),
  )
  .addOption(
    new Option(
      '--scenarios <names...>',
      `only these (${namesOf(BENCHMARKS.filter(({ scenarios }) => scenarios !== undefined))})`,
    ).choices(SCENARIOS),
  )
  .addHelpText('after', `\n${BENCHMARKS.map(({ name, about }) => `${name}: ${about}`).join('\n')}`)
  .parse();

const signal = stopSignal();
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const { json = false, quick = false, ...options } = program.opts<Options>();
try {
  for (const benchmark of chooseBenchmarks(BENCHMARKS, program.args[0], options)) {
    log(`${benchmark.name}: ${benchmark.about}`);
    for await (const result of benchmark.run({ quick, signal, log, ...options })) {
      process.stdout.write(`${json ? JSON.stringify(result) : inWords(result)}\n`);
    }
  }
} catch (error) {
  const { reason, code } = endOf(error, signal);
  log(reason);
  process.exitCode = code;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('a whole number from 1 up is needed');
  return Number(text);
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (!(minutes > 0 && minutes <= 24 * 60)) throw new InvalidArgumentError('a number above 0 is needed');
  return minutes;
}
