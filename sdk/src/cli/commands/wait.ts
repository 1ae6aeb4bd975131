/** `wait`: until a service is announced, by whom it should be, or until it no longer is. */
import { type Command, Option } from 'commander';
import { serviceKey } from '../../status/announcement.js';
import { type ServiceArgument, parseDuration, parseNode } from '../arguments.js';
import { EXIT } from '../exit-code.js';
import { UsageError } from '../failure.js';
import { serviceArgument } from '../options.js';
import { printable } from '../render/printable.js';
import type { GlobalOptions } from '../session.js';
import { type AddCommand, printLines } from './command.js';

interface WaitOptions extends GlobalOptions {
  readonly for: 'announced' | 'withdrawn';
  readonly node?: string;
  readonly not?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

export const addWait: AddCommand = (program, ports, run) => {
  program
    .command('wait')
    .description('until a service is announced, by a certain node or by another one, or no longer is')
    .addArgument(serviceArgument({ required: true }))
    .addOption(
      new Option('--for <state>', 'what is waited for')
        .choices(['announced', 'withdrawn'])
        .default('announced'),
    )
    .addOption(new Option('--node <name>', 'announced by this node').argParser(parseNode))
    .addOption(new Option('--not <name>', 'announced by another node than this').argParser(parseNode))
    .addOption(
      new Option('--timeout <duration>', 'how long at most, then it ends with 124; 0s only looks')
        .default(60_000, '60s')
        .argParser(parseDuration),
    )
    .action(async (argument: ServiceArgument, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<WaitOptions>();
      const { node, not } = options;
      if (options.for === 'withdrawn' && (node ?? not) !== undefined) {
        throw new UsageError('--for withdrawn is about every node; leave out --node and --not');
      }
      await run(options, async (session) => {
        const service = session.serviceOf(argument);
        const limits = { timeoutMs: options.timeout, signal: ports.signal };
        if (options.for === 'withdrawn') {
          await session.client.waitUntilWithdrawn(service, limits);
          printLines(ports.out, [`${serviceKey(service)} is not announced`]);
          return EXIT.ok;
        }
        const announcement = await session.client.waitUntilAnnounced(service, {
          ...limits,
          ...(node !== undefined && { node }),
          ...(not !== undefined && { not }),
        });
        printLines(ports.out, [printable(`${serviceKey(service)} is announced by ${announcement.node}`)]);
        return EXIT.ok;
      });
    });
};
