import { KubeError } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import type { EventNote } from '../../../../speaker/src/cluster/events.js';
import { Limiter } from '../../../../speaker/src/cluster/limiter.js';
import { StatusLookup } from '../../../../speaker/src/cluster/status-lookup.js';
import { outcomeCounter } from '../../../../speaker/src/cluster/status-outcome.js';
import { StatusSlot, type StatusTarget } from '../../../../speaker/src/cluster/status-slot.js';
import { StatusWriter } from '../../../../speaker/src/cluster/status-writer.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { NAMESPACE } from '../fixtures.ts';

const MINE: StatusTarget = {
  kind: 'announced',
  content: { interfaces: ['eth0'], addresses: ['10.0.0.1'] },
};

/** A slot whose watch is played by the test. */
async function announced({ random = (): number => 0 } = {}) {
  const clock = new FakeClock();
  const api = new InMemoryKubeApi({ clock });
  const meter = new RecordedMeter();
  const log = new RecordedLog();
  const owner = { nodeName: 'node-a', namespace: NAMESPACE, pod: { name: 'pod', uid: 'uid' } };
  const stop = new AbortController();
  const done: string[] = [];
  const notes: EventNote[] = [];
  const slot = new StatusSlot(
    {
      clock,
      random,
      log,
      lookup: new StatusLookup({ api, clock }, { namespace: NAMESPACE }),
      writer: new StatusWriter(
        { api, clock, log, meter, limiter: new Limiter(4), report: () => undefined },
        owner,
      ),
      count: outcomeCounter(meter),
      errors: meter.counter('errors'),
      report: (_, note) => notes.push(note),
    },
    {
      owner,
      service: { namespace: 'default', name: 'web' },
      signal: stop.signal,
      onDone: () => done.push('done'),
    },
  );
  slot.setTarget(MINE);
  await clock.advance(1000);
  const { items } = await api.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE });
  api.forgetCalls();
  return { clock, api, slot, stop, done, notes, object: items[0] as ServiceL2Status };
}

const at = (object: ServiceL2Status, resourceVersion: string): ServiceL2Status => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion },
});

describe('a status slot', () => {
  it('does not take old news of its object for a loss', async () => {
    const { clock, api, slot, stop, object } = await announced();
    slot.forget(at(object, '1'));
    slot.observe(at({ ...object, status: {} }, '1'));
    await clock.advance(10_000);
    expect(api.calls).toEqual([]);
    stop.abort();
  });

  it('does not wait out what an earlier target met with', async () => {
    const { clock, api, slot, stop } = await announced();
    const away = new KubeError('Unavailable', 'connection refused', { operation: 'patch' });
    api.fault = () => ({ refuse: away });
    slot.setTarget({ ...MINE, content: { interfaces: ['eth1'], addresses: ['10.0.0.1'] } });
    await clock.advance(60_000); // by now half a minute is between two tries
    api.fault = () => undefined;
    slot.setTarget({ kind: 'nowhere' });
    await clock.advance(100);
    const { items } = await api.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE });
    expect(items).toEqual([]);
    stop.abort();
    expect(clock.sleepers).toBe(0);
  });

  it('spreads what it tries again when the API server is back, instead of waiting for half a minute', async () => {
    const { clock, api, slot, stop } = await announced({ random: () => 0.5 });
    const away = new KubeError('Unavailable', 'connection refused', { operation: 'patch' });
    api.fault = () => ({ refuse: away });
    slot.setTarget({ ...MINE, content: { interfaces: ['eth1'], addresses: ['10.0.0.1'] } });
    await clock.advance(70_000);
    api.fault = () => undefined;
    api.forgetCalls();
    slot.serverIsBack();
    await clock.advance(2499);
    expect(api.calls).toEqual([]);
    await clock.advance(200);
    const { items } = await api.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE });
    expect(items).toMatchObject([{ status: { interfaces: [{ name: 'eth1' }] } }]);
    slot.serverIsBack();
    expect(clock.sleepers).toBe(0);
    stop.abort();
  });

  it('asks the API server after a second when its object has left the watch', async () => {
    const { clock, api, slot, stop, object } = await announced();
    slot.forget(at(object, '999'));
    await clock.advance(999);
    expect(api.calls).toEqual([]);
    await clock.advance(1000);
    expect(api.calls.map(({ verb }) => verb)).toEqual(['list']);
    stop.abort();
  });

  it('takes its object back at once, as any other, when its service comes back after a move', async () => {
    const { clock, api, slot, stop, notes, object } = await announced();
    slot.setTarget({ kind: 'elsewhere' });
    await clock.advance(100);
    const ref = { namespace: NAMESPACE, name: object.metadata.name ?? '' };
    const labels = { 'metallb.io/node': 'node-b' };
    const taken = await api.patch(SERVICE_L2_STATUSES, ref, { metadata: { labels } }, { type: 'merge' });
    slot.forget(taken);
    slot.setTarget(MINE);
    await clock.advance(200);
    const { metadata } = await api.get(SERVICE_L2_STATUSES, ref);
    expect(metadata.labels).toMatchObject({ 'metallb.io/node': 'node-a' });
    expect(notes).toEqual([]);
    stop.abort();
  });

  it('deletes its object also when that changes, and is seen to, while it is being deleted', async () => {
    const { clock, api, slot, stop, done, object } = await announced();
    const ref = { namespace: NAMESPACE, name: object.metadata.name ?? '' };
    let deletions = 0;
    api.fault = async ({ verb }) => {
      if (verb !== 'delete' || deletions++ > 0) return undefined;
      const metadata = { annotations: { by: 'somebody' } };
      slot.observe(await api.patch(SERVICE_L2_STATUSES, ref, { metadata }, { type: 'merge' }));
      return undefined;
    };
    slot.setTarget({ kind: 'nowhere' });
    await clock.advance(1000);
    const { items } = await api.list(SERVICE_L2_STATUSES, { namespace: NAMESPACE });
    expect([items, done]).toEqual([[], ['done']]);
    stop.abort();
  });

  it('believes a list that has an earlier version than it knows: etcd was restored from a backup', async () => {
    const { clock, api, slot, stop, object } = await announced();
    const ref = { namespace: NAMESPACE, name: object.metadata.name ?? '' };
    slot.observe(at(object, '1000000'));
    await clock.advance(100);
    const status = { interfaces: [{ name: 'eth9' }] };
    const restored = await api.patch(
      SERVICE_L2_STATUSES,
      ref,
      { status },
      { type: 'merge', subresource: 'status' },
    );
    slot.resync([restored]);
    await clock.advance(100);
    expect((await api.get(SERVICE_L2_STATUSES, ref)).status).toEqual(object.status);
    stop.abort();
  });

  it('writes nothing when a list is older than what it wrote itself', async () => {
    const { clock, api, slot, stop, object } = await announced();
    slot.resync([at({ ...object, status: {} }, '1')]);
    await clock.advance(1000);
    expect(api.writes).toEqual([]);
    stop.abort();
  });

  it('is done when its service is announced nowhere and nothing is left', async () => {
    const { clock, slot, stop, done } = await announced();
    slot.setTarget({ kind: 'nowhere' });
    await clock.advance(0);
    expect(done).toEqual(['done']);
    stop.abort();
  });
});
