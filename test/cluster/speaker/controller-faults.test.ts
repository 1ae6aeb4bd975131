import { DEFAULT_LEASE } from '@metallb-l2/sdk/settings';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { START_TIMEOUT_MS, startTestCluster, type TestCluster } from '../sdk/control-plane.ts';
import { ControllerRig } from './controller-rig.ts';

const LIMIT_MS = 240_000;
const RAGE_MS = 45_000;
const BATCH = 10;
const SEEDS = { 'controller-a': 6, 'controller-b': 60 };

let cluster: TestCluster;
let rig: ControllerRig;

beforeAll(async () => {
  cluster = await startTestCluster();
  rig = await ControllerRig.create(cluster);
}, START_TIMEOUT_MS);
afterAll(async () => {
  await rig.stop();
  await cluster.stop();
}, LIMIT_MS);

it(
  'loses nothing when the API server refuses, resets, loses answers and starts anew, and asks no more than it must',
  async () => {
    const controllers = [];
    for (const [name, seed] of Object.entries(SEEDS)) controllers.push(await rig.start(name, seed));
    await rig.successorOf();
    await rig.createServices(0, 100);
    await rig.observer.until(100);

    for (const { proxy } of controllers) {
      proxy.requests.length = 0;
      proxy.rage();
    }
    const startedAt = performance.now();
    let created = 100;
    let hasRestarted = false;
    // Services come and go all the time, and half way the API server itself does.
    while (performance.now() - startedAt < RAGE_MS) {
      await rig.createServices(created, created + BATCH);
      await rig.deleteService(`web-${created - 50}`);
      created += BATCH;
      if (!hasRestarted && performance.now() - startedAt > RAGE_MS / 2) {
        await cluster.restartApiServer();
        hasRestarted = true;
      }
      await sleep(1000);
    }
    const forMs = performance.now() - startedAt;
    const requests = controllers.map(({ proxy }) => [...proxy.requests]);
    for (const { proxy } of controllers) proxy.calm();
    await until(
      'every service there is has an address',
      () => {
        const { served, addresses } = rig.observer;
        return Promise.resolve(served === addresses.size);
      },
      90_000,
    );
    expect(rig.observer).toMatchObject({ conflicts: [], moves: [] });

    const isLease = (path: string) => path.includes('/leases');
    for (const mine of requests) {
      // A try is a read, a write, or a write, a read and a write; there is one in each period.
      const tries = forMs / DEFAULT_LEASE.retryPeriodMs + 1;
      expect(mine.filter(({ path }) => isLease(path)).length).toBeLessThan(3 * tries);
    }
    const ofServices = requests.flat().filter(({ path }) => path.includes('/services/web-'));
    process.stderr.write(
      `${created} services, ${inSeconds(forMs)} of faults: ${ofServices.length} requests about services, ` +
        `${requests.flat().filter(({ path }) => isLease(path)).length} about the lease, ` +
        `${controllers.map(({ log }) => log.filter(({ message }) => message === 'leads').length).join(' and ')} terms\n`,
    );
    expect(ofServices.length / created).toBeLessThan(8);
    const played = controllers.flatMap(({ proxy }) => [...proxy.played.keys()]);
    expect(new Set(played).size).toBeGreaterThan(5);
    for (const controller of controllers) {
      expect(controller.hasEnded).toBe(false);
      expect(controller.log.filter(({ level }) => level === 'error')).toEqual([]);
    }
  },
  LIMIT_MS,
);

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(0)} s`;
