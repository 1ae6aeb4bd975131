/** `doctor`: what is wrong with MetalLB's layer 2 in the cluster. */
import type { Command } from 'commander';
import { EXIT } from '../exit-code.js';
import { type Format, outputOption } from '../options.js';
import { findingLines, summaryLine } from '../render/findings.js';
import { paintFor } from '../render/paint.js';
import type { GlobalOptions } from '../session.js';
import { type AddCommand, printData, printLines } from './command.js';

interface DoctorOptions extends GlobalOptions {
  readonly output?: Extract<Format, 'json' | 'yaml'>;
}

export const addDoctor: AddCommand = (program, ports, run) => {
  program
    .command('doctor')
    .description("what is wrong with MetalLB's layer 2 in the whole cluster, with what to do")
    .addOption(outputOption('json', 'yaml'))
    .addHelpText('after', '\nEnds with 1 when there are errors or warnings.')
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<DoctorOptions>();
      await run(options, async (session) => {
        const { out, signal } = ports;
        const findings = await session.client.doctor({ signal });
        if (options.output !== undefined) await printData(out, options.output, findings);
        else printLines(out, [...findingLines(findings, paintFor(out)), summaryLine(findings)]);
        return findings.every(({ severity }) => severity === 'info') ? EXIT.ok : EXIT.no;
      });
    });
};
