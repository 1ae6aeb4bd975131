import { type Event, EVENTS, KubeError } from '@metallb-l2/sdk/kube';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { EventRecorder } from '../../../../speaker/src/cluster/events.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';

const SUBJECT = { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'web', uid: 'u1' };
const NOTE = { type: 'Normal', reason: 'nodeAssigned', message: 'hello' } as const;

function start() {
  const clock = new FakeClock();
  const api = new InMemoryKubeApi({ clock });
  const deps = { api, clock, random: () => 0, log: new RecordedLog() };
  const recorder = new EventRecorder(deps, { component: 'metallb-speaker', instance: 'node-a' });
  const stop = new AbortController();
  const ended = recorder.run(stop.signal);
  const events = async () => (await api.list(EVENTS, { namespace: 'default' })).items;
  return { clock, api, recorder, events, end: () => (stop.abort(), ended) };
}

describe('an event recorder', () => {
  it('writes an event about the object, in its namespace, as kubectl describe expects it', async () => {
    const { recorder, events, end } = start();
    recorder.record(SUBJECT, NOTE);
    await settle();
    expect(await events()).toMatchObject([
      {
        metadata: { namespace: 'default', name: expect.stringMatching(/^web\.[0-9a-f]+$/) as string },
        involvedObject: SUBJECT,
        ...NOTE,
        reportingComponent: 'metallb-speaker',
        reportingInstance: 'node-a',
        source: { component: 'metallb-speaker', host: 'node-a' },
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00.000Z',
        lastTimestamp: '2026-01-01T00:00:00.000Z',
      },
    ]);
    await end();
  });

  it('finds a name for an event about an object with the longest one there may be', async () => {
    const { recorder, events, end } = start();
    const name = `${'a'.repeat(233)}-${'b'.repeat(19)}`;
    recorder.record({ ...SUBJECT, name }, NOTE);
    await settle();
    const [event] = await events();
    expect(event?.metadata.name).toMatch(/^a{233}\.[0-9a-f]+$/);
    expect(event?.involvedObject.name).toBe(name);
    await end();
  });

  it('names two events of one moment differently', async () => {
    const { recorder, events, end } = start();
    recorder.record(SUBJECT, NOTE);
    recorder.record(SUBJECT, NOTE);
    await settle();
    expect(await events()).toHaveLength(2);
    await end();
  });

  it('names its events differently from those of another recorder about the same subject', async () => {
    const { api, clock, recorder, events, end } = start();
    const deps = { api, clock, random: () => 0.5, log: new RecordedLog() };
    const other = new EventRecorder(deps, { component: 'metallb-speaker', instance: 'node-b' });
    const stop = new AbortController();
    const ended = other.run(stop.signal);
    recorder.record(SUBJECT, NOTE);
    other.record(SUBJECT, NOTE);
    await settle();
    expect(await events()).toHaveLength(2);
    stop.abort();
    await ended;
    await end();
  });

  it('takes an event whose answer was lost for written', async () => {
    const { api, clock, recorder, events, end } = start();
    let losses = 1;
    api.fault = () =>
      losses-- > 0 ? { loseAnswer: new KubeError('Timeout', 'lost', { operation: 'test' }) } : undefined;
    recorder.record(SUBJECT, NOTE);
    await clock.advance(10_000);
    expect(await events()).toHaveLength(1);
    expect(api.writes).toHaveLength(2);
    await end();
  });

  it('gives an event up after three tries and goes on with the next', async () => {
    const { api, clock, recorder, events, end } = start();
    const isFirst = (body: unknown) => (body as Event | undefined)?.message === 'first';
    api.fault = ({ body }) =>
      isFirst(body) ? { refuse: new KubeError('Forbidden', 'no', { operation: 'test' }) } : undefined;
    recorder.record(SUBJECT, { ...NOTE, message: 'first' });
    recorder.record(SUBJECT, { ...NOTE, message: 'second' });
    await clock.advance(60_000);
    expect((await events()).map(({ message }) => message)).toEqual(['second']);
    expect(api.writes.filter(({ body }) => isFirst(body))).toHaveLength(3);
    await end();
  });

  it('drops what exceeds a thousand waiting events', async () => {
    const { recorder, events, end } = start();
    for (let i = 0; i < 1500; i++) recorder.record(SUBJECT, NOTE);
    while ((await events()).length < 1000) await settle();
    await settle();
    expect(await events()).toHaveLength(1000);
    await end();
  });
});
