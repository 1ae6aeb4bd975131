import { ServiceL2StatusClient, type WaitOptions } from '@metallb-l2/sdk';
import { KubeError } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { WEB, statusObject } from './fixtures.ts';

function setUp() {
  const clock = new FakeClock();
  const api = new InMemoryKubeApi({ clock });
  const client = new ServiceL2StatusClient({ api }, { clock, random: () => 0 });
  /** Waits, and tells the node or the error, once there is one. */
  const wait = (options: WaitOptions = {}) => {
    const result: { node?: string; error?: Error } = {};
    client.waitUntilAnnounced(WEB, options).then(
      ({ node }) => (result.node = node),
      (error: unknown) => (result.error = error as Error),
    );
    return result;
  };
  return { clock, api, client, wait };
}

describe('waiting for an announcement', () => {
  it('ends at once when the service is announced already', async () => {
    const { api, client, clock } = setUp();
    api.seed(SERVICE_L2_STATUSES, statusObject());
    expect(await client.waitUntilAnnounced(WEB)).toMatchObject({ service: WEB, node: 'node-a' });
    expect(await client.waitUntilAnnounced(WEB, { timeoutMs: 0 })).toMatchObject({ node: 'node-a' });
    await settle();
    expect(clock.sleepers).toBe(0);
  });

  it('is not content with a label, which comes before the status', async () => {
    const { api, wait } = setUp();
    const result = wait();
    await settle();
    api.seed(SERVICE_L2_STATUSES, statusObject({ status: 'none' }));
    await settle();
    expect(result).toEqual({});
    api.seed(SERVICE_L2_STATUSES, statusObject());
    await settle();
    expect(result).toEqual({ node: 'node-a' });
  });

  it.each<[string, WaitOptions]>([
    ['by the node named', { node: 'node-b' }],
    ['by another node than the one named', { not: 'node-a' }],
  ])('waits for one %s', async (_what, options) => {
    const { api, wait } = setUp();
    api.seed(SERVICE_L2_STATUSES, statusObject());
    const result = wait(options);
    await settle();
    api.seed(SERVICE_L2_STATUSES, statusObject({ node: 'node-b', status: { node: 'node-a' } }));
    await settle();
    expect(result).toEqual({});
    api.seed(SERVICE_L2_STATUSES, statusObject({ node: 'node-b' }));
    await settle();
    expect(result).toEqual({ node: 'node-b' });
  });

  it('goes on through an interruption', async () => {
    const { api, wait, clock } = setUp();
    const down = new KubeError('Unavailable', 'connection refused', { operation: 'list' });
    api.fault = () => ({ refuse: down });
    const result = wait();
    await clock.advance(2000);
    api.fault = () => undefined;
    api.seed(SERVICE_L2_STATUSES, statusObject());
    await clock.advance(10_000);
    expect(result).toEqual({ node: 'node-a' });
  });

  it.each<[string, object | undefined, WaitOptions, string]>([
    ['nothing', undefined, {}, 'announced within 60 s; last seen: nobody announces it'],
    [
      'another node',
      {},
      { node: 'node-b', timeoutMs: 1500 },
      'announced by node-b within 1.5 s; last seen: node-a announces it since 1970-01-01T00:00:00.000Z',
    ],
    [
      'the same node',
      {},
      { not: 'node-a' },
      'announced by another node than node-a within 60 s; last seen: node-a announces it since 1970-01-01T00:00:00.000Z',
    ],
    [
      'a claim',
      { status: 'none' },
      {},
      'announced within 60 s; last seen: node-a has claimed it, but does not say that it answers',
    ],
    [
      'a take-over that does not end',
      { node: 'node-b', status: { node: 'node-a' } },
      {},
      'announced within 60 s; last seen: node-b is taking it over from node-a',
    ],
  ])('runs out of time, having seen %s', async (_what, shape, options, message) => {
    const { api, wait, clock } = setUp();
    if (shape) api.seed(SERVICE_L2_STATUSES, statusObject(shape));
    const result = wait(options);
    await clock.advance((options.timeoutMs ?? 60_000) - 1);
    expect(result).toEqual({});
    await clock.advance(1);
    expect(result.error).toMatchObject({
      code: 'Timeout',
      service: WEB,
      message: `demo/web was not ${message}`,
    });
    expect(clock.sleepers).toBe(0);
  });

  it('runs out of time when the cluster cannot be seen, and says why it cannot', async () => {
    const { api, wait, clock } = setUp();
    const down = new KubeError('Unavailable', 'connection refused', { operation: 'list servicel2statuses' });
    api.fault = () => ({ refuse: down });
    const result = wait({ timeoutMs: 1000 });
    await clock.advance(1000);
    expect(result.error?.message).toBe(
      'demo/web was not announced within 1 s; the cluster cannot be watched: ' +
        'list servicel2statuses: connection refused',
    );
    expect(clock.sleepers).toBe(0);
  });

  it('runs out of time before the first answer, and does not say what it has not seen', async () => {
    const { api, wait, clock } = setUp();
    api.list = (_type, options) =>
      clock.sleep(10_000, options?.signal).then(() => Promise.reject(new Error()));
    const result = wait({ timeoutMs: 1000 });
    await clock.advance(1000);
    expect(result.error?.message).toBe(
      'demo/web was not announced within 1 s; the API server has not answered yet',
    );
  });

  it('only looks when it has no time, however long the answer takes', async () => {
    const { api, client, clock } = setUp();
    api.seed(SERVICE_L2_STATUSES, statusObject());
    const list = api.list.bind(api);
    api.list = async (...args) => {
      await clock.sleep(500);
      return list(...args);
    };
    const looks = (options: WaitOptions) => client.waitUntilAnnounced(WEB, { timeoutMs: 0, ...options });
    const found = looks({});
    const missed = looks({ node: 'node-b' }).catch((error: unknown) => error);
    await clock.advance(500);
    expect(await found).toMatchObject({ node: 'node-a' });
    expect(await missed).toMatchObject({
      code: 'Timeout',
      message: expect.stringContaining('within 0 s; last seen: node-a announces it') as string,
    });
    expect(clock.sleepers).toBe(0);
  });

  it('is refused when no node could be meant', async () => {
    const { client } = setUp();
    await expect(client.waitUntilAnnounced(WEB, { node: 'node-a', not: 'node-a' })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: 'node and not: both are "node-a", so no node can be meant; keep one of them',
    });
  });

  it.each([
    ['Forbidden', 'Denied'],
    ['NotFound', 'NotInstalled'],
  ] as const)('does not wait at all when no waiting helps (%s)', async (code, expected) => {
    const { api, wait, clock } = setUp();
    api.fault = () => ({ refuse: new KubeError(code, 'no', { operation: 'list' }) });
    const result = wait();
    await settle();
    expect(result.error).toMatchObject({ code: expected, service: WEB });
    expect(clock.sleepers).toBe(0);
  });

  it('ends with the reason of its signal, and with Closed when the client is closed', async () => {
    const { client, wait, clock } = setUp();
    const abort = new AbortController();
    const [first, second] = [wait({ signal: abort.signal, timeoutMs: Infinity }), wait()];
    await settle();
    abort.abort(new Error('enough'));
    await settle();
    expect(first.error?.message).toBe('enough');
    client.close();
    await settle();
    expect(second.error).toMatchObject({ code: 'Closed' });
    expect(clock.sleepers).toBe(0);
    await expect(client.waitUntilAnnounced(WEB)).rejects.toMatchObject({ code: 'Closed' });
  });

  it.each([-1, Number.NaN])('refuses to wait for %p ms', async (timeoutMs) => {
    await expect(setUp().client.waitUntilAnnounced(WEB, { timeoutMs })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringMatching(/^timeoutMs: /) as string,
    });
  });
});
