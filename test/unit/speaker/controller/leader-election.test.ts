import { CONFIG_MAPS, KubeError, type Lease, LEASES } from '@metallb-l2/sdk/kube';
import { DEFAULT_LEASE } from '@metallb-l2/sdk/settings';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { LeaderElection } from '../../../../speaker/src/controller/leader-election/leader-election.js';
import type { Term } from '../../../../speaker/src/controller/leader-election/term.js';
import { HealthBoard } from '../../../../speaker/src/http/health.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';

const NAMESPACE = 'metallb-system';
const NAME = 'metallb-controller';
const away = new KubeError('Unavailable', 'connection refused', { operation: 'test' });
const configMap = (name: string) => ({ metadata: { namespace: NAMESPACE, name } });

/** One of several programs over an API server in memory; its work is what a test lets it do. */
class Program {
  readonly log = new RecordedLog();
  readonly meter = new RecordedMeter();
  readonly health: HealthBoard;
  readonly terms: Term[] = [];
  /** Fails the work of the leader. */
  readonly work = Promise.withResolvers<undefined>();
  readonly #stop = new AbortController();
  readonly running: Promise<void>;

  constructor(api: InMemoryKubeApi, clock: FakeClock, identity: string) {
    this.health = new HealthBoard(clock);
    const deps = { api, clock, random: () => 0, log: this.log, meter: this.meter, health: this.health };
    const config = { ...DEFAULT_LEASE, namespace: NAMESPACE, name: NAME, identity };
    const election = new LeaderElection(deps, config, async (term) => {
      this.terms.push(term);
      const ended = new Promise<void>((resolve) => term.signal.addEventListener('abort', () => resolve()));
      await Promise.race([ended, this.work.promise]);
    });
    this.running = election.run(this.#stop.signal);
    this.running.catch(() => undefined);
  }

  get leads(): boolean {
    return this.meter.value('leader_election_master_status', { name: NAME }) === 1;
  }

  get term(): Term {
    const term = this.terms.at(-1);
    if (term === undefined) throw new Error('it has never led');
    return term;
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.running;
  }
}

describe('leader election', () => {
  let clock: FakeClock;
  let api: InMemoryKubeApi;
  let programs: Program[];

  beforeEach(() => {
    clock = new FakeClock();
    api = new InMemoryKubeApi({ clock });
    programs = [];
  });
  afterEach(async () => {
    api.fault = () => undefined;
    await Promise.allSettled(programs.map((program) => program.stop()));
    expect(clock.sleepers).toBe(0);
  });

  const start = async (identity: string) => {
    const program = new Program(api, clock, identity);
    programs.push(program);
    await settle();
    return program;
  };
  const lease = (): Promise<Lease> => api.get(LEASES, { namespace: NAMESPACE, name: NAME });

  it('lets the first one lead and the others wait, live and ready', async () => {
    const first = await start('first');
    const second = await start('second');
    await clock.advance(60_000);
    expect([first.leads, second.leads]).toEqual([true, false]);
    expect(first.terms).toHaveLength(1);
    expect(second.terms).toHaveLength(0);
    expect([second.health.liveness(), second.health.readiness()]).toEqual([[], []]);
    expect(second.log.lines).toMatchObject([{ fields: { holder: 'first' }, message: 'somebody else leads' }]);
    const { spec } = await lease();
    expect(spec).toMatchObject({ holderIdentity: 'first', leaseDurationSeconds: 15, leaseTransitions: 0 });
    const renewals = api.writes.filter(({ type }) => type.plural === 'leases').length;
    expect(renewals).toBe(31);
  });

  it('lets a successor lead within a retry period when the leader stops, after its last write', async () => {
    const first = await start('first');
    const second = await start('second');
    const answer = Promise.withResolvers<undefined>();
    api.fault = ({ type }) => (type.plural === 'configmaps' ? answer.promise : undefined);
    const writing = first.term.api.create(CONFIG_MAPS, configMap('last'), { signal: first.term.signal });
    writing.catch(() => undefined);
    await settle();
    const stopped = first.stop();
    await settle();
    await expect(writing).rejects.toThrow('giving back the lead');
    expect((await lease()).spec?.holderIdentity).toBe('first');
    answer.resolve(undefined);
    await stopped;
    expect((await lease()).spec).toMatchObject({ leaseDurationSeconds: 1, leaseTransitions: 0 });
    expect((await lease()).spec?.holderIdentity).toBeUndefined();
    expect(await api.get(CONFIG_MAPS, { namespace: NAMESPACE, name: 'last' })).toBeDefined();
    await clock.advance(DEFAULT_LEASE.retryPeriodMs);
    expect(second.leads).toBe(true);
    expect((await lease()).spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
  });

  it('gives back the lease though a renewal that it has not waited for arrives only then', async () => {
    const first = await start('first');
    await clock.advance(1000);
    const ref = { namespace: NAMESPACE, name: NAME };
    let isOnItsWay = true;
    api.fault = async ({ verb, type }) => {
      if (verb !== 'replace' || type.plural !== 'leases' || !isOnItsWay) return undefined;
      isOnItsWay = false;
      const renewTime = '2026-01-01T00:00:01.000000Z';
      await api.patch(LEASES, ref, { spec: { renewTime } }, { type: 'merge' });
      return undefined;
    };
    await first.stop();
    expect(isOnItsWay).toBe(false);
    expect((await lease()).spec?.holderIdentity).toBeUndefined();
  });

  it('keeps the lease when it stops and does not know what became of a write', async () => {
    const first = await start('first');
    api.fault = ({ type }) => (type.plural === 'configmaps' ? { loseAnswer: away } : undefined);
    await expect(first.term.api.create(CONFIG_MAPS, configMap('lost'))).rejects.toBe(away);
    await first.stop();
    expect((await lease()).spec?.holderIdentity).toBe('first');
  });

  it('ends to lead before another can begin when the API server does not answer it', async () => {
    const first = await start('first');
    const second = await start('second');
    await clock.advance(4000);
    const { signal } = first.term;
    // Renewals of the first do not arrive, and neither does their refusal.
    api.fault = ({ verb, body }) =>
      verb === 'replace' && (body as Lease).spec?.holderIdentity === 'first'
        ? new Promise<never>(() => undefined)
        : undefined;
    await clock.advance(9900);
    expect([first.leads, signal.aborted, second.leads]).toEqual([true, false, false]);
    await clock.advance(100);
    expect([first.leads, signal.aborted, second.leads]).toEqual([false, true, false]);
    await expect(first.term.api.create(CONFIG_MAPS, configMap('late'))).rejects.toThrow(
      'no longer the leader',
    );
    await clock.advance(7100);
    expect([first.leads, second.leads]).toEqual([false, true]);
    expect(first.health.readiness()).toEqual([]);
    api.fault = () => undefined;
    await second.stop();
    await clock.advance(2000);
    expect(first.leads).toBe(true);
    expect(first.terms).toHaveLength(2);
    expect(first.meter.value('metallb_l2_leader_terms_total')).toBe(2);
  });

  it('writes nothing after it was stopped and continued, even before it has noticed', async () => {
    const { term } = await start('first');
    await start('second');
    await clock.advance(2000);
    // Waits for a connection, say, when the process is stopped.
    const connected = Promise.withResolvers<undefined>();
    api.fault = ({ type }) => (type.plural === 'configmaps' ? connected.promise : undefined);
    const waiting = term.api.create(CONFIG_MAPS, configMap('waiting'));
    const refused = expect(waiting).rejects.toThrow('no longer the leader');
    await settle();
    clock.jump(60_000);
    expect(term.signal.aborted).toBe(false);
    connected.resolve(undefined);
    await refused;
    expect(term.signal.aborted).toBe(true);
    await expect(term.api.create(CONFIG_MAPS, configMap('next'))).rejects.toThrow('no longer the leader');
    expect((await api.list(CONFIG_MAPS)).items).toEqual([]);
  });

  it('asks for no more than once a period while it is refused, and says so once', async () => {
    const refused = new KubeError('TooManyRequests', 'slow down', { operation: 'test', status: 429 });
    api.fault = () => ({ refuse: refused });
    const program = await start('first');
    await clock.advance(60_000);
    expect(program.health.readiness()).toEqual(['leader election: the lease has not been read yet']);
    expect(api.calls.length).toBeLessThanOrEqual(31);
    expect(program.log.lines).toMatchObject([{ level: 'warn', message: 'cannot read or renew the lease' }]);
    api.fault = () => undefined;
    await clock.advance(2000);
    expect(program.leads).toBe(true);
  });

  it('fails when the work of the leader fails, and gives back the lead', async () => {
    const program = await start('first');
    program.work.reject(new Error('broken'));
    await expect(program.running).rejects.toThrow('broken');
    expect((await lease()).spec?.holderIdentity).toBeUndefined();
  });
});
