/**
 * Runs one server as a child process: its output goes to a file, it is ready when a condition holds, and
 * when it dies before that the error carries its last words.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { pause } from '../toolchain/pause.ts';
import { type Task, withProgress } from '../toolchain/progress.ts';

export interface ServerCommand {
  /** How messages call it, for example "node1: kubelet". */
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** Takes both of its output streams. */
  readonly logFile: string;
  readonly cwd?: string;
  /** Whether the kernel kills it when this process dies, however that happens. */
  readonly diesWithParent: boolean;
}

export interface Readiness {
  /** Whether the server does its work; a thrown error counts as "not yet". */
  readonly probe: () => Promise<boolean>;
  /** For one that hangs: what ends by itself is noticed at once. @default 180000 */
  readonly timeoutMs?: number;
}

/** What servers see of the environment: proxies and settings of the caller are none of their business. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' };

const POLL_MS = 50;
const LAST_LINES = 15;

/** Turns a command into one that the kernel kills when the process that starts it dies, however that happens. */
export function dyingWithParent(argv: readonly [string, ...string[]]): [string, ...string[]] {
  return ['setpriv', '--pdeathsig', 'KILL', '--', ...argv];
}

/** A running server. It does not keep this process alive. */
export class ServerProcess {
  readonly #command: ServerCommand;
  readonly #child: ChildProcess;
  #failure: string | undefined;

  private constructor(command: ServerCommand, child: ChildProcess) {
    this.#command = command;
    this.#child = child;
    child.on('error', (error) => (this.#failure = `could not be started: ${error.message}`));
    child.on('exit', (code, signal) => (this.#failure = `ended (${signal ?? `exit code ${code}`})`));
    child.unref();
  }

  static start(command: ServerCommand): ServerProcess {
    const output = openSync(command.logFile, 'a');
    try {
      const [file, ...args] = command.diesWithParent ? dyingWithParent(command.argv) : command.argv;
      const child = spawn(file, args, {
        cwd: command.cwd,
        env: ENVIRONMENT,
        detached: true,
        stdio: ['ignore', output, output],
      });
      return new ServerProcess(command, child);
    } finally {
      closeSync(output);
    }
  }

  /** @throws when it could not be started */
  get pid(): number {
    if (this.#child.pid === undefined) throw this.#error(this.#failure ?? 'was not started');
    return this.#child.pid;
  }

  /**
   * Resolves when the server is ready.
   *
   * @throws with the end of its log when it dies or is not ready in time, the signal's reason when aborted
   */
  async ready({ log, signal }: Task, { probe, timeoutMs = 180_000 }: Readiness): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    await withProgress(log, `${this.#command.name}: starting`, async () => {
      while (!(await probe().catch(() => false))) {
        signal.throwIfAborted();
        if (this.#failure !== undefined) throw this.#error(this.#failure);
        if (performance.now() > deadline) throw this.#error(`was not ready after ${timeoutMs / 1000} s`);
        await pause(POLL_MS, signal);
      }
    });
  }

  /** Kills it and waits for its end. Nothing it wrote is worth an orderly shutdown. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined)
      return;
    const ended = once(this.#child, 'exit');
    this.#child.ref();
    this.#child.kill('SIGKILL');
    await ended;
  }

  #error(what: string): Error {
    const lines = readFileSync(this.#command.logFile, 'utf8').trimEnd().split('\n').slice(-LAST_LINES);
    return new Error(
      `${this.#command.name} ${what}; the end of ${this.#command.logFile}:\n  ${lines.join('\n  ')}`,
    );
  }
}
