/**
 * The command line: `metallb-l2`, also reachable as `kubectl l2`. Everything it needs of the world outside
 * is passed in, so that it runs over an API server in memory as over a real one.
 */
import { Command, CommanderError } from 'commander';
import { type AddCommand, printNotes, type Run } from './commands/command.js';
import { addCompletion } from './commands/completion.js';
import { addDoctor } from './commands/doctor.js';
import { addExplain } from './commands/explain.js';
import { addStatus } from './commands/status.js';
import { addWait } from './commands/wait.js';
import { addWatch } from './commands/watch.js';
import { addWho } from './commands/who.js';
import { complete } from './completion/complete.js';
import { EXIT, EXIT_CODE_HELP } from './exit-code.js';
import { failureOf } from './failure.js';
import { globalOptions } from './options.js';
import { type CliPorts, Interruption } from './ports.js';
import { withSession } from './session.js';

const COMMANDS: readonly AddCommand[] = [
  addStatus,
  addWho,
  addWatch,
  addWait,
  addExplain,
  addDoctor,
  addCompletion,
];

/** Runs one command line, without the program's own name, and gives its exit code. Never rejects. */
export async function runCli(argv: readonly string[], ports: CliPorts): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = createProgram(ports, async (options, work) => {
    exitCode = await withSession(ports, options, work);
  });
  try {
    if (argv[0] === '__complete') await complete(program, argv.slice(1), ports);
    else await program.parseAsync(argumentsFor(program, argv), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (ports.signal.aborted && ports.signal.reason instanceof Interruption)
      return ports.signal.reason.exitCode;
    const failure = failureOf(error);
    printNotes(ports, [failure.message]);
    return failure.exitCode;
  }
}

function argumentsFor(program: Command, argv: readonly string[]): readonly string[] {
  if (argv.length === 0) return ['--help'];
  const [first, name = '-'] = argv;
  const isKnown = name.startsWith('-') || program.commands.some((command) => command.name() === name);
  // Help for a command there is not is the usage alone; the command itself is refused by name.
  return first === 'help' && !isKnown ? argv.slice(1) : argv;
}

/** All commands with their options, to run or to be completed. */
function createProgram(ports: CliPorts, run: Run): Command {
  const { name, version, out, err } = ports;
  const program = new Command(name)
    .description("Which node announces a service of MetalLB's layer-2 mode, and why")
    .version(version, '--version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      outputError: (text, write) => write(`${name}: ${usageMessage(text)}; see \`${name} --help\`\n`),
      getOutHasColors: () => out.colours,
      getErrHasColors: () => err.colours,
    })
    .addHelpText('after', EXIT_CODE_HELP);
  for (const option of globalOptions()) program.addOption(option);
  for (const add of COMMANDS) add(program, ports, run);
  return program;
}

/** Commander's message as one line that ends without a full stop. */
function usageMessage(text: string): string {
  return text
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.?\s*$/, '');
}
