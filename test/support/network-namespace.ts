/** A network of its own for tests that run as root. */
import { type ChildProcessByStdio, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { ip } from './network-interfaces.ts';
import { untilHolds } from './until.ts';

/**
 * A network namespace without a name: it is held by a process that ends with its input, and so with the test, however
 * that ends. What is in it goes with it, the other ends of its cables too.
 */
export class NetworkNamespace {
  readonly #holder: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(holder: ChildProcessByStdio<Writable, Readable, null>) {
    this.#holder = holder;
  }

  static async open(): Promise<NetworkNamespace> {
    const holder = spawn('unshare', ['--net', '--', 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(holder, 'exit').then(() => {
      throw new Error('unshare --net failed');
    });
    // What is echoed comes from inside.
    holder.stdin.write('\n');
    await Promise.race([once(holder.stdout, 'data'), ended]);
    ended.catch(() => undefined);
    return new NetworkNamespace(holder);
  }

  /** As `ip` takes it for the namespace of an interface: `netns 4711`. */
  get pid(): string {
    return String(this.#holder.pid);
  }

  /** Turns a command into one inside. */
  command(...argv: readonly string[]): [string, ...string[]] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`, '--', ...argv];
  }

  /** Runs `ip` of iproute2 inside. @throws when it fails, with what it said */
  ip(...args: readonly string[]): void {
    const [file, ...rest] = this.command('ip', ...args);
    execFileSync(file, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** Runs a command inside without keeping the test from its work, and gives what it wrote to stdout. */
  async run(...argv: readonly string[]): Promise<string> {
    const [file, ...args] = this.command(...argv);
    return (await promisify(execFile)(file, args)).stdout;
  }

  /** Lays a cable from an interface of this machine, or of `other`, to one inside; both ends are up, with a carrier. */
  async plugIn(near: string, far: string, other?: NetworkNamespace): Promise<void> {
    const here = other === undefined ? ip : (...args: readonly string[]) => other.ip(...args);
    here('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', this.pid);
    here('link', 'set', near, 'up');
    this.ip('link', 'set', far, 'up');
    const isUp = async () => /\sUP\s/.test(await this.run('ip', '-brief', 'link', 'show', 'dev', far));
    await untilHolds(isUp);
  }

  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin.end();
    await ended;
  }
}
