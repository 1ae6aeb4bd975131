/** What a process of this machine uses, as its kernel shows it. */
import { readFileSync } from 'node:fs';

/** USER_HZ, which is the same on every Linux this runs on: the unit of the times in `/proc`. */
const TICKS_PER_SECOND = 100;

/** Resident memory, all threads. */
export function residentMiB(pid: number): number {
  const kilobytes = /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** User and system time of all its threads so far. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; `state` follows it, `utime` and `stime` are 11 and 12 after that.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most it has ever had resident. */
export function peakMiB(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}
