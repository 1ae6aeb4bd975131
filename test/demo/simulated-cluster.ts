/**
 * A cluster without machines: the real speaker on each node and the real controller, over the API server in
 * memory and the simulated LAN. Only what surrounds them is played: kubelets, the cluster's own controllers
 * and the power supply.
 */
import { randomBytes } from 'node:crypto';
import { isReadyPod } from '@metallb-l2/sdk/election';
import {
  LEASES,
  NODES,
  PODS,
  SERVICES,
  type CallOptions,
  type Clock,
  type KubeObject,
  type Node,
  type Random,
  type ResourceType,
  type Service,
} from '@metallb-l2/sdk/kube';
import { selectorOf } from '@metallb-l2/sdk/models';
import {
  COMPONENT_LABELS,
  DEFAULT_HTTP_PORT,
  DEFAULT_LEASE,
  DEFAULT_MEMBERLIST_PORT,
  DEFAULT_NAMESPACE,
  type ControllerSettings,
  type MemberlistSettings,
} from '@metallb-l2/sdk/settings';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { runController } from '../../speaker/src/controller/controller.js';
import type { GivenPeers } from '../../speaker/src/lan/gossip.js';
import { LocalLan } from '../../speaker/src/lan/local-lan.js';
import { GossipMembership } from '../../speaker/src/membership/gossip-membership.js';
import { PROFILES } from '../../speaker/src/membership/profile.js';
import type { Log } from '../../speaker/src/ports.js';
import { runTogether } from '../../speaker/src/run-together.js';
import { runSpeaker } from '../../speaker/src/speaker.js';
import { createPacketCodec } from '../../speaker/src/wire/memberlist/packet.js';
import { createStreamCodec } from '../../speaker/src/wire/memberlist/stream.js';
import { MeasuredKubeApi } from '../support/measured-kube-api.ts';
import { RecordedMeter } from '../support/recorded-meter.ts';
import { SimulatedGossip } from '../support/simulated-gossip.ts';
import { type SimulatedHost, SimulatedLan } from '../support/simulated-lan.ts';
import { NODE_LEASES, SimulatedControllers } from './simulated-controllers.ts';
import { keepPod, type Program } from './simulated-kubelet.ts';

/** How often a kubelet renews its node's lease, in milliseconds. */
const LEASE_PERIOD_MS = 100;

export interface SimulatedClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly nodes: readonly string[];
  /** How long, in milliseconds, a node may be silent before the cluster calls it lost. */
  readonly nodeGraceMs: number;
  /** Gets what the speakers and the controller log. */
  readonly log: Log;
}

export class SimulatedCluster {
  readonly api: InMemoryKubeApi;
  /** A host on the LAN that is no node. */
  readonly client: SimulatedHost;
  readonly #options: SimulatedClusterOptions;
  readonly #machines: readonly Machine[];
  readonly #gossip: SimulatedGossip;

  constructor(options: SimulatedClusterOptions) {
    this.#options = options;
    this.#gossip = new SimulatedGossip(options);
    this.api = new ClusterApi(options);
    const lan = new SimulatedLan();
    this.client = lan.addHost('client');
    this.#machines = options.nodes.map(
      (name, i) => new Machine(lan.addHost(name), `192.0.2.${i + 1}`, new MeasuredKubeApi(this.api)),
    );
    for (const machine of this.#machines) this.api.seed(NODES, nodeOf(machine));
  }

  /** Runs everything until `signal` is aborted; rejects when a program fails. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, nodeGraceMs } = this.#options;
    const controllers = new SimulatedControllers({ api: this.api, clock }, { nodeGraceMs });
    await runTogether(
      signal,
      (either) => controllers.run(either),
      (either) => this.#runController(either),
      ...this.#machines.map((machine) => (either: AbortSignal) => this.#runNode(machine, either)),
    );
  }

  /** Whether the controller and a speaker on each node are ready, as the API server knows it. */
  async ready(): Promise<boolean> {
    const { items } = await this.api.list(PODS, { namespace: DEFAULT_NAMESPACE });
    return items.length === this.#machines.length + 1 && items.every(isReadyPod);
  }

