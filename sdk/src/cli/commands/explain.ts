/** `explain`: why a service is announced, or why it is not. */
import type { Command } from 'commander';
import type { ServiceArgument } from '../arguments.js';
import { EXIT } from '../exit-code.js';
import { type Format, outputOption, serviceArgument } from '../options.js';
import { explanationLines } from '../render/explanation.js';
import { paintFor } from '../render/paint.js';
import type { GlobalOptions } from '../session.js';
import { type AddCommand, printData, printLines } from './command.js';

interface ExplainOptions extends GlobalOptions {
  readonly output?: Extract<Format, 'json' | 'yaml'>;
}

export const addExplain: AddCommand = (program, ports, run) => {
  program
    .command('explain')
    .description('why a service is announced or not: a chain of checks, with what to do')
    .addArgument(serviceArgument({ required: true }))
    .addOption(outputOption('json', 'yaml'))
    .addHelpText('after', '\nEnds with 1 when it is not announced, or when a check fails.')
    .action(async (argument: ServiceArgument, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ExplainOptions>();
      await run(options, async (session) => {
        const { out, signal } = ports;
        const explanation = await session.client.explain(session.serviceOf(argument), { signal });
        if (options.output === undefined) printLines(out, explanationLines(explanation, paintFor(out)));
        else await printData(out, options.output, explanation);
        const isSound = explanation.announced && explanation.checks.every(({ ok }) => ok !== false);
        return isSound ? EXIT.ok : EXIT.no;
      });
    });
};
