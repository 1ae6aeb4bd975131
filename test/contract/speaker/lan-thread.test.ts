import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openPacketSocket } from '../../../speaker/src/linux/packet-socket.js';
import type { LinkSocket } from '../../../speaker/src/ports.js';
import { decodeArp, encodeArp } from '../../../speaker/src/wire/arp.js';
import { decodeEthernet, encodeEthernet } from '../../../speaker/src/wire/ethernet.js';
import { linkOf } from '../../support/network-interfaces.ts';
import { NetworkNamespace } from '../../support/network-namespace.ts';
import { untilHolds } from '../../support/until.ts';
import type { Report } from './lan-thread.program.ts';
import { describeAsRoot } from '../../support/describe-as-root.ts';

const ADDRESS = '192.0.2.77';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const PROGRAM = fileURLToPath(new URL('lan-thread.program.ts', import.meta.url));

describeAsRoot('a real LAN thread in a network namespace', () => {
  const near = `mll${process.pid}a`;
  const far = `mll${process.pid}b`;
  let namespace: NetworkNamespace;
  let program: ChildProcess;
  let socket: LinkSocket | undefined;
  let reports: Report[];
  /** When each answer came, in milliseconds. */
  let answers: number[];
  let ask: () => void;

  beforeAll(async () => {
    namespace = await NetworkNamespace.open();
    await namespace.plugIn(near, far);
    reports = [];
    const [file, ...args] = namespace.command(process.execPath, PROGRAM, ADDRESS);
    program = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(program.stdout!).on('line', (line) => reports.push(JSON.parse(line) as Report));
    await untilHolds(() => reports.some((report) => 'answering' in report && report.answering.length > 0));
    openAsker();
  });
  afterAll(async () => {
    socket?.close();
    if (program.exitCode === null && program.signalCode === null) {
      program.kill('SIGKILL');
      await once(program, 'exit');
    }
    await namespace.close();
  });

  function openAsker(): void {
    const link = linkOf(near);
    answers = [];
    socket = openPacketSocket(link, 'arp', {
      onFrame: ({ bytes }) => {
        const ethernet = decodeEthernet(bytes);
        const arp = ethernet.ok ? decodeArp(ethernet.value.payload) : ethernet;
        if (arp.ok && arp.value.operation === 'reply' && arp.value.targetMac === link.mac) {
          answers.push(performance.now());
        }
      },
      onDown: () => undefined,
    });
    const question = encodeEthernet({
      destination: BROADCAST,
      source: link.mac,
      etherType: 0x0806,
      payload: encodeArp({
        operation: 'request',
        senderMac: link.mac,
        senderIp: '192.0.2.1',
        targetMac: '00:00:00:00:00:00',
        targetIp: ADDRESS,
      }),
    });
    ask = () => socket?.send(question);
  }

  const say = (line: string) => program.stdin?.write(`${line}\n`);

  /** Asks every 5 ms until `enough`; the longest time without an answer, in milliseconds. */
  async function longestGap(enough: () => boolean): Promise<number> {
    answers.length = 0;
    const start = performance.now();
    const asking = setInterval(() => ask(), 5);
    await untilHolds(enough);
    clearInterval(asking);
    const times = [start, ...answers, performance.now()];
    return Math.max(...times.slice(1).map((time, i) => time - times[i]!));
  }

  it('answers while the main thread stands still', async () => {
    const blockedMs = 500;
    const gaps: number[] = [];
    // The best of three: a busy machine may keep this process from asking as well.
    for (let round = 0; round < 3; round++) {
      await longestGap(() => answers.length > 20);
      say(`block ${blockedMs}`);
      const start = performance.now();
      gaps.push(await longestGap(() => performance.now() - start > blockedMs + 100));
    }
    expect(Math.min(...gaps)).toBeLessThan(blockedMs / 2);
  });

  it('is not ready when it was killed, and answers again in a moment', async () => {
    reports.length = 0;
    say('kill');
    await untilHolds(() => reports.length >= 2);
    expect(reports).toEqual([
      { answering: [far], notReady: [expect.stringContaining('lan: ')] },
      { answering: [far], notReady: [] },
    ]);
    const before = answers.length;
    ask();
    await untilHolds(() => answers.length > before);
  });

  it('leaves no socket when it has stopped', async () => {
    say('stop');
    // When it has ended, its last words may still be on their way; not so when its output is closed as well.
    await once(program, 'close');
    expect(program.exitCode).toBe(0);
    expect(reports.at(-1)).toEqual({ sockets: 0 });
  });
});
