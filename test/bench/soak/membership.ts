/** Asks every speaker of a lab once a second whom it takes for alive. */
import type { Lab } from '../../lab/lab.ts';
import { pause } from '../../toolchain/pause.ts';
import { CounterGrowth } from './counter-growth.ts';
import { readMembership } from './speaker-process.ts';

const EVERY_MS = 1000;

export interface MembershipSeen {
  /** Members that became suspects since the start, as each speaker counts them. */
  readonly suspicions: number;
  /** The fewest that any speaker took for alive. */
  readonly leastAlive: number;
}

export class MembershipWatch {
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #nodes: readonly string[];
  readonly #suspicions = new Map<string, CounterGrowth>();
  #leastAlive = Infinity;

  constructor(lab: Lab, signal: AbortSignal) {
    this.#nodes = lab.nodes.map(({ name }) => name);
    const ended = AbortSignal.any([signal, this.#stop.signal]);
    this.#ended = Promise.all(lab.nodes.map((node) => this.#watch(node, ended))).then(() => undefined);
    // Whoever stops it learns of the failure.
    this.#ended.catch(() => undefined);
  }

  /** @throws when a speaker has never answered: what it would have said is not known */
  async stop(): Promise<MembershipSeen> {
    this.#stop.abort();
    await this.#ended;
    const silent = this.#nodes.filter((name) => !this.#suspicions.has(name));
    if (silent.length > 0) throw new Error(`no speaker has told its members on ${silent.join(' and ')}`);
    return {
      suspicions: [...this.#suspicions.values()].reduce((sum, { growth }) => sum + growth, 0),
      leastAlive: this.#leastAlive,
    };
  }

  async #watch({ name, ip }: Lab['nodes'][number], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // One that is too busy to answer in time is asked again.
      const counts = await readMembership(ip, signal).catch(() => undefined);
      if (counts !== undefined) {
        const growth = this.#suspicions.get(name) ?? new CounterGrowth();
        this.#suspicions.set(name, growth);
        growth.take(counts.suspicions);
        this.#leastAlive = Math.min(this.#leastAlive, counts.alive);
      }
      await pause(EVERY_MS, signal).catch(() => undefined);
    }
  }
}
