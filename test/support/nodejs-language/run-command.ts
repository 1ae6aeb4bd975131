/** Child processes of the language host. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from './commands.ts';

export interface Sinks {
  readonly signal: AbortSignal;
  readonly stdout: (bytes: Uint8Array) => void;
  readonly stderr: (bytes: Uint8Array) => void;
}

/** Runs a command to its end. @returns its exit code; 1 when a signal ended it */
export function runCommand(
  { program, args, cwd, env }: Command,
  { signal, stdout, stderr }: Sinks,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], signal });
    child.stdout.on('data', stdout);
    child.stderr.on('data', stderr);
    child.on('error', (error) => (signal.aborted ? resolve(1) : reject(error)));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Where `module` of the SDK lies, seen from the program in `folder`. @throws when it is not installed there */
export async function locateRunner(module: string, folder: string): Promise<string> {
  const script = 'process.stdout.write(require.resolve(process.argv[1]))';
  try {
    return (await promisify(execFile)('node', ['-e', script, module], { cwd: folder })).stdout;
  } catch (error) {
    throw new Error(`the Pulumi SDK is not installed in ${folder}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
