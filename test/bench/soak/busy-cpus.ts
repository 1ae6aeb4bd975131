/** Keeps every CPU of this machine busy, and tells how busy they were. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { labFolder } from '../../lab/folders.ts';
import type { Lab } from '../../lab/lab.ts';
import { ServerProcess } from '../../lab/processes.ts';

export class BusyCpus {
  readonly #hogs: readonly ServerProcess[];
  readonly #before = cpuTimes();

  private constructor(hogs: readonly ServerProcess[]) {
    this.#hogs = hogs;
  }

  /** One endless loop for each CPU, on the nodes in turn; they end with the lab, or after `limitMs` at the latest. */
  static start(lab: Lab, limitMs: number): BusyCpus {
    const limit = ['timeout', '--signal=KILL', String(Math.ceil(limitMs / 1000))];
    const hogs = Array.from({ length: availableParallelism() }, (_, index) => {
      const { name = '' } = lab.nodes[index % lab.nodes.length] ?? {};
      return ServerProcess.start({
        name: `${name}: endless loop`,
        argv: lab.commandOn(name, [...limit, 'sh', '-c', 'while :; do :; done']),
        logFile: join(labFolder(lab.name), 'busy.log'),
        diesWithParent: true,
      });
    });
    return new BusyCpus(hogs);
  }

  /** How much of the time since the start no CPU was idle. */
  get busyPercent(): number {
    const now = cpuTimes();
    const idle = now.idle - this.#before.idle;
    return (1 - idle / (now.all - this.#before.all)) * 100;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hogs.map((hog) => hog.kill()));
  }
}

/** Of all CPUs since the machine started, in ticks. */
function cpuTimes(): { all: number; idle: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  // user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of the first two.
  const times = line.split(/\s+/).slice(1, 9).map(Number);
  return { all: times.reduce((sum, time) => sum + time, 0), idle: (times[3] ?? 0) + (times[4] ?? 0) };
}
