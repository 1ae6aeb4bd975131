import { KubeError, type ObjectRef, PODS } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import type { InMemoryKubeApi, ApiCall } from '@metallb-l2/sdk/testing';
import { settle } from '../../../support/fake-clock.ts';
import { NAMESPACE } from '../fixtures.ts';
import { Cluster, ELSEWHERE, MINE } from './publishers.ts';

/** Refuses what `matches`, `times` times. */
function refuse(api: InMemoryKubeApi, matches: (call: ApiCall) => boolean, error: KubeError, times = 1) {
  let left = times;
  api.fault = (call) => (matches(call) && left-- > 0 ? { refuse: error } : undefined);
}

const failure = (code: ConstructorParameters<typeof KubeError>[0], message: string = code) =>
  new KubeError(code, message, { operation: 'test' });

describe('a status publisher', () => {
  let cluster: Cluster;
  beforeEach(() => {
    cluster = new Cluster();
  });
  afterEach(() => cluster.end());

  it('creates one object in its own namespace, owned by its pod, then writes the status', async () => {
    cluster.start('node-a').want(MINE);
    await cluster.clock.advance(1000);
    expect(await cluster.object()).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^node-a-\w+$/) as string,
        namespace: NAMESPACE,
        labels: {
          'metallb.io/node': 'node-a',
          'metallb.io/service-name': 'web',
          'metallb.io/service-namespace': 'default',
        },
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Pod', name: 'speaker-pod-of-node-a', uid: 'pod-of-node-a' },
        ],
      },
      status: {
        node: 'node-a',
        serviceName: 'web',
        serviceNamespace: 'default',
        interfaces: [{ name: 'eth0' }],
        addresses: ['10.0.0.1'],
        announcedSince: expect.stringMatching(/^2026-01-01T00:00:0/) as string,
      },
    });
    expect(cluster.writes()).toEqual(['create', 'patch status']);
  });

  it('writes nothing more when nothing has changed', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    cluster.api.forgetCalls();
    a.want(structuredClone(MINE));
    cluster.api.endWatches();
    await cluster.clock.advance(3_600_000);
    expect(cluster.writes()).toEqual([]);
  });

  it('writes the status alone when interfaces change, and keeps since when it announces', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(60_000);
    const before = await cluster.object();
    cluster.api.forgetCalls();
    a.want({ kind: 'announced', content: { interfaces: ['eth0', 'eth1'], addresses: ['10.0.0.1'] } });
    await cluster.clock.advance(1000);
    expect(cluster.writes()).toEqual(['patch status']);
    expect((await cluster.object()).status).toEqual({
      ...before.status,
      interfaces: [{ name: 'eth0' }, { name: 'eth1' }],
    });
  });

  it('adopts the object of another node in place, in two writes', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    const before = await cluster.object();
    const b = cluster.start('node-b');
    cluster.api.forgetCalls();
    a.want(ELSEWHERE);
    b.want(MINE);
    await cluster.clock.advance(10_000);
    const after = await cluster.object();
    expect(cluster.writes()).toEqual(['patch', 'patch status']);
    expect([after.metadata.name, after.metadata.uid]).toEqual([before.metadata.name, before.metadata.uid]);
    expect(after.status).toMatchObject({ node: 'node-b', serviceName: 'web' });
    expect(after.metadata.labels).toMatchObject({ 'metallb.io/node': 'node-b' });
    expect(after.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual(['pod-of-node-b']);
    expect([...a.notes, ...b.notes]).toEqual([]);
  });

  describe('that takes over a crowd', () => {
    const services = Array.from({ length: 50 }, (_, i) => ({ namespace: 'default', name: `web-${i}` }));

    beforeEach(() => {
      for (const { namespace, name } of services) {
        cluster.api.seed(SERVICE_L2_STATUSES, {
          metadata: {
            name: `l2-${name}`,
            namespace: NAMESPACE,
            labels: {
              'metallb.io/node': 'node-a',
              'metallb.io/service-name': name,
              'metallb.io/service-namespace': namespace,
            },
          },
          status: { node: 'node-a', serviceName: name, serviceNamespace: namespace },
        });
      }
    });

    it('adopts all objects with one list', async () => {
      cluster.start('node-b').wantAll(services);
      await cluster.clock.advance(1000);
      const objects = await cluster.objects();
      expect(objects.map(({ status }) => status?.node)).toEqual(services.map(() => 'node-b'));
      expect(cluster.writes()).toHaveLength(100);
      // One list of the look-up, one of the watch, one of this test.
      expect(cluster.api.calls.filter(({ verb }) => verb === 'list')).toHaveLength(3);
    });

    it('is refused no more often than it writes at a time, when the node is immutable', async () => {
      let refused = 0;
      cluster.api.fault = async ({ verb, subresource, ref, body }) => {
        if (verb !== 'patch' || subresource !== 'status') return undefined;
        await cluster.clock.sleep(10);
        const next = (body as ServiceL2Status).status?.node;
        const { status } = await cluster.api.get(SERVICE_L2_STATUSES, ref as ObjectRef);
        if (typeof next !== 'string' || status?.node === undefined) return undefined;
        refused++;
        return { refuse: failure('Invalid', 'status.node: Value is immutable') };
      };
      const b = cluster.start('node-b');
      b.wantAll(services);
      await cluster.clock.advance(1000);
      const objects = await cluster.objects();
      expect(objects.map(({ status }) => status?.node)).toEqual(services.map(() => 'node-b'));
      expect(refused).toBe(16);
      expect(b.notes).toHaveLength(1);
    });
  });

  it('keeps one object when two publishers create at the same moment', async () => {
    const a = cluster.start('node-a');
    const b = cluster.start('node-b');
    // Each has looked and found nothing before the other's object is there.
    cluster.api.fault = async ({ verb }) => {
      if (verb === 'create') await cluster.clock.sleep(10);
      return undefined;
    };
    a.want(MINE);
    b.want(MINE);
    await cluster.clock.advance(500);
    expect(cluster.writes().filter((write) => write === 'create')).toHaveLength(2);
    expect(await cluster.objects()).toHaveLength(1);
    a.want(ELSEWHERE);
    await cluster.clock.advance(120_000);
    expect((await cluster.object()).status?.node).toBe('node-b');
  });

  it('leaves an object alone when the service moves on while it is being looked for', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    const b = cluster.start('node-b');
    b.want(MINE);
    await cluster.clock.advance(20);
    b.want(ELSEWHERE);
    cluster.api.forgetCalls();
    await cluster.clock.advance(60_000);
    expect(cluster.writes()).toEqual([]);
    expect((await cluster.object()).status?.node).toBe('node-a');
  });

  it('leaves an object to the next owner, and deletes it if nobody comes', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    a.want(ELSEWHERE);
    await cluster.clock.advance(4999);
    await cluster.object();
    await cluster.clock.advance(1);
    expect(await cluster.objects()).toEqual([]);
  });

  it('deletes what it left and nobody took in time, also when the clock is set back', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    a.want(ELSEWHERE);
    await cluster.clock.advance(1000);
    cluster.clock.setBack(3_600_000);
    await cluster.clock.advance(4100);
    expect(await cluster.objects()).toEqual([]);
  });

  it('goes on with its object when the service comes back in time', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    cluster.api.forgetCalls();
    a.want(ELSEWHERE);
    await cluster.clock.advance(3000);
    a.want(MINE);
    await cluster.clock.advance(60_000);
    expect((await cluster.object()).status?.node).toBe('node-a');
    expect(cluster.writes()).toEqual([]);
  });

  it('deletes at once when nobody announces the service, and when the service is gone', async () => {
    const a = cluster.start('node-a');
    for (const gone of [{ kind: 'nowhere' } as const, undefined]) {
      a.want(MINE);
      await cluster.clock.advance(1000);
      await cluster.object();
      a.want(gone);
      await settle();
      expect(await cluster.objects()).toEqual([]);
    }
  });

  it('deletes in the end although the API server is away for a while', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    refuse(cluster.api, ({ verb }) => verb === 'delete', failure('Unavailable'), 3);
    a.want(undefined);
    await settle();
    await cluster.object();
    await cluster.clock.advance(10_000);
    expect(await cluster.objects()).toEqual([]);
  });

  it('moves a service to and fro without taking it for a contest', async () => {
    const a = cluster.start('node-a');
    const b = cluster.start('node-b');
    a.want(MINE);
    await cluster.clock.advance(1000);
    for (const [from, to, owner] of [
      [a, b, 'node-b'],
      [b, a, 'node-a'],
    ] as const) {
      // The winner may know before the loser does.
      to.want(MINE);
      await cluster.clock.advance(200);
      from.want(ELSEWHERE);
      await cluster.clock.advance(100);
      expect((await cluster.object()).status?.node).toBe(owner);
    }
    await cluster.clock.advance(60_000);
    expect((await cluster.object()).status?.node).toBe('node-a');
    expect([...a.notes, ...b.notes]).toEqual([]);
  });

  it('takes its objects up again after a restart, with the new pod as owner', async () => {
    const first = cluster.start('node-a', 'first-pod');
    first.want(MINE);
    await cluster.clock.advance(1000);
    const before = await cluster.object();
    await first.end();
    cluster.api.forgetCalls();
    cluster.start('node-a', 'second-pod').want(MINE);
    await cluster.clock.advance(1000);
    const after = await cluster.object();
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual(['second-pod']);
    expect(after.status).toEqual(before.status);
    expect(cluster.writes()).toEqual(['patch']);
    await cluster.api.delete(PODS, { namespace: NAMESPACE, name: 'speaker-first-pod' });
    await cluster.clock.advance(1000);
    await cluster.object();
  });

  it('after a restart deletes what its last life left of services it does not announce', async () => {
    const first = cluster.start('node-a', 'first-pod');
    first.want(MINE);
    await cluster.clock.advance(1000);
    await first.end();
    cluster.start('node-a', 'second-pod').want(undefined);
    await cluster.clock.advance(1000);
    expect(await cluster.objects()).toEqual([]);
  });

  it.each(['service-name', 'service-namespace'])(
    'deletes its object of an earlier life that lost its label %s while nobody looked',
    async (label) => {
      const first = cluster.start('node-a');
      first.want(MINE);
      await cluster.clock.advance(1000);
      const { metadata } = await cluster.object();
      await first.end();
      const ref = { namespace: NAMESPACE, name: metadata.name ?? '' };
      const patch = { metadata: { labels: { [`metallb.io/${label}`]: null } } };
      await cluster.api.patch(SERVICE_L2_STATUSES, ref, patch, { type: 'merge' });
      refuse(cluster.api, ({ verb }) => verb === 'delete', failure('Unavailable'), 3);
      const second = cluster.start('node-a');
      second.want(MINE);
      await cluster.clock.advance(10_000);
      const { metadata: after, status } = await cluster.object();
      expect(after.uid).not.toBe(metadata.uid);
      expect(status).toMatchObject({ node: 'node-a', serviceName: 'web' });
      expect(second.meter.value('metallb_status_outcomes', { outcome: 'withdrawn' })).toBe(1);
    },
  );

  it('leaves alone what carries its label and names no service, but is not its own', async () => {
    const labels = { 'metallb.io/node': 'node-a' };
    cluster.api.seed(SERVICE_L2_STATUSES, { metadata: { name: 'strange', namespace: NAMESPACE, labels } });
    cluster.start('node-a').want(undefined);
    await cluster.clock.advance(10_000);
    expect(await cluster.object()).toMatchObject({ metadata: { name: 'strange' } });
  });

  it('mends an object that was left without status', async () => {
    refuse(cluster.api, ({ subresource }) => subresource === 'status', failure('Unavailable'), 1000);
    const first = cluster.start('node-a', 'first-pod');
    first.want(MINE);
    await cluster.clock.advance(1000);
    expect((await cluster.object()).status).toBeUndefined();
    await first.end();
    cluster.api.fault = () => undefined;
    cluster.start('node-a', 'second-pod').want(MINE);
    await cluster.clock.advance(1000);
    expect((await cluster.object()).status).toMatchObject({ node: 'node-a' });
  });

  it('creates the object again when somebody deletes it', async () => {
    cluster.start('node-a').want(MINE);
    await cluster.clock.advance(1000);
    const { metadata } = await cluster.object();
    await cluster.api.delete(SERVICE_L2_STATUSES, { namespace: NAMESPACE, name: metadata.name ?? '' });
    await cluster.clock.advance(5000);
    expect((await cluster.object()).metadata.uid).not.toBe(metadata.uid);
  });

  it('creates the object again when it was deleted while nothing could be watched', async () => {
    cluster.start('node-a').want(MINE);
    await cluster.clock.advance(1000);
    const { metadata } = await cluster.object();
    const away = failure('Unavailable');
    cluster.api.fault = ({ verb }) => (verb === 'watch' ? { refuse: away } : undefined);
    cluster.api.endWatches(away);
    await settle();
    await cluster.api.delete(SERVICE_L2_STATUSES, { namespace: NAMESPACE, name: metadata.name ?? '' });
    cluster.api.compact();
    cluster.api.fault = () => undefined;
    await cluster.clock.advance(60_000);
    expect((await cluster.object()).metadata.uid).not.toBe(metadata.uid);
  });

  it('writes what failed as soon as the watch is back', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    const { metadata } = await cluster.object();
    const away = failure('Unavailable');
    cluster.api.fault = () => ({ refuse: away });
    cluster.api.endWatches(away);
    a.want({ kind: 'announced', content: { interfaces: ['eth1'], addresses: ['10.0.0.1'] } });
    await cluster.clock.advance(60_000); // by now half a minute is between two tries
    const server = { isBack: false };
    cluster.api.fault = ({ verb }) => {
      server.isBack ||= verb === 'watch';
      return server.isBack ? undefined : { refuse: away };
    };
    while (!server.isBack) await cluster.clock.advance(100);
    const change = { metadata: { annotations: { by: 'somebody' } } };
    const ref = { namespace: NAMESPACE, name: metadata.name ?? '' };
    await cluster.api.patch(SERVICE_L2_STATUSES, ref, change, { type: 'merge' });
    await cluster.clock.advance(1000);
    expect((await cluster.object()).status?.interfaces).toEqual([{ name: 'eth1' }]);
  });

  it('keeps the oldest of several objects and deletes the others', async () => {
    for (const [name, creationTimestamp] of [
      ['l2-young', '2025-06-01T00:00:00Z'],
      ['l2-old', '2025-01-01T00:00:00Z'],
    ] as const) {
      cluster.api.seed(SERVICE_L2_STATUSES, {
        metadata: {
          name,
          namespace: NAMESPACE,
          creationTimestamp,
          labels: {
            'metallb.io/node': 'node-z',
            'metallb.io/service-name': 'web',
            'metallb.io/service-namespace': 'default',
          },
        },
      });
    }
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    expect((await cluster.object()).metadata.name).toBe('l2-old');
    expect(a.notes).toMatchObject([{ type: 'Warning', reason: 'statusDuplicatesRemoved' }]);
  });

  it('does not create a second object when the answer to the first creation is lost', async () => {
    let lost = false;
    cluster.api.fault = ({ verb }) => {
      if (verb !== 'create' || lost) return undefined;
      lost = true;
      return { loseAnswer: failure('Timeout') };
    };
    cluster.start('node-a').want(MINE);
    await cluster.clock.advance(5000);
    expect((await cluster.object()).status).toMatchObject({ node: 'node-a' });
    expect(cluster.writes().filter((write) => write === 'create')).toHaveLength(1);
  });

  it('tries again after a failure with growing pauses, and warns once', async () => {
    refuse(cluster.api, ({ verb }) => verb === 'create', failure('Forbidden', 'no'), 1000);
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(600_000);
    const tries = cluster.writes().length;
    expect(tries).toBeGreaterThan(10);
    expect(tries).toBeLessThan(40);
    expect(a.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(a.notes).toMatchObject([{ type: 'Warning', reason: 'statusNotWritten' }]);
    expect(a.meter.value('metallb_status_write_errors', { code: 'Forbidden' })).toBe(tries);
    cluster.api.fault = () => undefined;
    await cluster.clock.advance(60_000);
    expect((await cluster.object()).status?.node).toBe('node-a');
  });

  it('moves the status past a stock CRD that calls the node immutable', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    cluster.api.fault = async ({ verb, subresource, ref, body }) => {
      if (verb !== 'patch' || subresource !== 'status') return undefined;
      const next = (body as ServiceL2Status).status?.node;
      const { status } = await cluster.object();
      const changed = typeof next === 'string' && status?.node !== undefined && status.node !== next;
      return changed
        ? { refuse: failure('Invalid', `${String(ref.name)}: status.node: Value is immutable`) }
        : undefined;
    };
    const b = cluster.start('node-b');
    a.want(ELSEWHERE);
    b.want(MINE);
    await cluster.clock.advance(10_000);
    expect((await cluster.object()).status).toMatchObject({ node: 'node-b', serviceName: 'web' });
    expect(b.meter.value('metallb_status_immutable_node')).toBe(1);
  });

  it('learns that the node is immutable, says it once, and asks again after ten minutes', async () => {
    const names = ['web-1', 'web-2', 'web-3'];
    let refused = 0;
    const a = cluster.start('node-a');
    const b = cluster.start('node-b');
    const move = async (name: string) => {
      a.want(MINE, { namespace: 'default', name });
      await cluster.clock.advance(1000);
      a.want(ELSEWHERE, { namespace: 'default', name });
      b.want(MINE, { namespace: 'default', name });
      await cluster.clock.advance(1000);
      expect((await cluster.objects()).at(-1)?.status?.node).toBe('node-b');
    };
    cluster.api.fault = async ({ verb, subresource, ref, body }) => {
      if (verb !== 'patch' || subresource !== 'status') return undefined;
      const next = (body as ServiceL2Status).status?.node;
      const { status } = await cluster.api.get(SERVICE_L2_STATUSES, ref as ObjectRef);
      if (typeof next !== 'string' || status?.node === undefined || status.node === next) return undefined;
      refused++;
      return { refuse: failure('Invalid', 'status.node: Value is immutable') };
    };
    await move(names[0] ?? '');
    await move(names[1] ?? '');
    expect(refused).toBe(1);
    await cluster.clock.advance(600_000);
    await move(names[2] ?? '');
    expect(refused).toBe(2);
    expect(b.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(b.notes).toMatchObject([{ type: 'Warning', reason: 'statusNodeImmutable' }]);
  });

  it('does not write again and again what a stock CRD prunes', async () => {
    cluster.start('node-a').want(MINE);
    await cluster.clock.advance(1000);
    const object = await cluster.object();
    const { addresses: _, announcedSince: __, ...kept } = object.status ?? {};
    cluster.api.seed(SERVICE_L2_STATUSES, {
      ...object,
      metadata: { ...object.metadata, resourceVersion: '' },
      status: kept,
    });
    cluster.api.forgetCalls();
    await cluster.clock.advance(600_000);
    expect(cluster.writes()).toEqual([]);
  });

  it('shortens the label of a node whose name is too long, and keeps the name in the status', async () => {
    const name = `${'n'.repeat(80)}.example`;
    cluster.start(name).want(MINE);
    await cluster.clock.advance(1000);
    const object = await cluster.object();
    expect(object.metadata.labels?.['metallb.io/node']).toMatch(/^n{52}-[0-9a-f]{10}$/);
    expect(object.status?.node).toBe(name);
  });

  it('counts what becomes of the statuses', async () => {
    const a = cluster.start('node-a');
    const b = cluster.start('node-b');
    a.want(MINE);
    await cluster.clock.advance(1000);
    a.want(ELSEWHERE);
    b.want(MINE);
    await cluster.clock.advance(1000);
    b.want({ kind: 'announced', content: { interfaces: ['eth1'], addresses: ['10.0.0.1'] } });
    await cluster.clock.advance(1000);
    b.want({ kind: 'nowhere' });
    await cluster.clock.advance(1000);
    a.want(MINE);
    await cluster.clock.advance(1000);
    a.want(ELSEWHERE);
    await cluster.clock.advance(10_000);
    const outcomes = ({ meter }: typeof a) =>
      ['created', 'adopted', 'restored', 'updated', 'withdrawn', 'abandoned', 'duplicate', 'lost'].filter(
        (outcome) => meter.value('metallb_status_outcomes', { outcome }) > 0,
      );
    expect(outcomes(a)).toEqual(['created', 'abandoned']);
    expect(outcomes(b)).toEqual(['adopted', 'updated', 'withdrawn']);
  });

  it('leaves its objects when it ends', async () => {
    const a = cluster.start('node-a');
    a.want(MINE);
    await cluster.clock.advance(1000);
    await a.end();
    await cluster.clock.advance(60_000);
    await cluster.object();
  });
});
