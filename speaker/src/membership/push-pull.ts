/**
 * Two members tell each other all they know, over TCP: to join, and now and then to mend what gossip lost.
 * The one who is asked answers with what it knew before, then both take in what they heard.
 */
import type { GossipEndpoint, GossipStream } from '../ports.js';
import type { Decoded } from '../wire/decoded.js';
import type { PushPull } from '../wire/memberlist/messages.js';
import { endpointOf, type Core } from './core.js';
import { claimOf, isMember } from './members.js';
import { inScope } from './scope.js';
import { sample } from './shuffle.js';
import { type StreamLimits, StreamQuota } from './stream-quota.js';
import { askOverStream, closeAfter, readMessage, type StreamFault } from './streams.js';
import { versionsAgree } from './versions.js';

/**
 * Streams of others open at once at most, each of which may hold some MiB; further ones are closed unread. A
 * member has two or three, and some more for probes when UDP does not get through.
 */
const STREAM_LIMITS: StreamLimits = { total: 64, each: 16 };
/**
 * So long, in milliseconds, a connection may take to come about at least. Kernels repeat a lost SYN after a
 * second only: one sent while there was no way is better given up than waited for.
 */
const LEAST_CONNECT_MS = 500;
/** Above so many members the interval grows, so that the traffic of all does not grow with their square. */
const SCALE_FROM = 32;

/** The interval is stretched by this among `memberCount` members: `ceil(log2(n / 32)) + 1` above 32. */
export function pushPullScale(memberCount: number): number {
  return memberCount <= SCALE_FROM ? 1 : Math.ceil(Math.log2(memberCount / SCALE_FROM)) + 1;
}

export class PushPuller {
  readonly #core: Core;
  readonly #onExchange: () => void;
  readonly #streams = new StreamQuota(STREAM_LIMITS);

  /** @param onExchange is called after each completed exchange, whoever began it */
  constructor(core: Core, onExchange: () => void) {
    this.#core = core;
    this.#onExchange = onExchange;
  }

  /** Compares with a member chosen at random, time and again. */
  async run(signal: AbortSignal): Promise<void> {
    const { profile, deps, table } = this.#core;
    // The first at any point of the interval: members that start together do not ask together.
    await this.#core.sleep(deps.random() * profile.pushPullIntervalMs, signal);
    while (!signal.aborted) {
      const partners = this.#core.hasLeft ? [] : table.others(({ state }) => state === 'alive');
      for (const partner of sample(partners, 1, deps.random)) {
        await this.exchange(endpointOf(partner), { join: false }, signal);
      }
      await this.#core.sleep(profile.pushPullIntervalMs * pushPullScale(table.size), signal);
    }
  }

  /** One exchange with whoever is at `endpoint`. */
  async exchange(
    endpoint: GossipEndpoint,
    { join }: Pick<PushPull, 'join'>,
    signal: AbortSignal,
  ): Promise<Decoded<undefined, StreamFault | 'refused'>> {
    const { streamTimeoutMs, probeTimeoutMs } = this.#core.profile;
    const connectMs = Math.max(LEAST_CONNECT_MS, 2 * probeTimeoutMs);
    const patience = { connectMs, answerMs: streamTimeoutMs };
    const answer = await askOverStream(this.#core, endpoint, this.#mine(join), patience, signal);
    if (!answer.ok) return answer;
    if (answer.value.type === 'error') return { ok: false, reason: 'refused' };
    if (answer.value.type !== 'pushPull') {
      this.#core.drop('unexpected');
      return { ok: false, reason: 'unreadable' };
    }
    return this.#merge(answer.value) ? { ok: true, value: undefined } : { ok: false, reason: 'refused' };
  }

  /** Serves a stream that another member has opened, and closes it. */
  async onStream(stream: GossipStream, { address }: GossipEndpoint, signal: AbortSignal): Promise<void> {
    if (!this.#streams.take(address)) {
      this.#core.drop('too-many-streams');
      stream.close();
      return;
    }
    try {
      await inScope(signal, async (scope) => {
        closeAfter(this.#core, stream, this.#core.profile.streamTimeoutMs, scope);
        await this.#serve(stream);
      });
    } catch (error) {
      this.#core.deps.log.debug({ err: error }, "a member's stream broke off");
    } finally {
      this.#streams.giveBack(address);
      stream.close();
    }
  }

  async #serve(stream: GossipStream): Promise<void> {
    const read = await readMessage(this.#core, stream);
    if (!read.ok) return;
    const { streams } = this.#core.deps;
    const message = read.value;
    if (message.type === 'pushPull') {
      await stream.send(streams.encode(this.#mine(false)));
      this.#merge(message);
    } else if (message.type !== 'ping') {
      this.#core.drop('unexpected');
    } else if (message.node !== this.#core.name) {
      this.#core.drop('not-for-us');
    } else {
      await stream.send(streams.encode({ type: 'ack', seqNo: message.seqNo }));
    }
  }

  #mine(join: boolean): PushPull {
    return { type: 'pushPull', join, members: this.#core.table.pushed(), userState: new Uint8Array() };
  }

  #merge({ members }: PushPull): boolean {
    const known = [...this.#core.table.all()].filter(isMember);
    const told = members.filter(({ state }) => state === 'alive');
    if (!versionsAgree([...known, ...told].map(({ versions }) => versions))) {
      this.#core.drop('incompatible-versions');
      return false;
    }
    this.#core.apply(...members.map((member) => claimOf(member, this.#core.name)));
    this.#onExchange();
    return true;
  }
}
