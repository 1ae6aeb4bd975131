/**
 * A main thread with a real LAN thread, in a process that a test puts into a network namespace: announces
 * the address of its first argument and does what its standard input says, a word a line. With a second
 * argument it gossips on that address, under that name, with the others that are named after it.
 *
 *     block MS    stand still for so long
 *     kill        end the LAN thread from outside, in the middle of whatever it does
 *     stop        end in order
 *
 * It writes a JSON line whenever its readiness or the members change, and one with its sockets before it
 * ends.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { systemClock, systemRandom } from '@metallb-l2/sdk/kube';
import { HealthBoard } from '../../../speaker/dist/http/health.js';
import { LanThread } from '../../../speaker/dist/lan/lan-thread.js';
import type { LanThreadOptions } from '../../../speaker/dist/lan/protocol.js';
import { close as closeDescriptor } from '../../../speaker/dist/linux/libc.js';
import { PrometheusMeter } from '../../../speaker/dist/metrics.js';

export type Report =
  | { readonly answering: readonly string[]; readonly notReady: readonly string[] }
  | { readonly members: readonly string[] }
  | { readonly sockets: number };

const WORKER = new URL('../../../speaker/dist/lan/lan-worker.js', import.meta.url);

const report = (what: Report) => process.stdout.write(`${JSON.stringify(what)}\n`);
const sayToErr = (fields: object, message: string) =>
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
const log = { debug: sayToErr, info: sayToErr, warn: sayToErr, error: sayToErr };

const [address = '', self, ...others] = process.argv.slice(2);
const PORT = 7946;
const gossip =
  self === undefined
    ? undefined
    : {
        self: { name: self, address: self, port: PORT },
        profile: 'fast' as const,
        secret: new TextEncoder().encode('open sesame'),
      };
const health = new HealthBoard(systemClock);
let worker: Worker | undefined;
const lan = new LanThread({
  clock: systemClock,
  random: systemRandom,
  log,
  meter: new PrometheusMeter(),
  health: {
    busy: () => undefined,
    idle: () => undefined,
    ready: (part) => {
      health.ready(part);
      reportReadiness();
    },
    notReady: (part, reason) => {
      health.notReady(part, reason);
      reportReadiness();
    },
  },
  start: () => {
    const gratuitous = { intervalSeconds: 120, framesPerSecond: 4000 };
    const workerData: LanThreadOptions = { logLevel: 'info', exclusions: [/^lo$/], gratuitous, gossip };
    worker = new Worker(WORKER, { workerData });
    return worker;
  },
  closeDescriptor,
  gossips: gossip !== undefined,
});

function reportReadiness(): void {
  report({ answering: lan.answering(address), notReady: health.readiness() });
}

/** Open sockets of this process but its pipes to the test. */
function socketCount(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    if (Number(fd) <= 2) return false;
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // the folder itself, closed by now
    }
  }).length;
}

const stop = new AbortController();
const running = lan.run(stop.signal);
lan.gossip?.subscribe(() => report({ members: [...(lan.gossip?.members() ?? [])].sort() }));
lan.gossip?.setPeers([self ?? '', ...others].map((peer) => ({ address: peer, port: PORT })));
await lan.apply(new Map([[address, 'all']]));
reportReadiness();
for await (const line of createInterface(process.stdin)) {
  const [word, ms] = line.split(' ');
  if (word === 'block') for (const end = performance.now() + Number(ms); performance.now() < end;);
  if (word === 'kill') await worker?.terminate();
  if (word === 'stop') break;
}
await lan.gossip?.leave(stop.signal);
stop.abort();
await running;
report({ sockets: socketCount() });
process.stdin.destroy();
