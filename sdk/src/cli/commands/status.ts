/** `status`: which services are announced, where, and since when. */
import { type Command, Option } from 'commander';
import { SERVICES } from '../../kube/core-types.js';
import { isKubeError } from '../../kube/errors.js';
import { listAll } from '../../kube/list-all.js';
import { serviceKey } from '../../status/announcement.js';
import type { StatusList } from '../../status-client.js';
import type { ServiceArgument } from '../arguments.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { UsageError } from '../failure.js';
import {
  type Format,
  allNamespacesOption,
  noHeadersOption,
  nodeOption,
  outputOption,
  serviceArgument,
} from '../options.js';
import type { CliPorts } from '../ports.js';
import {
  type AnnouncementRow,
  announcementColumns,
  sortAnnouncements,
  statusObjectName,
} from '../render/announcements.js';
import { paintFor } from '../render/paint.js';
import { columnWidths, tableLines } from '../render/table.js';
import type { Session } from '../session.js';
import { type AddCommand, printData, printLines, printNotes } from './command.js';
import { type Scope, type ScopeOptions, eventsOf, scopeOf } from './scope.js';

interface StatusOptions extends ScopeOptions {
  readonly selector?: string;
  readonly watch?: boolean;
  readonly output?: Format;
  readonly headers: boolean;
}

export const addStatus: AddCommand = (program, ports, run) => {
  program
    .command('status')
    .description('which services are announced, by which node and since when')
    .addArgument(serviceArgument({ required: false }))
    .addOption(allNamespacesOption())
    .addOption(new Option('-l, --selector <labels>', 'only services with these labels'))
    .addOption(nodeOption())
    .addOption(new Option('-w, --watch', 'go on with a row for each change'))
    .addOption(outputOption('wide', 'json', 'yaml', 'name'))
    .addOption(noHeadersOption())
    .action(async (service: ServiceArgument | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<StatusOptions>();
      await run(options, async (session) => {
        const scope = scopeOf(session, service, options);
        return options.watch === true
          ? follow(ports, session, scope, options)
          : show(ports, session, scope, options);
      });
    });
};

async function show(
  ports: CliPorts,
  session: Session,
  scope: Scope,
  options: StatusOptions,
): Promise<ExitCode> {
  const { out, signal } = ports;
  const [list, selected] = await Promise.all([
    session.client.list({ ...scope.filter, signal }),
    selectedServices(session, scope, options, signal),
  ]);
  const statuses = sortAnnouncements(
    list.statuses.filter(({ service }) => scope.has(service) && selected(serviceKey(service))),
  );
  printNotes(ports, list.invalid.map(invalidNote));
  const { output } = options;
  if (output === 'json' || output === 'yaml') {
    await printData(out, output, { ...list, statuses } satisfies StatusList);
  } else if (output === 'name') {
    printLines(out, statuses.map(statusObjectName));
  } else if (statuses.length > 0) {
    const rows = statuses.map((status) => ({ status }));
    const columns = announcementColumns({ ...shape(options), now: ports.clock.now() });
    printLines(out, tableLines(columns, rows, { headers: options.headers, paint: paintFor(out) }));
  } else {
    printNotes(ports, [`nothing is announced in ${scope.inWords}`]);
  }
  return statuses.length === 0 && scope.filter.service !== undefined ? EXIT.no : EXIT.ok;
}

async function follow(
  ports: CliPorts,
  session: Session,
  scope: Scope,
  options: StatusOptions,
): Promise<ExitCode> {
  const { out, signal, clock } = ports;
  const { output, selector } = options;
  if (output !== undefined && output !== 'wide') {
    throw new UsageError(`--watch prints rows, not "${output}"; \`watch -o json\` prints events as data`);
  }
  if (selector !== undefined) {
    throw new UsageError(`--selector "${selector}" cannot be followed; leave out --watch or --selector`);
  }
  const paint = paintFor(out);
  let widths: number[] | undefined;
  const print = (rows: readonly AnnouncementRow[]) => {
    const columns = announcementColumns({ ...shape(options), now: clock.now() });
    const headers = options.headers && widths === undefined;
    widths ??= columnWidths(columns, rows, { headers });
    printLines(out, tableLines(columns, rows, { headers, paint }, widths));
  };
  for await (const event of eventsOf(session, scope, signal)) {
    if (event.type === 'desynced') printNotes(ports, [event.error.message]);
    else if (event.type !== 'synced')
      print([{ status: event.status, withdrawn: event.type === 'withdrawn' }]);
    else if (widths === undefined) print(sortAnnouncements(event.statuses).map((status) => ({ status })));
  }
  return EXIT.ok;
}

function shape({ output, allNamespaces = false }: StatusOptions) {
  return { wide: output === 'wide', namespaces: allNamespaces };
}

/** Whether a service, by its key, has the labels asked for. */
async function selectedServices(
  { api, namespace }: Session,
  { filter }: Scope,
  { selector, allNamespaces = false }: StatusOptions,
  signal: AbortSignal,
): Promise<(key: string) => boolean> {
  if (selector === undefined) return () => true;
  const within = allNamespaces ? {} : { namespace: filter.service?.namespace ?? namespace };
  const { items } = await listAll(api, SERVICES, { ...within, labelSelector: selector, signal }).catch(
    (error: unknown) => {
      if (!isKubeError(error, 'BadRequest')) throw error;
      throw new UsageError(`--selector "${selector}": ${error.message}`);
    },
  );
  const keys = new Set(
    items.map(({ metadata }) =>
      serviceKey({ namespace: metadata.namespace ?? '', name: metadata.name ?? '' }),
    ),
  );
  return (key) => keys.has(key);
}

function invalidNote({ ref, problem }: StatusList['invalid'][number]): string {
  return `left out servicel2status ${ref.namespace ?? ''}/${ref.name}: ${problem.replaceAll(/\s+/g, ' ')}`;
}
