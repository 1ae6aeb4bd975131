/** The LAN thread: the composition root of the worker that owns the raw sockets and their timers. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Clock, systemClock, systemRandom } from '@metallb-l2/sdk/kube';
import { watchDescriptors } from '../linux/libc.js';
import { keepMemorySmall } from '../linux/memory.js';
import { NetlinkLinks } from '../linux/netlink-links.js';
import { openMulticastGroups } from '../linux/multicast-groups.js';
import { openPacketSocket } from '../linux/packet-socket.js';
import { joinGossip } from './join-gossip.js';
import { serveLan } from './lan-service.js';
import { LocalLan } from './local-lan.js';
import type { FromLanThread, LanThreadOptions } from './protocol.js';
import { relayLog } from './relay-log.js';
import { RelayMeter } from './relay-meter.js';

if (parentPort === null) throw new Error('this program is a thread of the speaker, not one of its own');
const port = parentPort;

/** Milliseconds between two collections of garbage: there is little of it here, and nothing is answered meanwhile. */
const RELEASE_MEMORY_EVERY_MS = 3_600_000;
const { logLevel, exclusions, gratuitous, gossip } = workerData as LanThreadOptions;

const say = (message: FromLanThread) => port.postMessage(message);
watchDescriptors((change) => {
  if ('opened' in change) say({ type: 'descriptor', fd: change.opened, isOpen: true });
  else say({ type: 'descriptor', fd: change.closed, isOpen: false });
});

const meter = new RelayMeter();
const log = relayLog(logLevel, say);
/** One that no administrator sets: a jump would pass for time in which this thread did not run. */
const clock: Clock = { ...systemClock, now: () => performance.timeOrigin + performance.now() };
const ports = { clock, random: systemRandom, log, meter };
const links = new NetlinkLinks(ports);
const network = { links, openSocket: openPacketSocket, openGroups: openMulticastGroups };
const lan = new LocalLan(
  { ...ports, ...network },
  {
    exclusions,
    refreshIntervalMs: gratuitous.intervalSeconds * 1000,
    framesPerSecond: gratuitous.framesPerSecond,
    ...(gossip && { joinGossip: (peers) => joinGossip(ports, gossip, peers) }),
  },
);

const ended = new AbortController();
const memory = keepMemorySmall(clock, ended.signal, { everyMs: RELEASE_MEMORY_EVERY_MS });
await serveLan({ lan, port, meter, clock }).finally(() => ended.abort());
await memory;
// Nothing is open any more but the line to the main thread, which alone would keep this one alive.
port.close();
