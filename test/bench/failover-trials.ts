/** The ways in which a speaker goes, each as one trial on a rig that has settled. */
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import { kubectl } from '../lab/kubectl.ts';
import { pause } from '../toolchain/pause.ts';
import { longestGapMs, lostConnects } from './lan/observation.ts';
import type { Figures } from './lan/measure.ts';
import type { Rig } from './lan/rig.ts';

export type TrialName = 'power-cut' | 'killed-twice' | 'pod-deleted' | 'rollout';

export const TRIALS: Readonly<Record<TrialName, (rig: Rig) => Promise<Figures>>> = {
  'power-cut': powerCut,
  'killed-twice': killedTwice,
  'pod-deleted': podDeleted,
  rollout,
};

/** Longest wait for anybody to answer again. */
const PATIENCE_MS = 120_000;
/** So many answers in a row show that somebody has taken over. */
const TAKEN_OVER = 50;
/** A gap is looked for from a little before its cause. */
const BEFORE_MS = 100;
/** A connect's fate is known after so long. */
const CONNECT_MS = 1000;

async function powerCut(rig: Rig): Promise<Figures> {
  const { lab, winningNode, winner, probe } = rig;
  const from = Date.now() - BEFORE_MS;
  await lab.cutPower(winningNode);
  try {
    const others = () => probe.answers.filter(({ mac }) => mac !== winner).length;
    await probe.until('another node answers', () => others() > TAKEN_OVER, PATIENCE_MS);
    return await figures(rig, from);
  } finally {
    await lab.restore(winningNode);
  }
}

/**
 * The kubelet starts a killed container again at once, and after another kill only when a back-off of ten seconds
 * is over: until then somebody else has to take over.
 */
async function killedTwice(rig: Rig): Promise<Figures> {
  // A new pod has no back-off of earlier trials.
  await deletePod(rig);
  await rig.settle();
  const first = await runningContainer(rig);
  await rig.kill(first);
  const second = await runningContainer(rig, first);
  await rig.settle();
  const from = Date.now() - BEFORE_MS;
  await rig.kill(second);
  // What answers at once is the socket's last breath.
  await pause(BEFORE_MS, rig.task.signal);
  const before = rig.probe.answers.length;
  const answers = () => rig.probe.answers.length - before;
  await rig.probe.until('somebody answers again', () => answers() > TAKEN_OVER, PATIENCE_MS);
  return figures(rig, from);
}

async function podDeleted(rig: Rig): Promise<Figures> {
  const from = Date.now() - BEFORE_MS;
  await deletePod(rig);
  return untilSteady(rig, from);
}

async function rollout(rig: Rig): Promise<Figures> {
  const from = Date.now() - BEFORE_MS;
  const ref = ['-n', DEFAULT_NAMESPACE, `daemonset/${rig.subject.daemonSet}`];
  await kubectl(rig.lab, ['rollout', 'restart', ...ref]);
  return untilSteady(rig, from);
}

/** The address goes to another node and comes back with the new pod: both moves count. */
async function untilSteady(rig: Rig, from: number): Promise<Figures> {
  await rig.rolledOut();
  await rig.probe.until('the elected node answers alone', () => rig.isSteady(), PATIENCE_MS);
  return figures(rig, from);
}

async function figures({ probe, task }: Rig, from: number): Promise<Figures> {
  await pause(CONNECT_MS, task.signal);
  const span = { from, to: Date.now() };
  return {
    gapMs: longestGapMs(probe.answers, span),
    lostConnects: lostConnects(probe.connects, { from, to: span.to - CONNECT_MS }),
  };
}

/** Resolves when the pod is gone. */
async function deletePod(rig: Rig): Promise<void> {
  const { metadata } = await rig.winningPod();
  const pod = ['-n', DEFAULT_NAMESPACE, `pod/${metadata.name ?? ''}`];
  await kubectl(rig.lab, ['delete', '--wait', ...pod], { signal: rig.task.signal });
}

/** The speaker's container on the winning node, once it is another one than `old`. */
async function runningContainer(rig: Rig, old?: string): Promise<string> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
    const found = await rig.winningContainer();
    if (found !== undefined && found !== old) return found;
    await pause(100, rig.task.signal);
  }
  throw new Error(`no new container of the speaker on ${rig.winningNode}`);
}