  /** The nodes by hardware address. */
  get nodesByMac(): ReadonlyMap<string, string> {
    return new Map(this.#machines.map(({ host }) => [host.mac, host.name]));
  }

  cutPower(node: string): void {
    const machine = this.#machines.find(({ host }) => host.name === node);
    if (machine === undefined) return;
    this.#gossip.cut(machine.address);
    machine.cutPower();
  }

  async #runNode(machine: Machine, signal: AbortSignal): Promise<void> {
    const { host, address } = machine;
    const powered = AbortSignal.any([signal, machine.power]);
    const program: Program = (settings, health, until) => {
      const deps = this.#deps(machine.api);
      const memberlist = { ...MEMBERLIST, address };
      const network = { links: host, openSocket: host.openSocket, openGroups: host.openGroups };
      const joinGossip = (peers: GivenPeers) => this.#joinGossip(machine, peers);
      const lan = new LocalLan({ ...deps, ...network }, { joinGossip });
      return runSpeaker({ ...deps, health, lan }, { ...settings, nodeName: host.name, memberlist }, until);
    };
    const template = { ...podTemplate('speaker'), nodeName: host.name, address };
    await runTogether(
      powered,
      (either) => this.#renewLease(host.name, either),
      (either) => keepPod({ api: machine.api, clock: this.#options.clock }, template, program, either),
    );
  }

  #joinGossip({ host, address, api }: Machine, peers: GivenPeers): GossipMembership {
    const { port, profile } = MEMBERLIST;
    const deps = {
      ...this.#deps(api),
      peers,
      transport: this.#gossip.endpoint(address, port),
      packets: createPacketCodec(),
      streams: createStreamCodec(),
    };
    return new GossipMembership(deps, {
      self: { name: host.name, address, port },
      profile: PROFILES[profile],
    });
  }

  /** It runs on a machine of its own that nothing happens to. */
  async #runController(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const template = { ...podTemplate('controller'), nodeName: 'control-plane', address: '192.0.2.200' };
    const program: Program = (settings, health, until) =>
      runController({ ...this.#deps(this.api), randomBytes, health }, { ...PROCESS, ...settings }, until);
    await keepPod({ api: this.api, clock }, template, program, signal);
  }

  async #renewLease(name: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const renewTime = new Date(clock.now()).toISOString();
      this.api.seed(LEASES, { metadata: { namespace: NODE_LEASES, name }, spec: { renewTime } });
      await clock.sleep(LEASE_PERIOD_MS, signal);
    }
  }

  #deps<Api>(api: Api) {
    const { clock, random, log } = this.#options;
    return { api, clock, random, log, meter: new RecordedMeter() };
  }
}

/** Gives each new service an address inside the cluster, which the API server in memory leaves out. */
class ClusterApi extends InMemoryKubeApi {
  #services = 0;

  override create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: CallOptions): Promise<T> {
    if (type.plural !== SERVICES.plural) return super.create(type, object, options);
    const clusterIP = `10.96.0.${++this.#services}`;
    const spec: Service['spec'] = {
      ...(object as Service).spec,
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: ['IPv4'],
    };
    return super.create(type, { ...object, spec }, options);
  }
}

/** A node's machine: its place on the LAN and its way to the API server, for as long as it has power. */
class Machine {
  readonly host: SimulatedHost;
  readonly address: string;
  readonly api: MeasuredKubeApi;
  readonly #power = new AbortController();

  constructor(host: SimulatedHost, address: string, api: MeasuredKubeApi) {
    this.host = host;
    this.address = address;
    this.api = api;
  }

  /** Aborted when the power goes. */
  get power(): AbortSignal {
    return this.#power.signal;
  }

  /** No frame and no call gets out any more; only then do its programs learn that they are to end. */
  cutPower(): void {
    this.host.changeLink({ carrier: false });
    this.api.cutOff();
    this.#power.abort(new Error(`${this.host.name} has no power`));
  }
}

/** How the speakers gossip; in memory nobody listens in, so there is no key. */
const MEMBERLIST = {
  port: DEFAULT_MEMBERLIST_PORT,
  labelSelector: selectorOf(COMPONENT_LABELS.speaker),
  secretPath: undefined,
  profile: 'fast',
} satisfies Omit<MemberlistSettings, 'address'>;

/** Settings that do not matter where there is no process. */
const PROCESS = {
  logLevel: 'info',
  httpPort: DEFAULT_HTTP_PORT,
  lease: DEFAULT_LEASE,
} satisfies Partial<ControllerSettings>;

function podTemplate(name: 'speaker' | 'controller') {
  return { name, namespace: DEFAULT_NAMESPACE, labels: COMPONENT_LABELS[name] };
}

function nodeOf({ host, address }: Machine): Node {
  return {
    metadata: { name: host.name, labels: { 'kubernetes.io/hostname': host.name } },
    status: {
      addresses: [{ type: 'InternalIP', address }],
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'NetworkUnavailable', status: 'False' },
      ],
    },
  };
}
