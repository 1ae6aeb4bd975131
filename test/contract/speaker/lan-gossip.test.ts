import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { NetworkNamespace } from '../../support/network-namespace.ts';
import { untilHolds } from '../../support/until.ts';
import type { Report } from './lan-thread.program.ts';
import { describeAsRoot } from '../../support/describe-as-root.ts';

const PROGRAM = fileURLToPath(new URL('lan-thread.program.ts', import.meta.url));
const ADDRESSES = ['192.0.2.1', '192.0.2.2'] as const;

/** A speaker's LAN side in a network namespace of its own; it is named after its address. */
class Speaker {
  readonly address: string;
  /** What its members were, one after the other. */
  readonly members: (readonly string[])[] = [];
  /** Why it was not ready, each time it told; empty when it was. */
  readonly readiness: (readonly string[])[] = [];
  readonly program: ChildProcess;

  constructor(namespace: NetworkNamespace, link: string, address: string) {
    this.address = address;
    namespace.ip('addr', 'add', `${address}/24`, 'dev', link);
    const others = ADDRESSES.filter((other) => other !== address);
    const [file, ...args] = namespace.command(process.execPath, PROGRAM, '192.0.2.77', address, ...others);
    this.program = spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    createInterface(this.program.stdout!).on('line', (line) => {
      const report = JSON.parse(line) as Report;
      if ('members' in report) this.members.push(report.members);
      if ('notReady' in report) this.readiness.push(report.notReady);
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
  const namespaces: NetworkNamespace[] = [];
  let near: Speaker;
  let far: Speaker;

  beforeAll(async () => {
    const [a, b] = [await NetworkNamespace.open(), await NetworkNamespace.open()];
    namespaces.push(a, b);
    await b.plugIn('lan0', 'lan0', a);
    near = new Speaker(a, 'lan0', ADDRESSES[0]);
    far = new Speaker(b, 'lan0', ADDRESSES[1]);
    await untilHolds(() => near.knowsAll && far.knowsAll);
  });
  afterAll(async () => {
    await near.end();
    await far.end();
    for (const namespace of namespaces) await namespace.close();
  });

  it('stay members while a main thread stands still for longer than a silent member is borne', async () => {
    far.members.length = 0;
    const blockedMs = 2000;
    near.say(`block ${blockedMs}`);
    await new Promise((resolve) => setTimeout(resolve, blockedMs));
    expect(far.members).toEqual([]);
  });

  it('hear of one that leaves at once, though its thread was replaced before', async () => {
    near.readiness.length = 0;
    near.say('kill');
    // On a busy machine both come in one piece.
    await untilHolds(
      () => near.readiness.some(({ length }) => length > 0) && near.readiness.at(-1)?.length === 0,
    );
    // On a busy machine that takes longer than a silent member is borne: then it is heard of again first.
    if (far.members.length > 0) await untilHolds(() => far.knowsAll);
    far.members.length = 0;
    near.say('stop');
    await once(near.program, 'exit');
    await untilHolds(() => far.members.length > 0);
    expect(far.members.at(-1)).toEqual([far.address]);
  });
});
