/**
 * Names a process so that a later one with the same number is not taken for it: the number together with the
 * moment the process started (proc_pid_stat(5), field 22).
 */
import { readFileSync } from 'node:fs';

/** A process as written in lock and state files: `<pid> <start time in clock ticks since boot>`. */
export type ProcessIdentity = string;

/**
 * The identity of a running process, or undefined when there is none with that number. Where there is no `/proc` the
 * moment is unknown, and 0.
 */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  if (process.platform !== 'linux') return exists(pid) ? `${pid} 0` : undefined;
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  return identityFromStat(stat);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return identifyProcess(process.pid) ?? `${process.pid} 0`;
}

/** Whether that very process still runs; one that ended and waits to be reaped does not. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(pidOf(identity)) === identity;
}

/** The process number in an identity; NaN when the text is not an identity. */
export function pidOf(identity: ProcessIdentity): number {
  return Number.parseInt(identity, 10);
}

/**
 * Reads the line of `/proc/<pid>/stat`. The command name stands in parentheses and may itself hold spaces
 * and parentheses, so fields are counted from the last one.
 */
export function identityFromStat(stat: string): ProcessIdentity | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTime = fields[19];
  if (state === 'Z' || state === 'X' || startTime === undefined) return undefined;
  return `${Number.parseInt(stat, 10)} ${startTime}`;
}
