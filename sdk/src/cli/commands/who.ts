/** `who`: which node announces one service, and how sure that is. */
import type { Command } from 'commander';
import { serviceKey } from '../../status/announcement.js';
import type { ServiceArgument } from '../arguments.js';
import { EXIT } from '../exit-code.js';
import { type Format, noHeadersOption, outputOption, serviceArgument } from '../options.js';
import { answerLines, answerNotes } from '../render/answer.js';
import { paintFor } from '../render/paint.js';
import { printable } from '../render/printable.js';
import type { GlobalOptions } from '../session.js';
import { type AddCommand, printData, printLines, printNotes } from './command.js';

interface WhoOptions extends GlobalOptions {
  readonly output?: Format;
  readonly headers: boolean;
}

export const addWho: AddCommand = (program, ports, run) => {
  program
    .command('who')
    .description('which node announces a service, and how sure that is')
    .addArgument(serviceArgument({ required: true }))
    .addOption(outputOption('wide', 'json', 'yaml', 'name'))
    .addOption(noHeadersOption())
    .addHelpText(
      'after',
      '\nEnds with 1 when nobody announces it, or when who did is gone or silent (stale).',
    )
    .action(async (argument: ServiceArgument, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<WhoOptions>();
      await run(options, async (session) => {
        const service = session.serviceOf(argument);
        const answer = await session.client.whoAnnounces(service, { signal: ports.signal });
        const { output, headers } = options;
        const { out, clock } = ports;
        if (output === 'json' || output === 'yaml') {
          await printData(out, output, answer);
        } else if (answer.certainty === 'nobody') {
          const explain = `${ports.name} explain ${serviceKey(service)}`;
          printNotes(ports, [`nobody announces ${serviceKey(service)}: ${answer.why}; see \`${explain}\``]);
        } else if (output === 'name') {
          printLines(out, [printable(`node/${answer.node}`)]);
          printNotes(ports, answerNotes(answer));
        } else {
          const table = { wide: output === 'wide', headers, now: clock.now(), paint: paintFor(out) };
          printLines(out, answerLines(answer, table));
          printNotes(ports, answerNotes(answer));
        }
        return answer.certainty === 'nobody' || answer.certainty === 'stale' ? EXIT.no : EXIT.ok;
      });
    });
};
