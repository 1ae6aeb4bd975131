/**
 * How fast an ARP request is answered, with one address announced and with 5,000: ours and upstream's speaker
 * beside the kernel, which is the floor. The load is a closed loop from one sender on the same bridge, once on the
 * CPU of the program that answers and once on another one.
 */

import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { connect } from '@metallb-l2/sdk/kube/connect';
import * as z from 'zod';
import { createServices, createSpeakerPod, FIRST_ADDRESS } from '../lab/bare-cluster.ts';
import { applyObjects, kubectl } from '../lab/kubectl.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { upstreamDefinitions } from '../lab/upstream/definitions.ts';
import { pause } from '../toolchain/pause.ts';
import { type Task, withProgress } from '../toolchain/progress.ts';
import { resolveTool } from '../toolchain/resolve.ts';
import { type ArpSite, type Responder, RESPONDERS } from './arp-responders.ts';
import { type Benchmark, type Result, spreadOf, SUBJECT_NAMES } from './benchmark.ts';
import { keepOnCpu } from './placement.ts';

const CLIENT = 'client';
const NODE = 'node1';
/** The CPU of the program that answers; what is asked of the kernel is answered where the question is. */
const ANSWERING_CPU = 0;
/** The CPU of the sender, by the name of the scenario. */
const SENDING_CPU = { 'same-cpu': ANSWERING_CPU, 'other-cpu': 1 } as const;
type Placement = keyof typeof SENDING_CPU;
const PLACEMENTS = Object.keys(SENDING_CPU) as Placement[];
const IN_FLIGHT = 64;
const PATIENCE_MS = 600_000;
const SWEEP_PAUSE_MS = 1000;
/** Announcements of a start take five seconds; statuses and events take upstream minutes, at 20 calls a second. */
const SETTLE_MS = 15_000;

export const arp: Benchmark = {
  name: 'arp',
  about: `time to an ARP answer with one request in flight, and answers a second with ${IN_FLIGHT}`,
  takes: ['trials', 'subjects'],
  scenarios: PLACEMENTS,
  async *run({ quick, signal, log, scenarios = PLACEMENTS, ...options }) {
    const { subjects = SUBJECT_NAMES, trials = quick ? 1 : 5 } = options;
    const placements = PLACEMENTS.filter(
      (name) => scenarios.includes(name) && SENDING_CPU[name] < availableParallelism(),
    );
    const counts = quick ? [1] : [1, 5000];
    const task = { log, signal };
    const lab = await startLab({ ...task, bare: true, nodes: 1, clients: [CLIENT] });
    const api = connect({ kubeconfig: await readFile(lab.kubeconfigPath, 'utf8') });
    try {
      await applyObjects(lab, upstreamDefinitions(), signal);
      await kubectl(lab, ['wait', 'crd', '--all', '--for=condition=Established', '--timeout=30s'], {
        signal,
      });
      const [node] = lab.nodes;
      if (node === undefined) throw new Error('the lab has no node');
      const site = { lab, pod: await createSpeakerPod(api, node, signal), task };
      for (const count of counts) {
        await withProgress(log, `${count} services`, () => createServices(api, count, signal));
        for (const name of ['kernel', ...subjects] as const) {
          yield* measure(site, RESPONDERS[name], {
            count,
            placements,
            trials,
            seconds: quick ? 1 : 3,
            settleMs: quick ? 1000 : SETTLE_MS,
          });
        }
      }
    } finally {
      api.close();
      await lab.down();
    }
  },
};

interface Measurement {
  readonly count: number;
  readonly placements: readonly Placement[];
  readonly trials: number;
  readonly seconds: number;
  readonly settleMs: number;
}

async function* measure(site: ArpSite, responder: Responder, options: Measurement): AsyncGenerator<Result> {
  const { lab, task } = site;
  const { count, placements, trials, settleMs } = options;
  const stop = await responder.start(site, count);
  try {
    await withProgress(task.log, `${responder.title}: announcing ${count}`, () =>
      untilAllAnswered(lab, count, task),
    );
    await pause(settleMs, task.signal);
    await keepOnCpu(lab, NODE, ANSWERING_CPU);
    for (const placement of placements) {
      const figures = await measureTrials(site, responder, placement, options);
      yield {
        benchmark: `arp ${placement}`,
        subject: responder.title,
        runs: trials,
        parameters: { addresses: count },
        figures,
      };
    }
  } finally {
    await stop();
  }
}

async function measureTrials(
  { lab, task }: ArpSite,
  { title }: Responder,
  placement: Placement,
  { count, trials, seconds }: Measurement,
): Promise<Result['figures']> {
  const all = new Map<string, number[]>();
  const cpu = SENDING_CPU[placement];
  for (let trial = 1; trial <= trials; trial++) {
    const single = await load(lab, { count, cpu, seconds, inFlight: 1 }, task);
    const many = await load(lab, { count, cpu, seconds, inFlight: IN_FLIGHT }, task);
    const { p50Us, p99Us, p999Us } = single;
    const figures = { p50Us, p99Us, p999Us, repliesPerSecond: many.rate, lost: single.lost + many.lost };
    task.log(`${title}, ${count} addresses, ${placement} ${trial}/${trials}: ${JSON.stringify(figures)}`);
    for (const [name, value] of Object.entries(figures)) all.set(name, [...(all.get(name) ?? []), value]);
  }
  return Object.fromEntries([...all].map(([name, values]) => [name, spreadOf(values)]));
}

const sweepSchema = z.object({ answered: z.number() });

async function untilAllAnswered(lab: Lab, count: number, task: Task): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
    const { answered } = sweepSchema.parse(await probe(lab, 'sweep', [`-count=${count}`], task));
    if (answered === count) return;
    await pause(SWEEP_PAUSE_MS, task.signal);
  }
  throw new Error(`not all of ${count} addresses are answered for after ${PATIENCE_MS / 1000} s`);
}

const loadSchema = z.object({
  lost: z.number(),
  p50Us: z.number(),
  p99Us: z.number(),
  p999Us: z.number(),
  rate: z.number(),
});

interface Load {
  readonly count: number;
  readonly cpu: number;
  readonly seconds: number;
  readonly inFlight: number;
}

async function load(
  lab: Lab,
  { count, cpu, seconds, inFlight }: Load,
  task: Task,
): Promise<z.infer<typeof loadSchema>> {
  const options = [`-count=${count}`, `-in-flight=${inFlight}`, `-duration=${seconds}s`];
  return loadSchema.parse(await probe(lab, 'load', options, task, ['taskset', '--cpu-list', `${cpu}`]));
}

async function probe(
  lab: Lab,
  command: string,
  options: readonly string[],
  task: Task,
  prefix: readonly string[] = [],
): Promise<unknown> {
  const program = await resolveTool('lan-probe', task);
  const argv = [...prefix, program, command, `-first=${FIRST_ADDRESS}`, ...options];
  const { code, stdout, stderr } = await lab.exec(CLIENT, argv, { signal: task.signal });
  if (code !== 0) throw new Error(`lan-probe ${command}: ${stderr.trim()}`);
  return JSON.parse(stdout);
}
