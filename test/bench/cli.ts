/** `npm run bench`: figures of ours and of its peers, measured side by side in one run. */
import { Argument, Command } from 'commander';
import { stopSignal } from '../support/stop-signal.ts';
import { type Benchmark, inWords } from './benchmark.ts';
import { statuses } from './statuses.ts';

const BENCHMARKS: readonly Benchmark[] = [statuses];

const program = new Command('bench')
  .description('Measures ours beside its peers; medians, with the least and the most of all runs.')
  .addArgument(new Argument('[name]', 'run only this one').choices(BENCHMARKS.map(({ name }) => name)))
  .option('--json', 'one line of JSON for each subject')
  .option('--quick', 'small and once: shows only that the benchmark runs')
  .addHelpText('after', `\n${BENCHMARKS.map(({ name, about }) => `${name}: ${about}`).join('\n')}`)
  .parse();

const signal = stopSignal();
const { json = false, quick = false } = program.opts<{ json?: true; quick?: true }>();
const [name] = program.args;
for (const benchmark of BENCHMARKS) {
  if (name !== undefined && benchmark.name !== name) continue;
  process.stderr.write(`${benchmark.name}: ${benchmark.about}\n`);
  for await (const result of benchmark.run({ quick, signal })) {
    process.stdout.write(`${json ? JSON.stringify(result) : inWords(result)}\n`);
  }
}
