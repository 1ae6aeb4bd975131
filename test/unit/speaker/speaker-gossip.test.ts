import { electOwner } from '@metallb-l2/sdk/election';
import { ENDPOINT_SLICES, KubeError, NODES, PODS, SERVICES } from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { HealthBoard } from '../../../speaker/src/http/health.js';
import type { GivenPeers } from '../../../speaker/src/lan/gossip.js';
import { LanThread } from '../../../speaker/src/lan/lan-thread.js';
import { GossipMembership } from '../../../speaker/src/membership/gossip-membership.js';
import { PROFILES } from '../../../speaker/src/membership/profile.js';
import { runSpeaker } from '../../../speaker/src/speaker.js';
import { createPacketCodec } from '../../../speaker/src/wire/memberlist/packet.js';
import { createStreamCodec } from '../../../speaker/src/wire/memberlist/stream.js';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { RecordedMeter } from '../../support/recorded-meter.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { SimulatedGossip } from '../../support/simulated-gossip.ts';
import { type SimulatedHost, SimulatedLan } from '../../support/simulated-lan.ts';
import { SimulatedThread } from '../../support/simulated-thread.ts';
import { advertisement, NAMESPACE, node, pool, service, slice, speakerPod } from './fixtures.ts';

const PORT = 7946;
const IP = '10.20.30.1';
const NAMES = ['iris1', 'iris2', 'iris3'];
const addressOf = (name: string) => `192.0.2.${NAMES.indexOf(name) + 1}`;

interface Running {
  readonly health: HealthBoard;
  readonly host: SimulatedHost;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** Three speakers that find out among themselves who lives; the API server only knows where they are. */
class World {
  readonly clock = new FakeClock();
  readonly api = new InMemoryKubeApi({ clock: this.clock });
  readonly lan = new SimulatedLan();
  readonly gossip = new SimulatedGossip({ clock: this.clock, random: seededRandom(1), delayMs: [0, 1] });
  readonly client = this.lan.addHost('client');
  readonly speakers = new Map<string, Running>();

  constructor() {
    this.api.seed(SERVICES, service('web', [IP]));
    this.api.seed(ENDPOINT_SLICES, slice('web', NAMES));
    this.api.seed(IP_ADDRESS_POOLS, pool('main', ['10.20.30.0/24']));
    this.api.seed(L2_ADVERTISEMENTS, advertisement('all'));
    for (const name of NAMES) {
      this.api.seed(NODES, node(name));
      const pod = speakerPod(name);
      this.api.seed(PODS, { ...pod, status: { ...pod.status, podIP: addressOf(name) } });
    }
  }

  start(name: string): void {
    const host = this.lan.addHost(name);
    const ports = {
      clock: this.clock,
      random: seededRandom(1),
      log: new RecordedLog(),
      meter: new RecordedMeter(),
    };
    const self = { name, address: addressOf(name), port: PORT };
    const joinGossip = (peers: GivenPeers) =>
      new GossipMembership(
        {
          ...ports,
          peers,
          transport: this.gossip.endpoint(self.address, PORT),
          packets: createPacketCodec(),
          streams: createStreamCodec(),
        },
        { self, profile: PROFILES.fast },
      );
    const health = new HealthBoard(this.clock);
    const lan = new LanThread({
      ...ports,
      health,
      start: () => new SimulatedThread(this.clock, host, { joinGossip }),
      closeDescriptor: () => undefined,
      gossips: true,
    });
    const memberlist = {
      address: self.address,
      port: PORT,
      labelSelector: 'app=metallb,component=speaker',
      secretPath: undefined,
      profile: 'fast' as const,
    };
    const identity = {
      namespace: NAMESPACE,
      nodeName: name,
      pod: { name: `speaker-${name}`, uid: `pod-of-${name}` },
    };
    const stop = new AbortController();
    const ended = runSpeaker(
      { ...ports, api: this.api, lan, health },
      { ...identity, memberlist },
      stop.signal,
    );
    this.speakers.set(name, { host, health, stop, ended });
  }

  /** Power off: neither frame nor packet comes from it any more. */
  cutPower(name: string): void {
    this.gossip.cut(addressOf(name));
    this.speakers.get(name)?.host.changeLink({ carrier: false });
  }

  async answering(): Promise<string[]> {
    const macs = await this.client.ask(IP);
    return macs.map(
      (mac) => [...this.speakers.values()].find(({ host }) => host.mac === mac)?.host.name ?? mac,
    );
  }

  /** Milliseconds until somebody else than `name` answers. */
  async untilMovedFrom(name: string): Promise<number> {
    for (let ms = 0; ; ms += 10) {
      const owners = await this.answering();
      if (owners.some((owner) => owner !== name)) return ms;
      await this.clock.advance(10);
    }
  }

  async end(): Promise<void> {
    for (const { stop } of this.speakers.values()) stop.abort();
    await this.clock.advance(10_000);
    for (const { ended } of this.speakers.values()) await ended;
    expect(this.clock.sleepers).toBe(0);
  }
}

describe('three speakers that gossip', () => {
  let world: World;
  const owner = electOwner(NAMES, IP) ?? '';
  const successor =
    electOwner(
      NAMES.filter((name) => name !== owner),
      IP,
    ) ?? '';
  beforeEach(async () => {
    world = new World();
    for (const name of NAMES) world.start(name);
    await world.clock.advance(5000);
  });
  afterEach(() => world.end());

  it('have one of them answer', async () => {
    expect(await world.answering()).toEqual([owner]);
  });

  it('take over in about a second when the power of a node is cut, with the API server away as well', async () => {
    const away = new KubeError('Unavailable', 'away', { operation: 'test' });
    world.api.fault = () => ({ refuse: away });
    world.api.endWatches(away);
    world.cutPower(owner);
    expect(await world.untilMovedFrom(owner)).toBeLessThan(1500);
    expect(await world.answering()).toEqual([successor]);
  });

  it('take over at once from one that stops, and leave no question unanswered', async () => {
    world.speakers.get(owner)?.stop.abort();
    const gaps: number[] = [];
    for (let ms = 0; ms < 1500; ms += 10) {
      await world.clock.advance(10);
      if ((await world.answering()).length === 0) gaps.push(ms);
    }
    expect(gaps).toEqual([]);
    expect(await world.answering()).toEqual([successor]);
  });

  it('leave out a node whose address is taken from it, which is not ready then', async () => {
    const health = world.speakers.get(owner)?.health;
    expect(health?.readiness()).toEqual([]);
    world.gossip.takeAddress(addressOf(owner));
    await world.clock.advance(5000);
    expect(await world.answering()).toEqual([successor]);
    expect(health?.readiness()).toEqual(['gossip: this node takes no part in the gossip of the speakers']);
    world.gossip.giveAddressBack(addressOf(owner));
    await world.clock.advance(15_000);
    expect(await world.answering()).toEqual([owner]);
    expect(health?.readiness()).toEqual([]);
  });

  it('leave out a node whose cable is pulled, although its gossip still gets through', async () => {
    world.speakers.get(owner)?.host.changeLink({ carrier: false });
    expect(await world.untilMovedFrom(owner)).toBeLessThan(500);
    world.speakers.get(owner)?.host.changeLink({ carrier: true });
    await world.clock.advance(5000);
    expect(await world.answering()).toEqual([owner]);
  });
});
