/** What every command is made of. */
import type { Command } from 'commander';
import type { ExitCode } from '../exit-code.js';
import type { CliPorts, Output } from '../ports.js';
import { printable } from '../render/printable.js';
import { jsonLines, yamlLines } from '../render/structured.js';
import type { GlobalOptions, Session } from '../session.js';

/** Does the work of a command with the cluster at hand, and keeps the exit code it ends with. */
export type Run = (options: GlobalOptions, work: (session: Session) => Promise<ExitCode>) => Promise<void>;

/** Adds a command to the program. */
export type AddCommand = (program: Command, ports: CliPorts, run: Run) => void;

export function printLines(to: Output, lines: readonly string[]): void {
  if (lines.length > 0) to.write(`${lines.join('\n')}\n`);
}

export async function printData(to: Output, format: 'json' | 'yaml', data: unknown): Promise<void> {
  printLines(to, format === 'json' ? jsonLines(data) : await yamlLines(data));
}

/** Something the user should know that is not part of the answer. */
export function printNotes({ name, err }: CliPorts, notes: readonly string[]): void {
  printLines(
    err,
    notes.map((note) => `${name}: ${printable(note)}`),
  );
}
