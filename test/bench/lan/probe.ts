/**
 * A client of a lab that asks for one address all the time: by ARP every 10 ms when it is one of IPv4, by TCP
 * every 20 ms.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Lab } from '../../lab/lab.ts';
import { pause } from '../../toolchain/pause.ts';
import type { Task } from '../../toolchain/progress.ts';
import { resolveTool } from '../../toolchain/resolve.ts';
import type { Answer, Connect } from './observation.ts';

export interface ProbeTarget {
  readonly address: string;
  /** Where to connect to. @default nowhere */
  readonly port?: number;
  /** @default eth0 */
  readonly interface?: string;
}

const POLL_MS = 20;

export class LanProbe {
  readonly answers: Answer[] = [];
  /** Gratuitous ARP of whoever announces the address. */
  readonly claims: Answer[] = [];
  readonly connects: Connect[] = [];
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;
  #failure: string | undefined;

  private constructor(child: ChildProcess, signal: AbortSignal) {
    this.#child = child;
    this.#signal = signal;
    child.on('exit', (code) => (this.#failure = `the probe ended (exit code ${code})`));
    child.on('error', (error) => (this.#failure = `the probe: ${error.message}`));
    if (child.stdout) createInterface(child.stdout).on('line', (line) => this.#take(line));
  }

  static async start(lab: Lab, client: string, target: ProbeTarget, task: Task): Promise<LanProbe> {
    const program = await resolveTool('lan-probe', task);
    const { address, port = 0, interface: name = 'eth0' } = target;
    const options = [`-interface=${name}`, `-address=${address}`, `-tcp-port=${port}`];
    const [file, ...args] = lab.commandOn(client, [program, 'watch', ...options]);
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], signal: task.signal });
    return new LanProbe(child, task.signal);
  }

  /**
   * Waits until `holds`, asking every 20 ms.
   *
   * @throws after `limitMs` with `what` was waited for, or when the probe has ended
   */
  async until(what: string, holds: () => boolean, limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!holds()) {
      if (this.#failure !== undefined) throw new Error(this.#failure);
      if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1000} s in vain: ${what}`);
      await pause(POLL_MS, this.#signal);
    }
  }

  /** The hardware addresses that answered in the last `ms` milliseconds. */
  answering(ms: number): Set<string> {
    const from = Date.now() - ms;
    const first = this.answers.findLastIndex(({ at }) => at < from) + 1;
    return new Set(this.answers.slice(first).map(({ mac }) => mac));
  }

  /** Forgets what was seen, up to the last `ms` milliseconds. */
  forget(ms: number): void {
    const from = Date.now() - ms;
    const isOld = ({ at }: { readonly at: number }) => at < from;
    this.answers.splice(0, this.answers.findLastIndex(isOld) + 1);
    this.connects.splice(0, this.connects.findLastIndex(isOld) + 1);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit').catch(() => undefined);
    this.#child.stdin?.end();
    await ended;
  }

  #take(line: string): void {
    const { kind, at, mac, ok } = JSON.parse(line) as {
      kind: 'answer' | 'gratuitous' | 'connect';
      at: number;
      mac?: string;
      ok?: boolean;
    };
    if (kind === 'answer' && mac !== undefined) this.answers.push({ at, mac });
    if (kind === 'gratuitous' && mac !== undefined) this.claims.push({ at, mac });
    if (kind === 'connect') this.connects.push({ at, ok: ok === true });
  }
}
