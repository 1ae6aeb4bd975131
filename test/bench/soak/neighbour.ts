/** What the kernel of a client thinks of one IPv6 neighbour, looked at five times a second. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Lab } from '../../lab/lab.ts';

/** States of neighbour unreachability detection (RFC 4861 §7.3.2) in which nothing is sent to the neighbour. */
const LOST = /\b(FAILED|INCOMPLETE)\b/;
const LOOK = 'while sleep 0.2; do ip -6 neighbour show to "$0" dev eth0; done';

export class NeighbourWatch {
  samples = 0;
  lost = 0;
  readonly macs = new Set<string>();
  readonly #child: ChildProcess;

  constructor(lab: Lab, client: string, address: string, signal: AbortSignal) {
    const [file, ...args] = lab.commandOn(client, ['sh', '-c', LOOK, address]);
    this.#child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], signal, killSignal: 'SIGKILL' });
    this.#child.on('error', () => undefined);
    if (this.#child.stdout) createInterface(this.#child.stdout).on('line', (line) => this.#take(line));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit').catch(() => undefined);
    this.#child.kill('SIGKILL');
    await ended;
  }

  #take(line: string): void {
    this.samples += 1;
    if (LOST.test(line)) this.lost += 1;
    const mac = / lladdr (\S+)/.exec(line)?.[1];
    if (mac !== undefined) this.macs.add(mac);
  }
}
