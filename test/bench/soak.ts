/**
 * What must not happen while nothing happens: our speaker at rest with hundreds and thousands of services, and
 * then for minutes with every CPU busy and the main thread of one speaker blocked again and again, while a client
 * asks for an address of each family.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { connect } from '@metallb-l2/sdk/kube/connect';
import { createServices, createSpeakerPod } from '../lab/bare-cluster.ts';
import { startBareSpeaker } from '../lab/bare-speaker.ts';
import { applyObjects, kubectl } from '../lab/kubectl.ts';
import { startLab } from '../lab/lab.ts';
import { pause } from '../toolchain/pause.ts';
import { type Task, withProgress } from '../toolchain/progress.ts';
import { type Benchmark, type Result, spreadOf } from './benchmark.ts';
import { countConnects, longestGapMs, lostConnects } from './lan/observation.ts';
import { CLIENT, Rig, startWatchedLab } from './lan/rig.ts';
import { SERVICE_PORT } from './lan/service.ts';
import { LanProbe } from './lan/probe.ts';
import { BusyCpus } from './soak/busy-cpus.ts';
import { countStalls, stallMainThread } from './soak/main-thread-stall.ts';
import { MembershipWatch } from './soak/membership.ts';
import { Moves } from './soak/moves.ts';
import { NeighbourWatch } from './soak/neighbour.ts';
import { createFleet } from './soak/services.ts';
import { findSpeaker, measureUsage, type Usage } from './soak/speaker-process.ts';
import { SUBJECTS } from './subjects.ts';

const SCENARIOS = ['busy', 'large'] as const;

/** Of the main thread that is blocked. */
const STALL = { ms: 300, everyMs: 1000 };
/** A connect's fate is known after so long. */
const CONNECT_MS = 1000;
/**
 * Statuses and events take a while for each service; and in its first minutes a program compiles what it has begun to
 * repeat, and gives back what only the start has needed: it is not at rest before.
 */
const settleMs = (services: number) => 150_000 + 20 * services;
const MINUTE_MS = 60_000;

interface Sizes {
  readonly services: number;
  readonly many: number;
  readonly quietMs: number;
  readonly settleMs: (services: number) => number;
  readonly minutes: number;
}

const FULL = { services: 300, many: 5000, quietMs: MINUTE_MS, settleMs, minutes: 10 };
const QUICK = { services: 5, many: 20, quietMs: 2000, settleMs: () => 1000, minutes: 0.1 };

export const soak: Benchmark = {
  name: 'soak',
  about: 'memory and CPU of our speaker at rest, then false alarms while every CPU is busy',
  takes: ['minutes'],
  scenarios: SCENARIOS,
  async *run({ quick, signal, log, scenarios = SCENARIOS, minutes }) {
    const sizes: Sizes = { ...(quick ? QUICK : FULL), ...(minutes !== undefined && { minutes }) };
    const task = { log, signal };
    if (scenarios.includes('large')) yield await atRestWithMany(sizes, task);
    if (scenarios.includes('busy')) yield* underLoad(sizes, task);
  },
};

/** One speaker, on an API server that has the services and nothing else. */
async function atRestWithMany(sizes: Sizes, task: Task): Promise<Result> {
  const { many, quietMs } = sizes;
  const { log, signal } = task;
  const lab = await startLab({ ...task, bare: true, nodes: 1, clients: [] });
  const api = connect({ kubeconfig: await readFile(lab.kubeconfigPath, 'utf8') });
  try {
    await applyObjects(lab, customResourceDefinitions(), signal);
    await kubectl(lab, ['wait', 'crd', '--all', '--for=condition=Established', '--timeout=30s'], { signal });
    const [node] = lab.nodes;
    if (node === undefined) throw new Error('the lab has no node');
    const pod = await createSpeakerPod(api, node, signal);
    await withProgress(log, `${many} services`, () => createServices(api, many, signal));
    const speaker = startBareSpeaker(lab, pod, { gossips: true });
    const moves = new Moves(api);
    try {
      await withProgress(log, `${many} announcements`, () => moves.begin(many, signal));
      await pause(sizes.settleMs(many), signal);
      return usageResult(await measureUsage([await findSpeaker(lab, node.name)], quietMs, signal), many);
    } finally {
      await moves.stop();
      await speaker.kill();
    }
  } finally {
    api.close();
    await lab.down();
  }
}

