/** `wait`: until a service is announced, by whom it should be, or until it no longer is. */
import { type Command, Option } from 'commander';
import { type ServiceRef, serviceKey } from '../../status/announcement.js';
import { ServiceL2StatusError } from '../../status/errors.js';
import { type ServiceArgument, parseDuration, parseNode } from '../arguments.js';
import { EXIT } from '../exit-code.js';
import { UsageError } from '../failure.js';
import { serviceArgument } from '../options.js';
import type { CliPorts } from '../ports.js';
import type { GlobalOptions, Session } from '../session.js';
import { type AddCommand, printLines } from './command.js';
import { eventsOf } from './scope.js';

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
        if (options.for === 'withdrawn') {
          await untilWithdrawn(ports, session, service, options.timeout);
          printLines(ports.out, [`${serviceKey(service)} is not announced`]);
          return EXIT.ok;
        }
        const announcement = await session.client.waitUntilAnnounced(service, {
          timeoutMs: options.timeout,
          signal: ports.signal,
          ...(node !== undefined && { node }),
          ...(not !== undefined && { not }),
        });
        printLines(ports.out, [`${serviceKey(service)} is announced by ${announcement.node}`]);
        return EXIT.ok;
      });
    });
};

/** @throws ServiceL2StatusError `Timeout` */
async function untilWithdrawn(
  { clock, signal }: CliPorts,
  session: Session,
  service: ServiceRef,
  timeoutMs: number,
): Promise<void> {
  const over = new AbortController();
  const gone = new AbortController();
  let synced = false;
  const giveUp = () => {
    const found = synced ? 'is still announced' : 'may still be announced';
    const why = synced ? '' : '; the API server has not answered yet';
    const message = `${serviceKey(service)} ${found} after ${timeoutMs / 1000} s${why}`;
    over.abort(new ServiceL2StatusError('Timeout', message, { service }));
  };
  if (timeoutMs > 0) clock.sleep(timeoutMs, gone.signal).then(giveUp, () => undefined);
  const scope = { filter: { service }, has: () => true, inWords: serviceKey(service) };
  try {
    for await (const event of eventsOf(session, scope, AbortSignal.any([signal, over.signal]))) {
      if (event.type === 'withdrawn') return;
      if (event.type === 'synced' && event.statuses.length === 0) return;
      synced = true;
      if (timeoutMs === 0) giveUp();
    }
  } finally {
    gone.abort();
  }
}
