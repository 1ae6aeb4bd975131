/**
 * Finds out who still lives: the next one on the ring is pinged again and again; who does not answer is pinged
 * by others and over TCP as well, and when all of that is in vain becomes a suspect, and the one behind it is
 * pinged at once.
 */
import type { GossipEndpoint } from '../ports.js';
import type { Ack, GossipSource, IndirectPing, Nack, Ping, Suspect } from '../wire/memberlist/messages.js';
import { failedProbeDelta } from './awareness.js';
import { endpointOf, type Core } from './core.js';
import { plainAddress, type Member } from './members.js';
import { watchedBy } from './probe-ring.js';
import { inScope } from './scope.js';
import { sample } from './shuffle.js';
import { askOverStream } from './streams.js';

/** A ping whose answer is awaited. */
interface Question {
  readonly seqNo: number;
  readonly answered: Promise<undefined>;
  readonly answer: () => void;
  hasAnswer: boolean;
  /** Helpers that have said they got no answer either. */
  nacks: number;
}

/** Pings for others under way at most: more is no distress but an attack. */
const MAX_RELAYS = 256;
/** Suspects of others probed at the same time at most. */
const MAX_CHECKS = 8;
/** So many members on average check what another one suspects. */
const CHECKERS = 8;
/** In each such turn one chosen by lot is probed too: nobody's life may hang on one who looks after it. */
const LOT_EVERY = 8;

export class Prober {
  readonly #core: Core;
  readonly #questions = new Map<number, Question>();
  #seqNo: number;
  #turn: number;
  #relays = 0;
  #checks = 0;

  constructor(core: Core) {
    this.#core = core;
    // Anywhere, so that answers to a process before this one answer nothing.
    this.#seqNo = Math.floor(core.deps.random() * 2 ** 31);
    this.#turn = Math.floor(core.deps.random() * LOT_EVERY);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { probeIntervalMs } = this.#core.profile;
    const unsubscribe = this.#core.onSuspect((suspect) => void this.#check(suspect, signal));
    try {
      // Members that start together do not probe together.
      await this.#core.sleep(this.#core.deps.random() * probeIntervalMs, signal);
      while (!signal.aborted) {
        const nextAt = this.#core.now + probeIntervalMs;
        const silent = await Promise.all(
          Array.from(this.#targets(), (target) => this.#probe(target, signal)),
        );
        // The one behind it may have died with it, and would otherwise be asked an interval later.
        if (!silent.includes(true)) await this.#core.sleep(nextAt - this.#core.now, signal);
      }
    } finally {
      unsubscribe();
    }
  }

  onPing(ping: Ping, from: GossipEndpoint): void {
    if (ping.node !== this.#core.name) {
      this.#core.drop('not-for-us');
      return;
    }
    this.#core.send(senderOf(ping, from), [{ type: 'ack', seqNo: ping.seqNo }]);
  }

  onAck({ seqNo }: Ack): void {
    const question = this.#questions.get(seqNo);
    if (question === undefined) this.#core.drop('unknown-ack');
    else question.answer();
  }

  onNack({ seqNo }: Nack): void {
    const question = this.#questions.get(seqNo);
    if (question === undefined) this.#core.drop('unknown-ack');
    else question.nacks++;
  }

  /** Pings on behalf of another member. */
  async onIndirectPing(request: IndirectPing, from: GossipEndpoint, signal: AbortSignal): Promise<void> {
    if (this.#relays >= MAX_RELAYS) {
      this.#core.drop('too-many-relays');
      return;
    }
    this.#relays++;
    const question = this.#ask();
    const { node, target, port } = request;
    const asker = senderOf(request, from);
    this.#core.send(endpointOf({ address: target, port }), [this.#ping(question, node)]);
    await this.#wait(question, this.#core.profile.probeTimeoutMs, signal);
    this.#questions.delete(question.seqNo);
    this.#relays--;
    if (signal.aborted) return;
    if (question.hasAnswer) this.#core.send(asker, [{ type: 'ack', seqNo: request.seqNo }]);
    else if (request.nack) this.#core.send(asker, [{ type: 'nack', seqNo: request.seqNo }]);
  }

  /** Whom to probe in this turn. */
  #targets(): ReadonlySet<Member> {
    const { table, hasLeft, name, deps } = this.#core;
    if (hasLeft) return new Set();
    this.#core.apply({ type: 'reap' });
    const others = table.others();
    const watched = watchedBy(name, others);
    const turn = this.#turn++;
    const targets = new Set(sample(others, turn % LOT_EVERY === 0 ? 1 : 0, deps.random));
    const next = watched[turn % watched.length];
    return next === undefined ? targets : targets.add(next);
  }

