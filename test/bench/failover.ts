/**
 * Fail-over as a client sees it: the announcing node loses its power, its speaker crashes, is deleted or is
 * rolled out. Ours and upstream stand in the same lab, one after the other.
 */
import { type Benchmark, SUBJECT_NAMES } from './benchmark.ts';
import { TRIALS, type TrialName } from './failover-trials.ts';
import { measure } from './lan/measure.ts';
import { rigsOf } from './lan/rig.ts';

const TRIAL_NAMES = Object.keys(TRIALS) as TrialName[];

export const failover: Benchmark = {
  name: 'failover',
  about: 'the longest time without an ARP answer, and TCP connects lost of one every 20 ms',
  takes: ['trials', 'subjects'],
  scenarios: TRIAL_NAMES,
  async *run({ quick, signal, log, ...options }) {
    const { subjects = SUBJECT_NAMES, trials = quick ? 1 : 10 } = options;
    const { scenarios = quick ? TRIAL_NAMES.slice(0, 1) : TRIAL_NAMES } = options;
    for await (const rig of rigsOf(subjects, { log, signal })) {
      for (const name of TRIAL_NAMES.filter((each) => scenarios.includes(each))) {
        yield await measure(rig, `failover ${name}`, trials, TRIALS[name]);
      }
    }
  },
};
