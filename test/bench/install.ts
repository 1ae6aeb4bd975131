/**
 * From an empty cluster to the first address that is answered for, as a user gets there: ours with one `pulumi up`
 * that builds the image too, upstream's with its plain manifest and then its pool, each command repeated until it
 * succeeds. Every trial has a cluster of its own, on which a service waits already.
 */
import { readFile } from 'node:fs/promises';
import { type KubeApi } from '@metallb-l2/sdk/kube';
import { connect } from '@metallb-l2/sdk/kube/connect';
import { quickstartStack } from '../demo/quickstart.ts';
import { labSite } from '../demo/site.ts';
import { applyObjects } from '../lab/kubectl.ts';
import type { Lab } from '../lab/lab.ts';
import { poolOf } from '../lab/upstream/install.ts';
import { applyManifest, prepareManifest } from '../lab/upstream/manifest.ts';
import { pause } from '../toolchain/pause.ts';
import { type Task } from '../toolchain/progress.ts';
import {
  type Benchmark,
  type Result,
  type Spread,
  spreadOf,
  SUBJECT_NAMES,
  type SubjectName,
} from './benchmark.ts';
import { LanProbe } from './lan/probe.ts';
import { CLIENT, startWatchedLab } from './lan/rig.ts';
import { publishServer, SERVICE_PORT } from './lan/service.ts';
import { SUBJECTS } from './subjects.ts';

const PATIENCE_MS = 300_000;
/** Between two attempts of one command. */
const RETRY_MS = 1000;
const QUIET = () => undefined;

/** Commands that failed before they succeeded. */
type Failures = number;

const INSTALLERS: Readonly<Record<SubjectName, (lab: Lab, task: Task) => Promise<() => Promise<Failures>>>> =
  {
    async ours(lab, task) {
      const stack = await quickstartStack(await labSite(lab), { ...task, log: QUIET });
      return async () => {
        try {
          return await untilDone(() => stack.up(), task.signal);
        } finally {
          await stack.dispose();
        }
      };
    },
    async upstream(lab, task) {
      const manifest = await prepareManifest(lab, { ...task, log: QUIET });
      return async () => {
        const failed = await untilDone(() => applyManifest(lab, manifest, task.signal), task.signal);
        return failed + (await untilDone(() => applyObjects(lab, poolOf(lab), task.signal), task.signal));
      };
    },
  };

export const install: Benchmark = {
  name: 'install',
  about:
    'an empty cluster to the first address that is answered for, and how many commands failed on the way',
  takes: ['trials', 'subjects'],
  async *run({ quick, signal, log, ...options }) {
    const { subjects = SUBJECT_NAMES, trials = quick ? 1 : 10 } = options;
    const figures = new Map(subjects.map((name): [SubjectName, Series] => [name, emptySeries()]));
    for (let trial = 1; trial <= trials; trial++) {
      for (const [name, series] of figures) {
        const { answeredMs, failedCommands } = await installOnce(name, { log, signal });
        series.answeredMs.push(answeredMs);
        series.failedCommands.push(failedCommands);
        const words = `answered after ${(answeredMs / 1000).toFixed(1)} s, ${failedCommands} commands failed`;
        log(`${SUBJECTS[name].title}, install ${trial}/${trials}: ${words}`);
      }
    }
    for (const [name, series] of figures) yield resultOf(name, trials, series);
  },
};

interface Series {
  readonly answeredMs: number[];
  readonly failedCommands: number[];
}

const emptySeries = (): Series => ({ answeredMs: [], failedCommands: [] });

async function installOnce(
  subject: SubjectName,
  task: Task,
): Promise<{ answeredMs: number; failedCommands: Failures }> {
  const lab = await startWatchedLab(task);
  const api: KubeApi & { close(): void } = connect({
    kubeconfig: await readFile(lab.kubeconfigPath, 'utf8'),
  });
  let probe: LanProbe | undefined;
  try {
    const run = await INSTALLERS[subject](lab, task);
    await publishServer(api, lab, task.signal);
    // The only service gets the pool's first address.
    const [address = ''] = lab.addressPool.split('/');
    const watching = await LanProbe.start(lab, CLIENT, { address, port: SERVICE_PORT }, task);
    probe = watching;
    const from = Date.now();
    const [failedCommands] = await Promise.all([
      run(),
      watching.until('the address is answered for', () => watching.answers.length > 0, PATIENCE_MS),
    ]);
    return { answeredMs: (watching.answers[0]?.at ?? Number.NaN) - from, failedCommands };
  } finally {
    await probe?.stop();
    api.close();
    await lab.down();
  }
}

async function untilDone(command: () => Promise<unknown>, signal: AbortSignal): Promise<Failures> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let failures = 0; ; failures++) {
    try {
      await command();
      return failures;
    } catch (error) {
      if (signal.aborted || performance.now() > deadline) throw error;
      await pause(RETRY_MS, signal);
    }
  }
}

function resultOf(name: SubjectName, runs: number, series: Series): Result {
  const figures: Record<string, Spread> = {
    answeredMs: spreadOf(series.answeredMs),
    failedCommands: spreadOf(series.failedCommands),
  };
  return { benchmark: 'install', subject: SUBJECTS[name].title, runs, parameters: {}, figures };
}
