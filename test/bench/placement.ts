/**
 * On which CPU the programs of a lab's machine run. Left to the scheduler, a question and its answer take twice as
 * long in one run as in the next: by whether both programs share a CPU, and so need not wake another one.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { hostFolder } from '../lab/folders.ts';
import { openHost } from '../lab/host.ts';
import type { Lab } from '../lab/lab.ts';
import { pidOf } from '../toolchain/process-identity.ts';
import { run } from '../lab/run.ts';

/**
 * Keeps every thread there is now in the network of `host` on CPU number `cpu`. To be called when the programs have
 * started: one that is told before takes its one CPU for the whole machine, and starts with fewer threads.
 */
export async function keepOnCpu(lab: Lab, host: string, cpu: number): Promise<void> {
  const { init } = await openHost(host, hostFolder(lab.name, host));
  const network = networkOf(String(pidOf(init)));
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && networkOf(name) === network);
  for (const pid of pids) {
    const { code, stderr } = await run(['taskset', '--all-tasks', '--cpu-list', '--pid', `${cpu}`, pid]);
    if (code !== 0 && networkOf(pid) !== undefined) throw new Error(`taskset ${pid}: ${stderr.trim()}`);
  }
}

/** Undefined for a process that has ended. */
function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}
