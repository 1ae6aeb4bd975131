import { ResourceCache } from '@metallb-l2/sdk/kube';
import {
  CONFIGURATION_STATES,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  type L2Advertisement,
} from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import type { EventNote } from '../../../../speaker/src/cluster/events.js';
import { checkAdvertisements } from '../../../../speaker/src/controller/configuration-check.js';
import { ConfigurationReporter } from '../../../../speaker/src/controller/configuration-reporter.js';
import { planAddresses } from '../../../../speaker/src/controller/plan.js';
import { PlanBoard } from '../../../../speaker/src/controller/plan-board.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { pool } from './fixtures.ts';

const NAMESPACE = 'metallb-system';
const REF = { namespace: NAMESPACE, name: 'controller' };
const POD = { name: 'controller-1', uid: 'pod-uid' };

const advertisement = (name: string, spec: L2Advertisement['spec'] = {}): L2Advertisement => ({
  metadata: { name, namespace: NAMESPACE },
  spec,
});

describe('the check of advertisements', () => {
  const messages = (spec: L2Advertisement['spec']) =>
    checkAdvertisements([advertisement('edge', spec)], [pool('main', ['10.0.0.0/24'])]).map(
      ({ message }) => message,
    );

  it('finds nothing wrong with pools that are there, or none', () => {
    expect(messages({ ipAddressPools: ['main'] })).toEqual([]);
    expect(messages({})).toEqual([]);
  });

  it('names the pools that are not there, and says what becomes of the others', () => {
    expect(messages({ ipAddressPools: ['main', 'mian', 'other'] })).toEqual([
      'advertisement "edge": spec.ipAddressPools[1]: there is no IPAddressPool "mian", "other"; only its other pools are announced',
    ]);
    expect(messages({ ipAddressPools: ['mian'] })[0]).toContain('nothing is announced for it');
  });

  it('names a selector that nothing can be asked with', () => {
    const odd = { matchExpressions: [{ key: 'zone', operator: 'Near' }] };
    expect(messages({ nodeSelectors: [{}, odd] })).toEqual([
      'advertisement "edge": spec.nodeSelectors[1]: label "zone": operator "Near" is not one of In, NotIn, Exists, DoesNotExist; the advertisement is left out',
    ]);
    expect(messages({ preferredNodeSelectors: [{ weight: 1, preference: odd }] })).toHaveLength(1);
  });
});

describe('the reporter of the configuration', () => {
  let clock: FakeClock;
  let api: InMemoryKubeApi;
  let plans: PlanBoard;
  let events: string[];
  let stop: AbortController;
  let running: Promise<unknown>;

  beforeEach(() => {
    clock = new FakeClock();
    api = new InMemoryKubeApi({ clock });
    plans = new PlanBoard();
    events = [];
    api.seed(IP_ADDRESS_POOLS, pool('main', ['10.0.0.0/24']));
  });
  afterEach(async () => {
    stop.abort();
    await running;
    expect(clock.sleepers).toBe(0);
  });

  function start(pod = POD): void {
    stop = new AbortController();
    const deps = { api, clock, random: () => 0, log: new RecordedLog() };
    const caches = {
      pools: new ResourceCache(deps, IP_ADDRESS_POOLS),
      advertisements: new ResourceCache(deps, L2_ADVERTISEMENTS),
      states: new ResourceCache(deps, CONFIGURATION_STATES),
    };
    const record = (subject: { name: string }, { type, reason, message }: EventNote) =>
      events.push(`${subject.name} ${type} ${reason} ${message}`);
    const reporter = new ConfigurationReporter(
      { ...deps, ...caches, plans, events: { record } },
      { namespace: NAMESPACE, pod },
    );
    const { signal } = stop;
    running = Promise.all([...Object.values(caches).map((cache) => cache.run(signal)), reporter.run(signal)]);
  }

  /** The controller has planned with the pools there are. */
  async function plan(): Promise<void> {
    plans.show(planAddresses({ pools: (await api.list(IP_ADDRESS_POOLS)).items, services: [] }));
    await clock.advance(5000);
  }

  const state = () => api.get(CONFIGURATION_STATES, REF);

  it('makes the object that upstream’s controller makes, owned by its pod, and leaves it alone', async () => {
    start();
    await plan();
    const { metadata, status } = await state();
    expect(metadata).toMatchObject({
      labels: { 'metallb.io/component-type': 'controller' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', ...POD }],
    });
    const condition = { status: 'True', reason: 'Reconciled', message: '' };
    expect(status).toMatchObject({
      result: 'Valid',
      errorSummary: '',
      conditions: [
        { type: 'poolReconcilerValid', ...condition },
        { type: 'configReconcilerValid', ...condition },
      ],
    });
    const writes = api.writes.length;
    await plan();
    await clock.advance(3_600_000);
    expect(api.writes).toHaveLength(writes);
  });

  it('says what is refused, since when, and that it is over', async () => {
    start();
    await plan();
    const begun = (await state()).status?.conditions?.[0]?.lastTransitionTime;
    api.seed(IP_ADDRESS_POOLS, pool('late', ['10.0.0.128/25'], {}, 9));
    api.seed(L2_ADVERTISEMENTS, advertisement('edge', { ipAddressPools: ['mian'] }));
    await plan();
    const { status } = await state();
    const overlap =
      'CIDR "10.0.0.128/25" in pool "late" overlaps with already defined CIDR "10.0.0.0-10.0.0.255"';
    const unknown =
      'advertisement "edge": spec.ipAddressPools[0]: there is no IPAddressPool "mian"; nothing is announced for it';
    expect(status).toMatchObject({
      result: 'Invalid',
      errorSummary: `${overlap}\n${unknown}`,
      conditions: [
        { status: 'False', reason: 'ConfigurationError', message: overlap },
        { status: 'False', reason: 'ConfigurationError', message: unknown },
      ],
    });
    expect(status?.conditions?.[0]?.lastTransitionTime).not.toBe(begun);
    expect(events).toEqual([`edge Warning ConfigurationError ${unknown}`]);

    await api.delete(IP_ADDRESS_POOLS, { namespace: NAMESPACE, name: 'late' });
    api.seed(IP_ADDRESS_POOLS, pool('mian', ['10.0.9.0/24'], {}, 9));
    await plan();
    expect((await state()).status).toMatchObject({ result: 'Valid', errorSummary: '' });
    expect(events).toHaveLength(1);
  });

  it('says nothing of an advertisement that is made a moment before its pool', async () => {
    start();
    await plan();
    api.seed(L2_ADVERTISEMENTS, advertisement('edge', { ipAddressPools: ['soon'] }));
    await clock.advance(500);
    api.seed(IP_ADDRESS_POOLS, pool('soon', ['10.0.9.0/24'], {}, 9));
    await plan();
    expect(events).toEqual([]);
  });

  it('takes over the object of another controller, and makes it anew when it is collected', async () => {
    start();
    await plan();
    stop.abort();
    await running;
    const other = { name: 'controller-2', uid: 'other-uid' };
    const { metadata } = await state();
    start(other);
    await plan();
    const taken = await state();
    expect(taken.metadata.uid).toBe(metadata.uid);
    expect(taken.metadata.ownerReferences).toMatchObject([other]);
    await api.delete(CONFIGURATION_STATES, REF);
    await clock.advance(10_000);
    expect((await state()).status?.result).toBe('Valid');
  });
});
