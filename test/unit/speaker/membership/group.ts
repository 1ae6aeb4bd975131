/** Members on a simulated network, each in a process of its own that can be stopped, paused and cut off. */
import { PROFILES, type MembershipProfile } from '../../../../speaker/src/membership/profile.js';
import { Memberlist } from '../../../../speaker/src/membership/memberlist.js';
import type { GossipEndpoint } from '../../../../speaker/src/ports.js';
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
  readonly profile?: MembershipProfile;
  readonly encryption?: KeyringOptions;
}

/** One process. */
export interface Process {
  readonly name: string;
  readonly address: string;
  readonly memberlist: Memberlist;
  readonly meter: RecordedMeter;
  readonly log: RecordedLog;
  /** When each other was last seen to stop being a member, on the clock. */
  readonly goneAt: Map<string, number>;
  /** Ends it without a word. */
  kill(): Promise<void>;
}

export class Group {
  readonly clock = new FakeClock();
  readonly network: SimulatedGossip;
  readonly processes = new Map<string, Process>();
  readonly #random: () => number;
  readonly #profile: MembershipProfile;
  #peers: GossipEndpoint[] = [];

  constructor({ seed = 1, profile = PROFILES.fast, loss = 0, delayMs = [0, 0] }: GroupOptions = {}) {
    this.#random = seededRandom(seed);
    this.#profile = profile;
    this.network = new SimulatedGossip({ clock: this.clock, random: this.#random, loss, delayMs });
  }

  /** Starts `count` processes that know each other's addresses, and waits until all are members of all. */
  static async of(count: number, options: GroupOptions = {}): Promise<Group> {
    const group = new Group(options);
    for (let i = 1; i <= count; i++) group.start(nameOf(i));
    await group.until(() => group.isWhole(), 30_000);
    return group;
  }

  get names(): string[] {
    return [...this.processes.keys()];
  }

  start(name: string, { profile = this.#profile, encryption }: ProcessOptions = {}): Process {
    const address = addressOf(name);
    if (!this.#peers.some((peer) => peer.address === address))
      this.#peers = [...this.#peers, { address, port: PORT }];
    const meter = new RecordedMeter();
    const log = new RecordedLog();
    const memberlist = new Memberlist(
      {
        transport: this.network.endpoint(address),
        clock: this.network.clock(address),
        packets: createPacketCodec(encryption),
        streams: createStreamCodec(encryption),
        random: this.#random,
        meter,
        log,
        peers: { peers: () => this.#peers, subscribe: () => () => undefined },
      },
      { self: { name, address, port: PORT }, profile },
    );
    const stop = new AbortController();
    const ended = memberlist.run(stop.signal);
    const goneAt = new Map<string, number>();
    let before = new Set<string>();
    memberlist.subscribe(() => {
      const now = new Set(memberlist.members().map((member) => member.name));
      for (const gone of before) if (!now.has(gone)) goneAt.set(gone, this.clock.now());
      before = now;
    });
    const process: Process = {
      name,
      address,
      memberlist,
      meter,
      log,
      goneAt,
      kill: () => {
        this.processes.delete(name);
        stop.abort();
        return ended;
      },
    };
    this.processes.set(name, process);
    return process;
  }

  process(name: string): Process {
    return this.processes.get(name)!;
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

  /** Lets time pass until `condition` holds; gives how much it took, in milliseconds. */
  async until(condition: () => boolean, limitMs: number): Promise<number> {
    const startedAt = this.clock.now();
    while (!condition()) {
      if (this.clock.now() - startedAt >= limitMs) throw new Error(`waited ${limitMs} ms in vain`);
      await this.clock.advance(5);
    }
    return this.clock.now() - startedAt;
  }

  async stop(): Promise<void> {
    for (const process of [...this.processes.values()]) await process.kill();
  }
}

export function nameOf(i: number): string {
  return `m${i}`;
}

export function addressOf(name: string): string {
  return `10.0.0.${name.slice(1)}`;
}
