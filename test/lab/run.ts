/** Runs one command to its end and gives what it said. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface RunOptions {
  /** Written to its standard input. */
  readonly input?: string;
  /** Kills it after so many milliseconds. @default no limit */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Its exit code; 128 and the signal's number when a signal ended it. */
  readonly code: number;
}

/** @throws when it cannot be started, does not end in time or is aborted; a failing exit code is a result */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error('no command given');
  const { input = '', timeoutMs, signal, env } = options;
  if (signal?.aborted) return Promise.reject(signal.reason as Error);
  const limits = [signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)];
  const stop = AbortSignal.any(limits.filter((limit) => limit !== undefined));
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'pipe', ...(env === undefined ? {} : { env }) });
    const onStop = () => {
      child.kill('SIGKILL');
      // It may have ended already, and left these to a program that goes on.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      reject(
        signal?.aborted
          ? (signal.reason as Error)
          : new Error(`${argv.join(' ')}: not done after ${timeoutMs} ms`),
      );
    };
    stop.addEventListener('abort', onStop, { once: true });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // A command that ends without reading its input is no error of ours.
    child.stdin.on('error', () => undefined).end(input);
    child.on('error', reject);
    child.on('close', (code, killedBy) => {
      stop.removeEventListener('abort', onStop);
      resolve({ stdout, stderr, code: code ?? exitCodeOf(killedBy) });
    });
  });
}

/** Runs a command that has to succeed. @throws with what it said on a failing exit code */
export async function runChecked(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await run(argv, options);
  if (result.code === 0) return result;
  const said = (result.stderr || result.stdout).trim();
  throw new Error(`${argv.join(' ')} failed (exit code ${result.code}): ${said}`);
}

function exitCodeOf(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}
