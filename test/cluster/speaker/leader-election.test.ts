import { EVENTS } from '@metallb-l2/sdk/kube';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { START_TIMEOUT_MS, startTestCluster, type TestCluster } from '../sdk/control-plane.ts';
import { type ControllerProcess, ControllerRig } from './controller-rig.ts';

const LIMIT_MS = 240_000;
const COUNT = 500;
/** So many services have their address when the leader is struck, while others are still being created. */
const SERVED_BEFORE = 100;
/** So many are created from then on, at least. */
const CREATED_AFTER = 100;
const PAUSE_MS = 60_000;

let cluster: TestCluster;
let rig: ControllerRig;

beforeAll(async () => {
  cluster = await startTestCluster();
}, START_TIMEOUT_MS);
afterAll(() => cluster.stop());
beforeEach(async () => {
  rig = await ControllerRig.create(cluster);
});
afterEach(() => rig.stop(), LIMIT_MS);

/** Two controllers, the one that leads first; both are ready. */
async function startTwo(): Promise<[ControllerProcess, ControllerProcess]> {
  const controllers = [await rig.start('controller-a'), await rig.start('controller-b')];
  const leader = await rig.successorOf();
  await until('both are ready', async () =>
    (await Promise.all(controllers.map((each) => each.isReady()))).every(Boolean),
  );
  const [other] = controllers.filter((each) => each !== leader);
  if (other === undefined) throw new Error('there is no other one');
  return [leader, other];
}

/** When `controller` wrote its first address from `since` on, by the clock of the proxies. */
async function firstWrite(controller: ControllerProcess, since: number): Promise<number> {
  const find = () =>
    controller.proxy.requests.find(
      ({ at, method, path }) => at >= since && method === 'PUT' && path.endsWith('/status'),
    )?.at;
  await until(`${controller.name} hands out addresses`, () => Promise.resolve(find() !== undefined), 60_000);
  return find() ?? NaN;
}

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

it(
  'hands out no address twice when the leader is killed amid 500 creates, and the other goes on',
  async () => {
    const [leader, other] = await startTwo();
    const created = rig.createServices(0, COUNT - CREATED_AFTER);
    await rig.observer.until(SERVED_BEFORE);
    await leader.end('SIGKILL');
    const killedAt = performance.now();
    await created;
    await rig.createServices(COUNT - CREATED_AFTER, COUNT);
    const tookOverMs = (await firstWrite(other, killedAt)) - killedAt;
    process.stderr.write(`leader killed: its successor wrote ${inSeconds(tookOverMs)} later\n`);
    await rig.observer.until(COUNT);
    expect(rig.observer).toMatchObject({ conflicts: [], moves: [], gaps: 0 });
    expect(await other.metrics()).toContain('leader_election_master_status{name="metallb-controller"} 1');
    const said = async () => {
      const { items } = await cluster.api.list(EVENTS, { namespace: rig.namespace });
      return items.filter(({ reason }) => reason === 'LeaderElection').map(({ message }) => message);
    };
    // An event is written beside all else.
    await until('both have said so', async () => (await said()).length > 1);
    expect((await said()).sort()).toEqual([leader, other].map(({ name }) => `${name} became leader`).sort());
  },
  LIMIT_MS,
);

it(
  'hands out no address twice when the leader stands still for a minute amid 500 creates and then goes on',
  async () => {
    const [leader, other] = await startTwo();
    const created = rig.createServices(0, COUNT - CREATED_AFTER);
    await rig.observer.until(SERVED_BEFORE);
    leader.signal('SIGSTOP');
    const stoppedAt = performance.now();
    await created;
    await rig.createServices(COUNT - CREATED_AFTER, COUNT);
    const tookOverMs = (await firstWrite(other, stoppedAt)) - stoppedAt;
    process.stderr.write(`leader stopped: its successor wrote ${inSeconds(tookOverMs)} later\n`);
    await rig.observer.until(COUNT);

    // While it stands still: whoever leads stops in order, and the next one leads before any lease runs out.
    const third = await rig.start('controller-c');
    await until('the third one is ready', () => third.isReady());
    const askedAt = performance.now();
    await other.end('SIGTERM');
    expect(await rig.successorOf(other)).toBe(third);
    const succeededMs = performance.now() - askedAt;
    process.stderr.write(`leader asked to stop: its successor led ${inSeconds(succeededMs)} later\n`);
    expect(other.log.map(({ message }) => message)).toContain('gave back the lead');
    await rig.createServices(COUNT, COUNT + 50);
    await rig.observer.until(COUNT + 50);

    await sleep(Math.max(0, stoppedAt + PAUSE_MS - performance.now()));
    const continuedAt = leader.proxy.requests.length;
    leader.signal('SIGCONT');
    await until('the one that stood still looks at the lease', () =>
      Promise.resolve(
        leader.proxy.requests.slice(continuedAt).filter(({ path }) => path.includes('/leases/')).length > 2,
      ),
    );
    expect(leader.writesSince(continuedAt)).toEqual([]);
    expect(leader.log.map(({ message }) => message)).toContain('no longer the leader');
    expect(await leader.metrics()).toContain('leader_election_master_status{name="metallb-controller"} 0');
    expect(await leader.isReady()).toBe(true);

    // It is as good as new.
    await third.end('SIGTERM');
    expect(await rig.successorOf(third)).toBe(leader);
    await rig.createServices(COUNT + 50, COUNT + 60);
    await rig.observer.until(COUNT + 60);
    expect(rig.observer).toMatchObject({ conflicts: [], moves: [], gaps: 0 });
  },
  LIMIT_MS,
);