/** Speakers as they are installed, on three nodes: at rest first, then under load. */
async function* underLoad(sizes: Sizes, task: Task): AsyncGenerator<Result> {
  const { services, quietMs } = sizes;
  const { log, signal } = task;
  const lab = await startWatchedLab(task);
  try {
    const rig = await Rig.open(lab, SUBJECTS.ours, task);
    const moves = new Moves(rig.api);
    try {
      const address6 = await withProgress(log, `${services} services`, () =>
        createFleet(rig.api, lab, services - 1, task),
      );
      await withProgress(log, `${services} announcements`, () => moves.begin(services, signal));
      await pause(sizes.settleMs(services), signal);
      const pids = await Promise.all(lab.nodes.map(({ name }) => findSpeaker(lab, name)));
      yield usageResult(await rig.unwatched(() => measureUsage(pids, quietMs, signal)), services);
      await moves.begin(services, signal);
      yield* holdOut(rig, moves, { ...sizes, address6 });
    } finally {
      await moves.stop();
      await rig.close();
    }
  } finally {
    await lab.down();
  }
}

function usageResult(usages: readonly Usage[], services: number): Result {
  return {
    benchmark: 'soak at-rest',
    subject: SUBJECTS.ours.title,
    runs: usages.length,
    parameters: { services },
    figures: {
      rssMiB: spreadOf(usages.map(({ rssMiB }) => rssMiB)),
      cpuPercent: spreadOf(usages.map(({ cpuPercent }) => cpuPercent)),
    },
  };
}

async function* holdOut(
  rig: Rig,
  moves: Moves,
  { minutes, services, address6 }: Sizes & { address6: string },
): AsyncGenerator<Result> {
  const { lab, probe, task, winningNode } = rig;
  const { log, signal } = task;
  const ms = minutes * MINUTE_MS;
  const pid = await findSpeaker(lab, winningNode);
  await stallMainThread(lab, { node: winningNode, pid }, STALL, signal);
  const probe6 = await LanProbe.start(lab, CLIENT, { address: address6, port: SERVICE_PORT }, task);
  const neighbour = new NeighbourWatch(lab, CLIENT, address6, signal);
  const members = new MembershipWatch(lab, signal);
  const from = Date.now();
  probe.forget(0);
  const cpus = BusyCpus.start(lab, ms + MINUTE_MS);
  try {
    const detail = () => `${moves.moved} moves`;
    await withProgress(log, `every CPU busy`, () => pause(ms, signal), { everyMs: MINUTE_MS, detail });
    const span = { from, to: Date.now() };
    const busyPercent = cpus.busyPercent;
    await cpus.stop();
    await pause(CONNECT_MS, signal);
    const { suspicions, leastAlive } = await members.stop();
    const known = { from, to: span.to - CONNECT_MS };
    yield resultOf(
      'busy',
      { minutes, services, cpus: availableParallelism() },
      {
        moves: moves.moved,
        withdrawals: moves.withdrawn,
        suspicions,
        leastMembersAlive: leastAlive,
        mainThreadStalls: await countStalls(lab, winningNode, signal),
        cpusBusyPercent: busyPercent,
        arpGapMs: longestGapMs(probe.answers, span),
        connects: countConnects(probe.connects, known),
        lostConnects: lostConnects(probe.connects, known),
      },
    );
    yield resultOf(
      'ipv6',
      { minutes },
      {
        neighbourLooks: neighbour.samples,
        neighbourLost: neighbour.lost,
        neighbourMacs: neighbour.macs.size,
        connects: countConnects(probe6.connects, known),
        lostConnects: lostConnects(probe6.connects, known),
      },
    );
  } finally {
    // What it has to say was asked for above, unless something else has failed.
    const unasked = members.stop().catch(() => undefined);
    await Promise.all([cpus.stop(), unasked, neighbour.stop(), probe6.stop()]);
  }
}

function resultOf(
  what: string,
  parameters: Result['parameters'],
  figures: Readonly<Record<string, number>>,
): Result {
  return {
    benchmark: `soak ${what}`,
    subject: SUBJECTS.ours.title,
    runs: 1,
    parameters,
    figures: Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, spreadOf([value])])),
  };
}
