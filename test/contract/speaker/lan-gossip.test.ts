import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ip } from '../../support/network-interfaces.ts';
import { untilHolds } from '../../support/until.ts';
import type { Report } from './lan-thread.program.ts';
import { describeAsRoot } from '../../support/describe-as-root.ts';

const PROGRAM = fileURLToPath(new URL('lan-thread.program.ts', import.meta.url));
const ADDRESSES = ['192.0.2.1', '192.0.2.2'] as const;

/** A speaker's LAN side in a network namespace of its own; it is named after its address. */
class Speaker {
  readonly namespace: string;
  readonly address: string;
  /** What its members were, one after the other. */
  readonly members: (readonly string[])[] = [];
  notReady: readonly string[] = [];
  readonly program: ChildProcess;

  constructor(namespace: string, link: string, address: string) {
    this.namespace = namespace;
    this.address = address;
    ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', link);
    ip('-n', namespace, 'link', 'set', link, 'up');
    const others = ADDRESSES.filter((other) => other !== address);
    const args = ['netns', 'exec', namespace, process.execPath, PROGRAM, '192.0.2.77', address, ...others];
    this.program = spawn('ip', args, { stdio: ['pipe', 'pipe', 'ignore'] });
    createInterface(this.program.stdout!).on('line', (line) => {
      const report = JSON.parse(line) as Report;
      if ('members' in report) this.members.push(report.members);
      if ('notReady' in report) this.notReady = report.notReady;
    });
  }

  get knowsAll(): boolean {
    return this.members.at(-1)?.join() === ADDRESSES.join();
  }

  say(line: string): void {
    this.program.stdin?.write(`${line}\n`);
  }

  async end(): Promise<void> {
    if (this.program.exitCode !== null || this.program.signalCode !== null) return;
    this.program.kill('SIGKILL');
    await once(this.program, 'exit');
  }
}

describeAsRoot('two LAN threads that gossip over a cable', () => {
  const namespaces = [`mlg${process.pid}a`, `mlg${process.pid}b`] as const;
  let near: Speaker;
  let far: Speaker;

  beforeAll(async () => {
    for (const namespace of namespaces) ip('netns', 'add', namespace);
    const [a, b] = namespaces;
    ip('-n', a, 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan0', 'netns', b);
    near = new Speaker(a, 'lan0', ADDRESSES[0]);
    far = new Speaker(b, 'lan0', ADDRESSES[1]);
    await untilHolds(() => near.knowsAll && far.knowsAll);
  });
  afterAll(async () => {
    await near.end();
    await far.end();
    for (const namespace of namespaces) ip('netns', 'del', namespace);
  });

  it('stay members while a main thread stands still for longer than a silent member is borne', async () => {
    far.members.length = 0;
    const blockedMs = 2000;
    near.say(`block ${blockedMs}`);
    await new Promise((resolve) => setTimeout(resolve, blockedMs));
    expect(far.members).toEqual([]);
  });

  it('hear of one that leaves at once, though its thread was replaced before', async () => {
    near.say('kill');
    await untilHolds(() => near.notReady.length > 0);
    await untilHolds(() => near.notReady.length === 0);
    // On a busy machine that takes longer than a silent member is borne: then it is heard of again first.
    if (far.members.length > 0) await untilHolds(() => far.knowsAll);
    far.members.length = 0;
    near.say('stop');
    await once(near.program, 'exit');
    await untilHolds(() => far.members.length > 0);
    expect(far.members.at(-1)).toEqual([far.address]);
  });
});
