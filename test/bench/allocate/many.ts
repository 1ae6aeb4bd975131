/**
 * What a controller takes in a large cluster: our own gives many services their addresses first, then each is
 * started anew over all that is there.
 */
import { type Task, withProgress } from '../../toolchain/progress.ts';
import { pause } from '../../toolchain/pause.ts';
import type { SubjectName } from '../benchmark.ts';
import type { Figures } from '../lan/measure.ts';
import { cpuSeconds, peakMiB, residentMiB } from '../process-usage.ts';
import { ServiceWatch } from './service-watch.ts';
import { createServices, until } from './services.ts';
import { AllocateSite } from './site.ts';

export interface Crowd {
  /** Each pool has a /24. */
  readonly pools: number;
  readonly services: number;
  /** How long a controller is left alone before its memory counts. */
  readonly settleMs: number;
}

/** One site for all trials. */
export class CrowdedSite {
  readonly #site: AllocateSite;
  readonly #crowd: Crowd;

  private constructor(site: AllocateSite, crowd: Crowd) {
    this.#site = site;
    this.#crowd = crowd;
  }

  static async open(crowd: Crowd, task: Task): Promise<CrowdedSite> {
    const site = await AllocateSite.open(task);
    try {
      await populate(site, crowd, task);
      return new CrowdedSite(site, crowd);
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  /** Starts a controller and looks at it when it has nothing to do any more. */
  async measure(subject: SubjectName, task: Task): Promise<Figures> {
    const controller = await this.#site.start(subject, task);
    try {
      const { pid } = controller;
      await pause(this.#crowd.settleMs, task.signal);
      const [rssMiB, cpuBefore, startedAt] = [residentMiB(pid), cpuSeconds(pid), performance.now()];
      await pause(this.#crowd.settleMs, task.signal);
      const seconds = (performance.now() - startedAt) / 1000;
      const cpuPercent = ((cpuSeconds(pid) - cpuBefore) / seconds) * 100;
      return { rssMiB, peakRssMiB: peakMiB(pid), startCpuSeconds: cpuBefore, cpuPercent };
    } finally {
      await controller.kill();
    }
  }

  async close(): Promise<void> {
    await this.#site.close();
  }
}

async function populate(site: AllocateSite, { pools, services }: Crowd, task: Task): Promise<void> {
  const { signal, log } = task;
  for (let index = 0; index < pools; index++) {
    await site.createPool(`pool-${index}`, { addresses: [`10.20.${index}.0/24`] }, signal);
  }
  const watch = await ServiceWatch.open(site.api, signal);
  const controller = await site.start('ours', task);
  try {
    const names = Array.from({ length: services }, (_, index) => `service-${index}`);
    const populated = async () => {
      await createServices(site.api, names, { policy: 'Cluster', signal });
      await until('all services have addresses', () => watch.served === services, task);
    };
    const detail = () => `${watch.served} of ${services}`;
    await withProgress(log, `${services} services in ${pools} pools`, populated, { detail });
    log(`our controller after that: ${residentMiB(controller.pid).toFixed(0)} MiB`);
  } finally {
    await controller.kill();
    await watch.close();
  }
}
