import { KubeError, ResourceCache } from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, type IPAddressPoolStatus } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { planAddresses } from '../../../../speaker/src/controller/plan.js';
import { PlanBoard } from '../../../../speaker/src/controller/plan-board.js';
import { poolStatuses, PoolStatusWriter } from '../../../../speaker/src/controller/pool-status.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { pool, service } from './fixtures.ts';

const REF = { namespace: 'metallb-system', name: 'main' };
const MAIN = pool('main', ['10.0.0.0/24']);

/** A plan in which `held` services have addresses of the pool. */
const planOf = (held: number) =>
  planAddresses({
    pools: [MAIN],
    services: Array.from({ length: held }, (_, i) =>
      service(`s${String(i)}`, { ingress: [`10.0.0.${String(i)}`] }),
    ),
  });
const usage = (assignedIPv4: number, availableIPv4: number): IPAddressPoolStatus => ({
  assignedIPv4,
  availableIPv4,
  assignedIPv6: 0,
  availableIPv6: 0,
});

describe('what is said of pools', () => {
  it('counts each IP version, a shared address once, and leaves out the addresses that are avoided', () => {
    const ports = [{ port: 81, protocol: 'TCP' as const }];
    const annotations = { 'metallb.io/allow-shared-ip': 'key' };
    const plan = planAddresses({
      pools: [pool('both', ['10.0.0.0/30', 'fd00::/126'], { avoidBuggyIPs: true })],
      services: [
        service('a', { ingress: ['10.0.0.1'], annotations }),
        service('b', { ingress: ['10.0.0.1'], annotations, spec: { ports } }),
        service('c', { ingress: ['fd00::2'], spec: { clusterIPs: ['fd00:1::1'] } }),
      ],
    });
    expect(poolStatuses(plan)).toEqual(
      new Map([['both', { assignedIPv4: 1, availableIPv4: 2, assignedIPv6: 1, availableIPv6: 3 }]]),
    );
  });

  it('stays a number that every reader takes, however large the pool', () => {
    const plan = planAddresses({ pools: [pool('huge', ['::/1', '8000::/1', '0.0.0.0/0'])], services: [] });
    const status = poolStatuses(plan).get('huge');
    expect(status).toEqual({
      assignedIPv4: 0,
      availableIPv4: 2 ** 32,
      assignedIPv6: 0,
      availableIPv6: Number.MAX_SAFE_INTEGER,
    });
  });

  it('gives a refused pool nothing to give', () => {
    const plan = planAddresses({ pools: [MAIN, pool('late', ['10.0.0.0/28'], {}, 9)], services: [] });
    expect(poolStatuses(plan).get('late')).toEqual(usage(0, 0));
  });
});

describe('the writer of pool statuses', () => {
  let clock: FakeClock;
  let api: InMemoryKubeApi;
  let plans: PlanBoard;
  let log: RecordedLog;
  let stop: AbortController;
  let running: Promise<unknown>;

  beforeEach(() => {
    clock = new FakeClock();
    api = new InMemoryKubeApi({ clock });
    plans = new PlanBoard();
    log = new RecordedLog();
    stop = new AbortController();
    api.seed(IP_ADDRESS_POOLS, MAIN);
    const random = () => 0;
    const pools = new ResourceCache({ api, clock, random }, IP_ADDRESS_POOLS);
    const writer = new PoolStatusWriter({ api, clock, random, log, plans, pools });
    running = Promise.all([pools.run(stop.signal), writer.run(stop.signal)]);
  });
  afterEach(async () => {
    stop.abort();
    await running;
    expect(clock.sleepers).toBe(0);
  });

  const written = async () => (await api.get(IP_ADDRESS_POOLS, REF)).status;
  const writeAsAnother = async (status: IPAddressPoolStatus) => {
    const current = await api.get(IP_ADDRESS_POOLS, REF);
    await api.replace(IP_ADDRESS_POOLS, { ...current, status }, { subresource: 'status' });
  };
  const tries = () => api.calls.filter(({ verb }) => verb === 'replace').length;

  it('writes what is new, and nothing when nothing is', async () => {
    plans.show(planOf(2));
    await clock.advance(5000);
    expect(await written()).toEqual(usage(2, 254));
    plans.show(planOf(2));
    await clock.advance(600_000);
    expect(tries()).toBe(1);
  });

  it('makes a few writes of 2,000 allocations within ten seconds', async () => {
    for (let held = 1; held <= 200; held += 1) {
      const plan = planOf(held);
      for (let sharer = 0; sharer < 10; sharer += 1) {
        plans.show(plan);
        await clock.advance(5);
      }
    }
    await clock.advance(2000);
    expect(await written()).toEqual(usage(200, 56));
    expect(tries()).toBeLessThanOrEqual(12);
  });

  it('writes again after a failure, with longer and longer waits, and says it', async () => {
    api.fault = ({ verb }) =>
      verb === 'replace'
        ? { refuse: new KubeError('Unavailable', 'away', { operation: 'replace', status: 503 }) }
        : undefined;
    plans.show(planOf(1));
    await clock.advance(600_000);
    expect(tries()).toBeGreaterThan(5);
    expect(tries()).toBeLessThan(15);
    expect(log.lines.some(({ level }) => level === 'warn')).toBe(true);
    api.fault = () => undefined;
    await clock.advance(400_000);
    expect(await written()).toEqual(usage(1, 255));
  });

  it('writes again as soon when the time of day is set back', async () => {
    const away = new KubeError('Unavailable', 'away', { operation: 'replace', status: 503 });
    api.fault = ({ verb }) => (verb === 'replace' ? { refuse: away } : undefined);
    plans.show(planOf(1));
    await clock.advance(1500);
    expect(tries()).toBe(1);
    clock.setBack(3_600_000);
    api.fault = () => undefined;
    await clock.advance(10_000);
    expect(await written()).toEqual(usage(1, 255));
  });

  it('does not fight with another writer', async () => {
    plans.show(planOf(1));
    await clock.advance(2000);
    for (let second = 0; second < 1800; second += 1) {
      const status = await written();
      if (status?.assignedIPv4 === 1) await writeAsAnother(usage(7, 249));
      await clock.advance(1000);
    }
    const ours = tries() / 2;
    expect(ours).toBeLessThan(20);
  });

  it('leaves a count of upstream that is larger than any of ours', async () => {
    await api.delete(IP_ADDRESS_POOLS, REF);
    const huge = pool('main', ['fd00::/64']);
    api.seed(IP_ADDRESS_POOLS, huge);
    await writeAsAnother({ assignedIPv4: 0, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 2 ** 63 });
    plans.show(planAddresses({ pools: [huge], services: [] }));
    await clock.advance(60_000);
    expect(tries()).toBe(1);
  });
});
