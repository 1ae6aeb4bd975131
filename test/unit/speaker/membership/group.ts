/** Members on a simulated network, each in a process of its own that can be ended, paused and cut off. */
import { Listeners } from '@metallb-l2/sdk/kube';
import { Memberlist } from '../../../../speaker/src/membership/memberlist.js';
import { PROFILES, type MembershipProfile } from '../../../../speaker/src/membership/profile.js';
import type { GossipEndpoint, GossipTransport, MetricLabels } from '../../../../speaker/src/ports.js';
import type { KeyringOptions } from '../../../../speaker/src/wire/memberlist/keyring.js';
import { createPacketCodec } from '../../../../speaker/src/wire/memberlist/packet.js';
import { createStreamCodec } from '../../../../speaker/src/wire/memberlist/stream.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SimulatedGossip } from '../../../support/simulated-gossip.ts';

export const PORT = 7946;

export interface GroupOptions {
  readonly seed?: number;
  readonly profile?: MembershipProfile;
  readonly loss?: number;
  readonly delayMs?: readonly [number, number];
}

interface ProcessOptions {
  /** Where it is reached, when that is not the usual address of its name. */
  readonly address?: string;
  readonly encryption?: KeyringOptions;
  readonly maxMembers?: number;
  /** Stands between the process and the network. */
  readonly through?: (transport: GossipTransport) => GossipTransport;
}

/** One process. */
export interface Process {
  readonly memberlist: Memberlist;
  readonly meter: RecordedMeter;
  /** When each other one was last seen to stop being a member, on the clock. */
  readonly goneAt: ReadonlyMap<string, number>;
  /** Ends it without a word. */
  kill(): Promise<void>;
}

export class Group {
  readonly clock = new FakeClock();
  readonly network: SimulatedGossip;
  readonly random: () => number;
  readonly #profile: MembershipProfile;
  readonly #processes = new Map<string, Process>();
  readonly #peerListeners = new Listeners();
  #peers: readonly GossipEndpoint[] = [];

  constructor({ seed = 1, profile = PROFILES.fast, loss = 0, delayMs = [0, 1] }: GroupOptions = {}) {
    this.random = seededRandom(seed);
    this.#profile = profile;
    this.network = new SimulatedGossip({ clock: this.clock, random: this.random, loss, delayMs });
  }

  /** Starts `m1` to `m<count>`, and waits until all are members of all. */
  static async of(count: number, options: GroupOptions = {}): Promise<Group> {
    const group = new Group(options);
    for (let i = 1; i <= count; i++) group.start(`m${i}`);
    await group.until(() => group.isWhole(), 30_000);
    return group;
  }

  get names(): string[] {
    return [...this.#processes.keys()];
  }

  process(name: string): Process {
    return this.#processes.get(name)!;
  }

  start(
    name: string,
    { address = addressOf(name), encryption, maxMembers, through = (all) => all }: ProcessOptions = {},
  ): Process {
    this.list(name, address);
    const meter = new RecordedMeter();
    const memberlist = new Memberlist(
      {
        transport: through(this.network.endpoint(address)),
        clock: this.network.clock(address),
        packets: createPacketCodec(encryption),
        streams: createStreamCodec(encryption),
        random: this.random,
        meter,
        log: new RecordedLog(),
        peers: {
          peers: () => this.#peers,
          subscribe: (listener) => this.#peerListeners.add(listener),
        },
      },
      {
        self: { name, address, port: PORT },
        profile: this.#profile,
        ...(maxMembers !== undefined && { maxMembers }),
      },
    );
    const goneAt = new Map<string, number>();
    let before: string[] = [];
    memberlist.subscribe(() => {
      const now = memberlist.members().map((member) => member.name);
      for (const gone of before) if (!now.includes(gone)) goneAt.set(gone, this.clock.now());
      before = now;
    });
    const stop = new AbortController();
    const ended = memberlist.run(stop.signal);
    const process: Process = {
      memberlist,
      meter,
      goneAt,
      kill: () => {
        this.#processes.delete(name);
        stop.abort();
        return ended;
      },
    };
    this.#processes.set(name, process);
    return process;
  }

  /** Lets everybody know that a process of this name may run at its address. */
  list(name: string, address = addressOf(name)): void {
    if (this.#peers.some((peer) => peer.address === address)) return;
    this.#peers = [...this.#peers, { address, port: PORT }];
    this.#peerListeners.call();
  }

  /** As if nobody were listed: only those who are in already know each other. */
  unlistAll(): void {
    this.#peers = [];
    this.#peerListeners.call();
  }

  /** Whom `name` takes for members, sorted. */
  membersOf(name: string): string[] {
    return this.process(name)
      .memberlist.members()
      .map((member) => member.name)
      .sort();
  }

  /** Whether each of `names` has exactly these for members. */
  isWhole(names: readonly string[] = this.names): boolean {
    const expected = [...names].sort().join();
    return names.every((name) => this.membersOf(name).join() === expected);
  }

  /** How long after `at` each of `names` saw `gone` go, in milliseconds, ascending. */
  delays(gone: string, at: number, names = this.names.filter((name) => name !== gone)): number[] {
    return names.map((name) => this.process(name).goneAt.get(gone)! - at).sort((a, b) => a - b);
  }

  /** How many are seen to have gone so far, over all processes. */
  get removals(): number {
    return [...this.#processes.values()].reduce((sum, { goneAt }) => sum + goneAt.size, 0);
  }

  /** Lets time pass until `condition` holds; gives how much it took, in milliseconds. */
  async until(condition: () => boolean, limitMs: number): Promise<number> {
    const startedAt = this.clock.now();
    while (!condition()) {
      if (this.clock.now() - startedAt >= limitMs) throw new Error(`waited ${limitMs} ms in vain`);
      await this.clock.advance(Math.min(this.clock.nextInMs ?? 1, 5));
    }
    return this.clock.now() - startedAt;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process.kill()));
  }
}

export function addressOf(name: string): string {
  return `10.0.0.${name.slice(1)}`;
}

export function metric(group: Group, name: string, what: string, labels: MetricLabels = {}): number {
  return group.process(name).meter.value(`metallb_speaker_memberlist_${what}`, labels);
}

export function dropped(group: Group, name: string, reason: string): number {
  return metric(group, name, 'packets_dropped', { reason });
}
