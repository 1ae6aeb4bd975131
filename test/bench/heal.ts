/**
 * Healing as a client and the API server see it: the announcing node's cable is pulled for 20 s and put back. Two
 * nodes then answer until the speakers have found together again, and the status follows who announces.
 */
import type { KubeApi } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import { pause } from '../toolchain/pause.ts';
import { type Benchmark, SUBJECT_NAMES } from './benchmark.ts';
import { type Figures, measure } from './lan/measure.ts';
import { contestedMs } from './lan/observation.ts';
import { type Rig, rigsOf } from './lan/rig.ts';

const CUT_MS = 20_000;
/**
 * A trial begins at any moment of so many milliseconds: upstream's speakers look for each other at fixed times, and
 * trials that follow each other in step would all meet the same moment.
 */
const PHASE_MS = 30_000;
/** Statuses may be written for a while after the answers have settled. */
const AFTERMATH_MS = 5_000;
const PATIENCE_MS = 180_000;

export const heal: Benchmark = {
  name: 'heal',
  about: 'a cable put back after 20 s: how long two nodes answer, and how often the status is written',
  takes: ['trials', 'subjects'],
  async *run({ quick, signal, log, ...options }) {
    const { subjects = SUBJECT_NAMES, trials = quick ? 1 : 5 } = options;
    for await (const rig of rigsOf(subjects, { log, signal })) {
      yield await measure(rig, 'heal', trials, cableBack);
    }
  },
};

async function cableBack(rig: Rig): Promise<Figures> {
  const { lab, api, probe, winner, winningNode, task } = rig;
  await pause(Math.random() * PHASE_MS, task.signal);
  await lab.cutPower(winningNode);
  try {
    await pause(CUT_MS, task.signal);
  } finally {
    await lab.restore(winningNode);
  }
  const from = Date.now();
  const writes = new WriteCounter(api, task.signal);
  try {
    await probe.until('the returned node answers', () => probe.answering(200).has(winner), PATIENCE_MS);
    await probe.until('it answers alone', () => rig.isSteady(), PATIENCE_MS);
    await pause(AFTERMATH_MS, task.signal);
    return {
      twoAnswerMs: contestedMs(probe.answers, { from, to: Date.now() }),
      statusWrites: await writes.stop(),
    };
  } finally {
    await writes.stop();
  }
}

/** Counts the changes of all statuses, each of which is one write: there is one service. */
class WriteCounter {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #writes = 0;

  constructor(api: KubeApi, signal: AbortSignal) {
    this.#done = this.#count(api, AbortSignal.any([signal, this.#stop.signal]));
    // Whoever stops the counter learns of the failure.
    this.#done.catch(() => undefined);
  }

  /** @throws when the changes could not be followed to the end */
  async stop(): Promise<number> {
    this.#stop.abort();
    await this.#done;
    return this.#writes;
  }

  async #count(api: KubeApi, signal: AbortSignal): Promise<void> {
    const namespace = DEFAULT_NAMESPACE;
    try {
      let { resourceVersion } = (await api.list(SERVICE_L2_STATUSES, { namespace, signal })).metadata;
      while (!signal.aborted) {
        for await (const line of api.watch(SERVICE_L2_STATUSES, { namespace, resourceVersion, signal })) {
          if (line.type === 'BOOKMARK') {
            ({ resourceVersion } = line);
          } else {
            this.#writes += 1;
            resourceVersion = line.object.metadata.resourceVersion ?? resourceVersion;
          }
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
