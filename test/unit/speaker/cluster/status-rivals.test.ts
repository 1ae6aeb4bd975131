import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { NAMESPACE } from '../fixtures.ts';
import { Cluster, ELSEWHERE, MINE } from './publishers.ts';

describe('a status publisher that has rivals', () => {
  let cluster: Cluster;
  beforeEach(() => {
    cluster = new Cluster();
  });
  afterEach(() => cluster.end());

  it('takes a contested object back once, then once a minute, and both nodes say so once', async () => {
    const a = cluster.start('node-a');
    const b = cluster.start('node-b');
    a.want(MINE);
    await cluster.clock.advance(1000);
    cluster.api.forgetCalls();
    b.want(MINE);
    await cluster.clock.advance(60_000);
    // B takes it, A takes it back, B takes it back.
    expect(cluster.writes()).toEqual(Array(3).fill(['patch', 'patch status']).flat());
    cluster.api.forgetCalls();
    await cluster.clock.advance(600_000);
    expect(cluster.writes().length).toBeLessThanOrEqual(10 * 4);
    await cluster.object();
    for (const { notes } of [a, b]) {
      expect(notes).toMatchObject([{ type: 'Warning', reason: 'announcementContested' }]);
    }
    expect(a.meter.value('metallb_status_outcomes', { outcome: 'lost' })).toBeGreaterThan(1);
    a.want(ELSEWHERE);
    await cluster.clock.advance(120_000);
    expect((await cluster.object()).status?.node).toBe('node-b');
  });

  it('takes its object back after longer and longer pauses when another speaker of its node takes it', async () => {
    const first = cluster.start('node-a', 'first-pod');
    first.want(MINE);
    await cluster.clock.advance(1000);
    cluster.api.fault = async ({ verb }) => {
      if (verb === 'patch') await cluster.clock.sleep(5);
      return undefined;
    };
    const second = cluster.start('node-a', 'second-pod');
    second.want(MINE);
    cluster.api.forgetCalls();
    await cluster.clock.advance(60_000);
    expect(cluster.writes().length).toBeLessThanOrEqual(20);
    await second.end();
    await cluster.clock.advance(120_000);
    const { metadata } = await cluster.object();
    expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual(['first-pod']);
    expect([...first.log.lines, ...second.log.lines].map(({ message }) => message)).toEqual(
      Array(2).fill('another speaker of this node has taken the status of a service'),
    );
  });

  it.each([
    ['', true],
    [', between two watches', false],
  ])(
    'does not wait any longer when the object goes with the other speaker of its node%s',
    async (_, isSeen) => {
      const first = cluster.start('node-a', 'first-pod');
      const second = cluster.start('node-a', 'second-pod');
      first.want(MINE);
      second.want(MINE);
      await cluster.clock.advance(60_000);
      const owner = async () => (await cluster.object()).metadata.ownerReferences?.[0]?.uid;
      while ((await owner()) !== 'second-pod') await cluster.clock.advance(1000);
      await second.end();
      const { metadata } = await cluster.object();
      const ref = { namespace: NAMESPACE, name: metadata.name ?? '' };
      if (!isSeen) cluster.api.endWatches();
      await cluster.api.delete(SERVICE_L2_STATUSES, ref);
      if (!isSeen) cluster.api.compact();
      await cluster.clock.advance(2000);
      expect(await owner()).toBe('first-pod');
    },
  );

  it('finds out soon when the other node of a contest has stopped', async () => {
    const a = cluster.start('node-a');
    const b = cluster.start('node-b');
    a.want(MINE);
    await cluster.clock.advance(1000);
    b.want(MINE);
    await cluster.clock.advance(5000);
    expect((await cluster.object()).status?.node).toBe('node-b');
    b.want(ELSEWHERE);
    await cluster.clock.advance(15_000);
    expect((await cluster.object()).status?.node).toBe('node-a');
  });

  it.each([
    ['another service', 'other'],
    ['no service', null],
  ])('mends its object when somebody labels it for %s', async (_, label) => {
    cluster.start('node-a').want(MINE);
    await cluster.clock.advance(1000);
    const { metadata } = await cluster.object();
    const labels = { 'metallb.io/service-name': label };
    const ref = { namespace: NAMESPACE, name: metadata.name ?? '' };
    await cluster.api.patch(SERVICE_L2_STATUSES, ref, { metadata: { labels } }, { type: 'merge' });
    await cluster.clock.advance(60_000);
    expect((await cluster.object()).metadata.labels).toMatchObject({ 'metallb.io/service-name': 'web' });
  });
});
