/** Asks every speaker of a lab once a second whom it takes for alive. */
import type { Lab } from '../../lab/lab.ts';
import { pause } from '../../toolchain/pause.ts';
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
  /** By node: what it counted first, and last. */
  readonly #suspicions = new Map<string, { first: number; last: number }>();
  #leastAlive = Infinity;

  constructor(lab: Lab, signal: AbortSignal) {
    const ended = AbortSignal.any([signal, this.#stop.signal]);
    this.#ended = Promise.all(lab.nodes.map((node) => this.#watch(node, ended))).then(() => undefined);
    // Whoever stops it learns of the failure.
    this.#ended.catch(() => undefined);
  }

  async stop(): Promise<MembershipSeen> {
    this.#stop.abort();
    await this.#ended;
    const counts = [...this.#suspicions.values()];
    return {
      suspicions: counts.reduce((sum, { first, last }) => sum + last - first, 0),
      leastAlive: this.#leastAlive,
    };
  }

  async #watch({ name, ip }: Lab['nodes'][number], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // One that is too busy to answer in time is asked again.
      const counts = await readMembership(ip, signal).catch(() => undefined);
      if (counts !== undefined) {
        const { first } = this.#suspicions.get(name) ?? { first: counts.suspicions };
        this.#suspicions.set(name, { first, last: counts.suspicions });
        this.#leastAlive = Math.min(this.#leastAlive, counts.alive);
      }
      await pause(EVERY_MS, signal).catch(() => undefined);
    }
  }
}
