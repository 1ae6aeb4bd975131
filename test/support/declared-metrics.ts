/** The metrics of both programs, as each declares them when it runs with everything it can have. */
import { DEFAULT_LEASE } from '@metallb-l2/sdk/settings';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { runController } from '../../speaker/src/controller/controller.js';
import { HealthBoard } from '../../speaker/src/http/health.js';
import type { GivenPeers } from '../../speaker/src/lan/gossip.js';
import { LanThread } from '../../speaker/src/lan/lan-thread.js';
import { GossipMembership } from '../../speaker/src/membership/gossip-membership.js';
import { PROFILES } from '../../speaker/src/membership/profile.js';
import type { Counter, Gauge, Histogram, MainMeter } from '../../speaker/src/ports.js';
import { runSpeaker } from '../../speaker/src/speaker.js';
import { createPacketCodec } from '../../speaker/src/wire/memberlist/packet.js';
import { createStreamCodec } from '../../speaker/src/wire/memberlist/stream.js';
import { FakeClock } from './fake-clock.ts';
import { RecordedLog } from './recorded-log.ts';
import { seededRandom } from './seeded-random.ts';
import { SimulatedGossip } from './simulated-gossip.ts';
import { SimulatedLan } from './simulated-lan.ts';
import { SimulatedThread } from './simulated-thread.ts';

export interface DeclaredMetric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labelNames: readonly string[];
}

export interface DeclaredMetrics {
  readonly speaker: readonly DeclaredMetric[];
  readonly controller: readonly DeclaredMetric[];
}

const NAMESPACE = 'metallb-system';
/** Long enough, in milliseconds, for a first term and a first batch from the LAN thread. */
const START_MS = 5000;
/** Long enough for an orderly end. */
const END_MS = 5000;

/** Runs a speaker that gossips and has a LAN thread, and a controller that leads. */
export async function declaredMetrics(): Promise<DeclaredMetrics> {
  return { speaker: await declaredBy(startSpeaker), controller: await declaredBy(startController) };
}

/** Names of the series of `metric` in Prometheus. */
export function seriesOf({ name, kind }: DeclaredMetric): string[] {
  return kind === 'histogram' ? ['bucket', 'count', 'sum'].map((part) => `${name}_${part}`) : [name];
}

type Ports = ReturnType<typeof portsOf>;

async function declaredBy(
  start: (ports: Ports, signal: AbortSignal) => Promise<void>,
): Promise<readonly DeclaredMetric[]> {
  const clock = new FakeClock();
  const meter = new DeclarationMeter();
  const stop = new AbortController();
  const ended = start(portsOf(clock, meter), stop.signal);
  await clock.advance(START_MS);
  stop.abort();
  await clock.advance(END_MS);
  await ended;
  return [...meter.declared.values()];
}

function portsOf(clock: FakeClock, meter: MainMeter) {
  const api = new InMemoryKubeApi({ clock });
  return {
    api,
    clock,
    meter,
    random: seededRandom(1),
    log: new RecordedLog(),
    health: new HealthBoard(clock),
  };
}

function startSpeaker(ports: Ports, signal: AbortSignal): Promise<void> {
  const { clock, random } = ports;
  const self = { name: 'node', address: '192.0.2.1', port: 7946 };
  const host = new SimulatedLan().addHost(self.name);
  const transport = new SimulatedGossip({ clock, random }).endpoint(self.address, self.port);
  const codecs = { packets: createPacketCodec(), streams: createStreamCodec() };
  const joinGossip = (peers: GivenPeers) =>
    new GossipMembership({ ...ports, ...codecs, peers, transport }, { self, profile: PROFILES.fast });
  const lan = new LanThread({
    ...ports,
    start: () => new SimulatedThread(clock, host, { joinGossip }),
    closeDescriptor: () => undefined,
    gossips: true,
  });
  const memberlist = {
    ...self,
    labelSelector: 'app=metallb',
    secretPath: undefined,
    profile: 'fast' as const,
  };
  const identity = { namespace: NAMESPACE, nodeName: self.name, pod: { name: 'speaker', uid: 'uid' } };
  return runSpeaker({ ...ports, lan }, { ...identity, memberlist }, signal);
}

function startController(ports: Ports, signal: AbortSignal): Promise<void> {
  const deps = { ...ports, randomBytes: (length: number) => new Uint8Array(length) };
  const pod = { name: 'controller', uid: 'uid' };
  const settings = {
    namespace: NAMESPACE,
    logLevel: 'info' as const,
    httpPort: 7472,
    pod,
    lease: DEFAULT_LEASE,
  };
  return runController(deps, settings, signal);
}

/** Keeps declarations and no numbers. */
class DeclarationMeter implements MainMeter {
  readonly declared = new Map<string, DeclaredMetric>();

  counter(name: string, help: string, labelNames: readonly string[]): Counter {
    this.declared.set(name, { name, kind: 'counter', help, labelNames });
    return { inc: () => undefined, remove: () => undefined };
  }

  gauge(name: string, help: string, labelNames: readonly string[]): Gauge {
    this.declared.set(name, { name, kind: 'gauge', help, labelNames });
    return { set: () => undefined, remove: () => undefined };
  }

  histogram(name: string, help: string, labelNames: readonly string[]): Histogram {
    this.declared.set(name, { name, kind: 'histogram', help, labelNames });
    return { observe: () => undefined };
  }
}
