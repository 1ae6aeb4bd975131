/** What the jobs of one member share: its view of the others, the news it passes on, its ports. */
import { type Clock, Listeners, type Random } from '@metallb-l2/sdk/kube';
import { Notify } from '../notify.js';
import type { GossipEndpoint, GossipTransport, Log, Meter } from '../ports.js';
import type { GossipMessage, MemberName } from '../wire/memberlist/messages.js';
import type { PacketCodec } from '../wire/memberlist/packet.js';
import type { StreamCodec } from '../wire/memberlist/stream.js';
import { Awareness } from './awareness.js';
import { BroadcastQueue, retransmitLimit } from './broadcasts.js';
import { MemberTable } from './member-table.js';
import { plainAddress, type Member, type MembersInput, type MembersOutput } from './members.js';
import { MembershipMetrics, type DropReason } from './metrics.js';
import type { MembershipProfile } from './profile.js';
import { RING_META } from './probe-ring.js';
import { StallClock } from './stall-clock.js';
import { OUR_VERSIONS, understandsCrc } from './versions.js';

export interface MemberlistDeps {
  transport: GossipTransport;
  packets: PacketCodec;
  streams: StreamCodec;
  /** Best one that no administrator sets: a jump is taken for time this process did not run. */
  clock: Clock;
  random: Random;
  meter: Meter;
  log: Log;
}

export interface MemberlistOptions {
  /** Who this member is and where the others reach it. */
  readonly self: GossipEndpoint & { readonly name: MemberName };
  readonly profile: MembershipProfile;
  /** So many members are known at most, the dead included; claims about more are refused. @default 8192 */
  readonly maxMembers?: number;
}

export class Core {
  readonly deps: MemberlistDeps;
  readonly profile: MembershipProfile;
  readonly name: MemberName;
  readonly table: MemberTable;
  readonly broadcasts: BroadcastQueue;
  readonly metrics: MembershipMetrics;
  /** The time; how often this process stood still is noticed while it is slept by. */
  readonly clock: StallClock;
  /** There is news to pass on. */
  readonly news = new Notify();
  /** A suspicion has begun, or ends sooner than before. */
  readonly suspicions = new Notify();
  readonly #awareness: Awareness;
  readonly #listeners = new Listeners();
  readonly #suspectListeners = new Listeners<[suspect: Member]>();

  constructor(deps: MemberlistDeps, { self, profile, maxMembers = 8192 }: MemberlistOptions) {
    this.deps = deps;
    this.profile = profile;
    this.name = self.name;
    const { name, address, port } = self;
    const since = deps.clock.now();
    this.table = new MemberTable(
      {
        name,
        address,
        port,
        meta: RING_META,
        versions: OUR_VERSIONS,
        incarnation: 1,
        state: 'alive',
        since,
      },
      { profile, limit: maxMembers },
    );
    this.broadcasts = new BroadcastQueue((claim) => deps.packets.sizeOf(claim));
    this.metrics = new MembershipMetrics(deps.meter);
    this.#awareness = new Awareness(profile.awarenessMax);
    this.clock = new StallClock(deps.clock, profile.probeTimeoutMs, (ms) => this.#onStall(ms));
    this.metrics.members(this.table.counts);
    this.metrics.health(0);
  }

  get now(): number {
    return this.clock.now();
  }

  get self(): Member {
    return this.table.self;
  }

  get hasLeft(): boolean {
    return this.self.state === 'left';
  }

  /** Resolves after `ms` milliseconds, or on abort. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    await this.clock.sleep(ms, signal).catch(() => undefined);
  }

  /** The time allowed for what takes a healthy member `ms` milliseconds. */
  scaled(ms: number): number {
    return this.#awareness.scale(ms);
  }

  /** Thinks better (`delta` below 0) or worse of its own health. */
  feel(delta: number): void {
    const before = this.#awareness.score;
    const score = this.#awareness.add(delta);
    if (score !== before) this.metrics.health(score);
  }

  /** Takes in claims or other inputs, with all that follows from them; whoever listens is told once. */
  apply(...inputs: readonly MembersInput[]): void {
    const { size } = this.table;
    let turned = false;
    for (const input of inputs) {
      for (const output of this.table.apply(input, this.now)) {
        turned ||= output.type === 'turned';
        this.#handle(output);
      }
    }
    if (turned || this.table.size !== size) this.metrics.members(this.table.counts);
    if (!turned) return;
    this.#listeners.call();
  }

  /** Calls `listener` with each member that becomes a suspect; returns what ends that. */
  onSuspect(listener: (suspect: Member) => void): () => void {
    return this.#suspectListeners.add(listener);
  }

  /** Calls `listener` after changes of members' states; returns what ends that. */
  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Sends `messages` and, as far as there is room, news. */
  send(to: GossipEndpoint, messages: readonly GossipMessage[], { crc = false } = {}): void {
    const { packets, transport } = this.deps;
    const all = this.broadcasts.isEmpty ? messages : [...messages, ...this.#newsBeside(messages)];
    if (all.length > 0) transport.send(to, packets.encode(all, { crc }));
  }

  /** Sends to a member, with a checksum if it understands that. */
  sendTo(member: Member, messages: readonly GossipMessage[]): void {
    this.send(endpointOf(member), messages, { crc: understandsCrc(member.versions) });
  }

  drop(reason: DropReason): void {
    this.metrics.dropped(reason);
  }

  /** News that fits into a datagram with `messages`. */
  #newsBeside(messages: readonly GossipMessage[]): readonly GossipMessage[] {
    const { packets } = this.deps;
    const room = messages.reduce((left, message) => left - packets.sizeOf(message), packets.capacity);
    return this.broadcasts.take(room, retransmitLimit(this.profile.retransmitMultiplier, this.table.size));
  }

  #handle(output: MembersOutput): void {
    switch (output.type) {
      case 'broadcast':
        // It came in a larger datagram than ours are, and would keep all other news waiting.
        if (this.deps.packets.sizeOf(output.claim) > this.deps.packets.capacity) this.drop('oversized');
        else this.broadcasts.add(output.claim);
        this.news.notify();
        if (output.claim.type === 'suspect') this.suspicions.notify();
        return;
      case 'refuted':
        this.metrics.refutation();
        this.feel(1);
        return;
      case 'refused':
        this.drop(output.reason);
        this.deps.log.debug(
          { member: output.node, reason: output.reason },
          'a claim about a member is refused',
        );
        return;
      case 'turned': {
        const { member, was } = output;
        const fields = { member: member.name, was: was ?? 'unknown', now: member.state };
        const isRumour = member.state === 'suspect' || (was === 'suspect' && member.state === 'alive');
        this.deps.log[isRumour ? 'debug' : 'info'](fields, 'a member changes');
        if (member.state !== 'suspect') return;
        this.metrics.suspicion();
        this.#suspectListeners.call(member);
      }
    }
  }

  /** Whoever was judged in that time gets it back, with a moment more to be heard in. */
  #onStall(ms: number): void {
    this.metrics.stall();
    this.feel(1);
    this.apply({ type: 'stalled', ms: ms + this.profile.probeTimeoutMs });
    this.deps.log.debug({ ms }, 'this process stood still; it judges nobody by that time');
  }
}

export function endpointOf({ address, port }: GossipEndpoint): GossipEndpoint {
  return { address: plainAddress(address), port };
}
