/** Our speaker's process on a node of a lab, as this machine's kernel and its metrics show it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { DEFAULT_HTTP_PORT } from '@metallb-l2/sdk/settings';
import { hostFolder } from '../../lab/folders.ts';
import { openHost } from '../../lab/host.ts';
import type { Lab } from '../../lab/lab.ts';
import { pause } from '../../toolchain/pause.ts';
import { pidOf } from '../../toolchain/process-identity.ts';
import { cpuSeconds, residentMiB } from '../process-usage.ts';

const METRICS_TIMEOUT_MS = 5000;

export interface Usage {
  /** Resident memory, all threads. */
  readonly rssMiB: number;
  /** Of one core. */
  readonly cpuPercent: number;
}

/** The process on `node`. @throws when none runs there */
export async function findSpeaker(lab: Lab, node: string): Promise<number> {
  const { init } = await openHost(node, hostFolder(lab.name, node));
  const network = readlinkSync(`/proc/${pidOf(init)}/ns/net`);
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    if (isSpeaker(pid, network)) return Number(pid);
  }
  throw new Error(`no speaker runs on ${node}`);
}

/** What each process uses in the `ms` milliseconds to come, and has at their end. */
export async function measureUsage(
  pids: readonly number[],
  ms: number,
  signal: AbortSignal,
): Promise<Usage[]> {
  const before = pids.map((pid) => cpuSeconds(pid));
  const startedAt = performance.now();
  await pause(ms, signal);
  const seconds = (performance.now() - startedAt) / 1000;
  return pids.map((pid, index) => ({
    rssMiB: residentMiB(pid),
    cpuPercent: ((cpuSeconds(pid) - (before[index] ?? 0)) / seconds) * 100,
  }));
}

export interface Counts {
  /** Members a speaker takes for alive, itself included. */
  readonly alive: number;
  readonly suspicions: number;
}

/** What the speaker on the node with address `ip` says of the memberlist. */
export async function readMembership(ip: string, signal: AbortSignal): Promise<Counts> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(METRICS_TIMEOUT_MS)]);
  const text = await (await fetch(`http://${ip}:${DEFAULT_HTTP_PORT}/metrics`, { signal: limit })).text();
  const value = (series: string) => {
    const line = text.split('\n').find((each) => each.startsWith(`metallb_speaker_memberlist_${series} `));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
  };
  const alive = value('members{state="alive"}');
  if (alive === undefined) throw new Error(`the speaker at ${ip} has no metrics of a memberlist`);
  return { alive, suspicions: value('suspicions') ?? 0 };
}

function isSpeaker(pid: string, network: string): boolean {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const [program = ''] = argv;
    const isOurs = basename(program) === 'node' && argv.some((argument) => argument.endsWith('/main.mjs'));
    return isOurs && argv.includes('speaker') && readlinkSync(`/proc/${pid}/ns/net`) === network;
  } catch {
    return false; // it has ended meanwhile
  }
}
