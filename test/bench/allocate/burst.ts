/** Many services at once, each of which wants an address: how long that takes and how often they are written. */
import type { ApiCall } from '../../lab/audit.ts';
import { type Task, withProgress } from '../../toolchain/progress.ts';
import type { SubjectName } from '../benchmark.ts';
import type { Figures } from '../lan/measure.ts';
import { cpuSeconds, residentMiB } from '../process-usage.ts';
import { ServiceWatch } from './service-watch.ts';
import { createServices, type TrafficPolicy, until } from './services.ts';
import { AllocateSite } from './site.ts';

/** What a controller still writes when all have an address is waited for so long. */
const QUIET_MS = 3000;

/** One trial, on an API server of its own. */
export async function burst(
  subject: SubjectName,
  { services, policy }: { services: number; policy: TrafficPolicy },
  task: Task,
): Promise<Figures> {
  const { signal, log } = task;
  const site = await AllocateSite.open(task);
  const watch = await ServiceWatch.open(site.api, signal);
  try {
    await site.createPool('production', { addresses: ['10.20.0.0/16'] }, signal);
    const { pid } = await site.start(subject, task);
    await createServices(site.api, ['first'], { policy, signal });
    await until('the first service has an address', () => watch.served === 1, task);
    await untilQuiet(site, task);

    const [callsBefore, cpuBefore] = [(await site.apiCalls()).length, cpuSeconds(pid)];
    const names = Array.from({ length: services }, (_, index) => `service-${index}`);
    const startedAt = performance.now();
    await withProgress(log, `${subject}: creating ${services} services`, () =>
      createServices(site.api, names, { policy, signal }),
    );
    const createdAt = performance.now();
    await withProgress(
      log,
      `${subject}: giving them addresses`,
      () => until('all services have addresses', () => watch.served === services + 1, task),
      { detail: () => `${watch.served - 1} of ${services}` },
    );
    const { lastServedAt } = watch;
    await untilQuiet(site, task);
    watch.requireDistinctAddresses();
    const calls = (await site.apiCalls()).slice(callsBefore);
    return {
      afterLastCreateMs: Math.max(0, lastServedAt - createdAt),
      addressesPerSecond: (services / (lastServedAt - startedAt)) * 1000,
      serviceWritesEach: calls.filter(isServiceWrite).length / services,
      writesEach: calls.filter(isWrite).length / services,
      calls: calls.length,
      cpuMsEach: ((cpuSeconds(pid) - cpuBefore) / services) * 1000,
      rssMiB: residentMiB(pid),
    };
  } finally {
    await watch.close();
    await site.close();
  }
}

/** A leader renews its lease all the time, whatever there is to do. */
function isWrite({ verb, resource }: ApiCall): boolean {
  return !['get', 'list', 'watch'].includes(verb) && resource !== 'leases';
}

function isServiceWrite(call: ApiCall): boolean {
  return isWrite(call) && call.resource === 'services/status';
}

async function untilQuiet(site: AllocateSite, task: Task): Promise<void> {
  let [writes, since] = [-1, performance.now()];
  await until(
    'the controller writes nothing more',
    async () => {
      const current = (await site.apiCalls()).filter(isWrite).length;
      if (current !== writes) [writes, since] = [current, performance.now()];
      return performance.now() - since > QUIET_MS;
    },
    task,
  );
}