  /**
   * Probes whom another one suspects, out of turn: either the suspect hears of it at once and objects, or a
   * confirmation is there before the least time is over. Waiting for its turn would make a death as late as
   * chance has it.
   */
  async #check(suspect: Member, signal: AbortSignal): Promise<void> {
    const { table, deps, hasLeft, name: self } = this.#core;
    if (suspect.suspicion?.accusers[0] === self || hasLeft) return;
    if (this.#checks >= MAX_CHECKS || deps.random() > CHECKERS / table.size) return;
    this.#checks++;
    await this.#probe(suspect, signal);
    this.#checks--;
  }

  /** Gives whether a member that was in good standing is silent, and accused of it now. */
  async #probe(target: Member, signal: AbortSignal): Promise<boolean> {
    const { profile } = this.#core;
    const stalls = this.#core.clock.stalls;
    const verdictAt = this.#core.now + this.#core.scaled(profile.verdictMs);
    const question = this.#ask();
    this.#sendPing(question, target);
    let helpers: readonly Member[] = [];
    // Nothing hangs on when the answer of a member in good standing comes, if only it comes; and to wait for it
    // costs more than all the rest of a probe.
    if (target.state === 'alive') await this.#core.sleep(profile.probeTimeoutMs, signal);
    else await this.#wait(question, profile.probeTimeoutMs, signal);
    if (!question.hasAnswer && !signal.aborted) {
      helpers = this.#askOthers(question, target);
      await inScope(signal, async (scope) => {
        void this.#pingOverStream(question, target, verdictAt, scope);
        await this.#wait(question, verdictAt - this.#core.now, scope);
      });
    }
    this.#questions.delete(question.seqNo);
    if (signal.aborted) return false;
    if (question.hasAnswer) {
      this.#core.feel(-1);
      this.#core.apply({ type: 'answered', node: target.name });
      return false;
    }
    // The answer may have come while nobody was here to take it.
    if (this.#core.clock.stalls !== stalls) return false;
    this.#core.metrics.probeFailed();
    this.#core.feel(failedProbeDelta(helpers.length, question.nacks));
    this.#core.apply(this.#accusation(target));
    return target.state === 'alive';
  }

  #sendPing(question: Question, target: Member): void {
    const ping = this.#ping(question, target.name);
    // A suspect hears of it from the one who asks, so it can object in its answer.
    if (target.state === 'alive') this.#core.send(endpointOf(target), [ping]);
    else this.#core.sendTo(target, [ping, this.#accusation(target)]);
  }

  #askOthers({ seqNo }: Question, target: Member): readonly Member[] {
    const { table, profile, deps } = this.#core;
    const others = table.others(({ name, state }) => state === 'alive' && name !== target.name);
    const helpers = sample(others, profile.indirectChecks, deps.random);
    const { name: node, address, port } = target;
    const request: IndirectPing = {
      type: 'indirectPing',
      seqNo,
      target: address,
      port,
      node,
      nack: true,
      source: this.#source(),
    };
    for (const helper of helpers) this.#core.send(endpointOf(helper), [request]);
    return helpers;
  }

  /** Networks that lose or refuse UDP often let TCP through. */
  async #pingOverStream(
    question: Question,
    target: Member,
    endsAt: number,
    scope: AbortSignal,
  ): Promise<void> {
    const ping = this.#ping(question, target.name);
    const leftMs = endsAt - this.#core.now;
    const patience = { connectMs: leftMs, answerMs: leftMs };
    const answer = await askOverStream(this.#core, endpointOf(target), ping, patience, scope);
    if (!answer.ok || answer.value.type !== 'ack' || answer.value.seqNo !== question.seqNo) return;
    this.#core.deps.log.debug({ member: target.name }, 'a member answers over TCP and not over UDP');
    question.answer();
  }

  #ask(): Question {
    this.#seqNo = (this.#seqNo + 1) >>> 0;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const question: Question = {
      seqNo: this.#seqNo,
      answered: promise,
      answer: () => {
        question.hasAnswer = true;
        resolve(undefined);
      },
      hasAnswer: false,
      nacks: 0,
    };
    this.#questions.set(question.seqNo, question);
    return question;
  }

  /** Waits for the answer, for `ms` milliseconds or until the abort. */
  async #wait(question: Question, ms: number, signal: AbortSignal): Promise<void> {
    await inScope(signal, (scope) => Promise.race([question.answered, this.#core.sleep(ms, scope)]));
  }

  #ping({ seqNo }: Question, node: string): Ping {
    return { type: 'ping', seqNo, node, source: this.#source() };
  }

  #source(): GossipSource {
    const { address, port, name } = this.#core.self;
    return { address, port, node: name };
  }

  #accusation({ name: node, incarnation }: Member): Suspect {
    return { type: 'suspect', node, incarnation, from: this.#core.name };
  }
}

/** Where the answer goes: to whom the message names, else to where it came from. */
function senderOf({ source }: Pick<Ping, 'source'>, from: GossipEndpoint): GossipEndpoint {
  return source === undefined ? from : { address: plainAddress(source.address), port: source.port };
}
