/**
 * A member of the gossip as an upstream speaker is one: the Go library in a process of its own. See
 * `test/toolchain/memberlist/main.go`.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { GossipEndpoint } from '../../speaker/src/ports.js';
import { resolveTool } from '../toolchain/resolve.ts';
import { freePort } from './free-port.ts';

export interface GoPeerOptions {
  readonly name: string;
  /** @default 127.0.0.1 */
  readonly address?: string;
  /** @default a free one */
  readonly port?: number;
  /** MetalLB's secret. @default none: no encryption */
  readonly secret?: string;
  /** The library's defaults to start from. @default lan, as MetalLB does */
  readonly profile?: 'lan' | 'wan' | 'local';
  /** Members to join at the start. */
  readonly join?: readonly GossipEndpoint[];
  /** Whether to compress what it sends. @default true, as MetalLB does */
  readonly compress?: boolean;
  /** In place of the profile's; durations in milliseconds. */
  readonly probeIntervalMs?: number;
  readonly probeTimeoutMs?: number;
  readonly gossipIntervalMs?: number;
  readonly pushPullIntervalMs?: number;
  readonly suspicionMult?: number;
  readonly retransmitMult?: number;
}

export interface GoMember {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly meta: string;
  readonly state: 'alive' | 'suspect' | 'dead' | 'left';
}

export interface GoEvent {
  readonly event: 'join' | 'leave' | 'update';
  readonly member: GoMember;
  /** When its line came, by `performance.now()`. */
  readonly atMs: number;
}

interface Answer {
  readonly ready?: true;
  readonly members?: readonly GoMember[];
  readonly health?: number;
  readonly joined?: number;
  readonly error?: string;
  readonly left?: boolean;
}

export class GoPeer {
  readonly name: string;
  readonly at: GossipEndpoint;
  /** What happened to its members so far, itself joining first. */
  readonly events: GoEvent[] = [];
  /** What the library logged, line by line. */
  readonly log: string[] = [];
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting: ((answer: Answer) => void)[] = [];
  readonly #exited: Promise<unknown>;
  #hasExited = false;

  private constructor(name: string, at: GossipEndpoint, process: ChildProcessWithoutNullStreams) {
    this.name = name;
    this.at = at;
    this.#process = process;
    createInterface(process.stdout).on('line', (line) => this.#onLine(line));
    createInterface(process.stderr).on('line', (line) => this.log.push(line));
    this.#exited = once(process, 'close').then(() => {
      this.#hasExited = true;
      for (const answer of this.#waiting.splice(0)) answer({ error: 'the process has ended' });
    });
    // A command to a process that ends just now; whoever waits for the answer hears of the end.
    process.stdin.on('error', () => undefined);
  }

  /** Starts one, and waits until it receives and has tried its joins. */
  static async start(options: GoPeerOptions): Promise<GoPeer> {
    const address = options.address ?? '127.0.0.1';
    const at = { address, port: options.port ?? (await freePort(address)) };
    const task = { log: () => undefined, signal: new AbortController().signal };
    const path = await resolveTool('memberlist-peer', task);
    const peer = new GoPeer(options.name, at, spawn(path, flagsOf(options, at)));
    // Waited for together: on a busy machine both come in one piece, and the second is for whoever waits then.
    const answers = [peer.#answer(), ...(options.join?.length ? [peer.#answer()] : [])];
    const problem = (await Promise.all(answers)).find(({ error }) => error !== undefined)?.error;
    if (problem === undefined) return peer;
    await peer.stop();
    throw new Error(`${options.name} did not start: ${problem}\n${peer.log.join('\n')}`);
  }

  /** Those it counts in: alive and suspect ones, itself included, sorted by name. */
  async members(): Promise<readonly GoMember[]> {
    const { members = [] } = await this.command('members');
    return [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The library's health score; 0 is best. */
  async health(): Promise<number | undefined> {
    return (await this.command('health')).health;
  }

  /** @returns how many members it exchanged states with: 1 or, with the reason in the log, 0 */
  async join(at: GossipEndpoint): Promise<number> {
    return (await this.command(`join ${hostPort(at)}`)).joined ?? 0;
  }

  /** Says good-bye, and stays to answer. */
  async leave(): Promise<void> {
    await this.command('leave');
  }

  command(line: string): Promise<Answer> {
    const answer = this.#answer();
    this.#process.stdin.write(`${line}\n`);
    return answer;
  }

  /** The events about one member, in order. */
  eventsOf(name: string): GoEvent['event'][] {
    return this.events.filter(({ member }) => member.name === name).map(({ event }) => event);
  }

  /** Stands still, as under SIGSTOP, until `SIGCONT`; or dies on the spot. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.#process.kill(signal);
  }

  /** Ends it without a good-bye. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#hasExited) this.#process.kill('SIGKILL');
    await this.#exited;
  }

  #answer(): Promise<Answer> {
    if (this.#hasExited) return Promise.resolve({ error: 'the process has ended' });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #onLine(line: string): void {
    const said = JSON.parse(line) as Answer | GoEvent;
    if ('event' in said) this.events.push({ ...said, atMs: performance.now() });
    else this.#waiting.shift()?.(said);
  }
}

function flagsOf(options: GoPeerOptions, { address, port }: GossipEndpoint): string[] {
  const flags = [`-name=${options.name}`, `-bind=${address}`, `-port=${port}`];
  const add = (flag: string, value: string | number | boolean | undefined, unit = '') => {
    if (value !== undefined) flags.push(`-${flag}=${value}${unit}`);
  };
  add('secret', options.secret);
  add('profile', options.profile);
  add('compress', options.compress);
  add('probe-interval', options.probeIntervalMs, 'ms');
  add('probe-timeout', options.probeTimeoutMs, 'ms');
  add('gossip-interval', options.gossipIntervalMs, 'ms');
  add('push-pull-interval', options.pushPullIntervalMs, 'ms');
  add('suspicion-mult', options.suspicionMult);
  add('retransmit-mult', options.retransmitMult);
  if (options.join?.length) add('join', options.join.map(hostPort).join(','));
  return flags;
}

function hostPort({ address, port }: GossipEndpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
