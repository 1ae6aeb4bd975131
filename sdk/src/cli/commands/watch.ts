/** `watch`: every change of announcements, as it happens. */
import type { Command } from 'commander';
import type { ServiceArgument } from '../arguments.js';
import { EXIT } from '../exit-code.js';
import { type Format, allNamespacesOption, nodeOption, outputOption, serviceArgument } from '../options.js';
import { eventData, eventLines } from '../render/events.js';
import { paintFor } from '../render/paint.js';
import { yamlLines } from '../render/structured.js';
import { type AddCommand, printLines } from './command.js';
import { type ScopeOptions, eventsOf, scopeOf } from './scope.js';

interface WatchOptions extends ScopeOptions {
  readonly output?: Format;
}

export const addWatch: AddCommand = (program, ports, run) => {
  program
    .command('watch')
    .description('every change as it happens: announced, moved, updated, withdrawn; until Ctrl-C')
    .addArgument(serviceArgument({ required: false }))
    .addOption(allNamespacesOption())
    .addOption(nodeOption())
    .addOption(outputOption('json', 'yaml'))
    .addHelpText('after', '\nWith -o json each event is one line, with -o yaml one document.')
    .action(async (service: ServiceArgument | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<WatchOptions>();
      await run(options, async (session) => {
        const { out, clock, signal } = ports;
        const scope = scopeOf(session, service, options);
        const paint = paintFor(out);
        for await (const event of eventsOf(session, scope, signal)) {
          const now = clock.now();
          if (options.output === 'json') printLines(out, [JSON.stringify(eventData(event, now))]);
          else if (options.output === 'yaml')
            printLines(out, ['---', ...(await yamlLines(eventData(event, now)))]);
          else printLines(out, eventLines(event, now, paint));
        }
        return EXIT.ok;
      });
    });
};
