import { ServiceL2StatusClient, type WithdrawalOptions } from '@metallb-l2/sdk';
import { KubeError } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { WEB, statusObject } from './fixtures.ts';

const STATUS = { namespace: 'metallb-system', name: 'l2-x7k2p' };

function setUp() {
  const clock = new FakeClock();
  const api = new InMemoryKubeApi({ clock });
  const client = new ServiceL2StatusClient({ api }, { clock, random: () => 0 });
  /** Waits, and tells that it is over, or the error. */
  const wait = (options: WithdrawalOptions = {}) => {
    const result: { over?: true; error?: Error } = {};
    client.waitUntilWithdrawn(WEB, options).then(
      () => (result.over = true),
      (error: unknown) => (result.error = error as Error),
    );
    return result;
  };
  return { clock, api, client, wait };
}

describe('waiting until a service is announced no more', () => {
  it('ends at once when nobody announces it', async () => {
    const { client, clock } = setUp();
    await client.waitUntilWithdrawn(WEB);
    await client.waitUntilWithdrawn(WEB, { timeoutMs: 0 });
    expect(clock.sleepers).toBe(0);
  });

  it('ends when it is withdrawn, and not when it moves', async () => {
    const { api, wait, clock } = setUp();
    api.seed(SERVICE_L2_STATUSES, statusObject());
    const result = wait();
    await settle();
    await api.delete(SERVICE_L2_STATUSES, STATUS);
    await clock.advance(1000);
    api.seed(SERVICE_L2_STATUSES, statusObject({ node: 'node-b' }));
    await clock.advance(10_000);
    expect(result).toEqual({});
    await api.delete(SERVICE_L2_STATUSES, STATUS);
    await clock.advance(2000);
    expect(result).toEqual({ over: true });
    expect(clock.sleepers).toBe(0);
  });

  it('goes on while the API server is away, and is refused when it refuses', async () => {
    const { api, wait, clock } = setUp();
    const fails = (code: 'Unavailable' | 'Forbidden') => () => ({
      refuse: new KubeError(code, 'no', { operation: 'list' }),
    });
    api.fault = fails('Unavailable');
    const result = wait();
    await clock.advance(2000);
    api.fault = () => undefined;
    await clock.advance(10_000);
    expect(result).toEqual({ over: true });

    api.fault = fails('Forbidden');
    const refused = wait();
    await settle();
    expect(refused.error).toMatchObject({ code: 'Denied', service: WEB });
  });

  it('runs out of time, and says what it has seen', async () => {
    const { api, wait, clock } = setUp();
    api.seed(SERVICE_L2_STATUSES, statusObject());
    const [late, look] = [wait({ timeoutMs: 1500 }), wait({ timeoutMs: 0 })];
    await clock.advance(1500);
    const seen = 'last seen: node-a announces it since 1970-01-01T00:00:00.000Z';
    expect(late.error).toMatchObject({
      code: 'Timeout',
      service: WEB,
      message: `demo/web is still announced after 1.5 s; ${seen}`,
    });
    expect(look.error?.message).toBe(`demo/web is still announced after 0 s; ${seen}`);
    expect(clock.sleepers).toBe(0);
  });

  it('ends with the reason of its signal', async () => {
    const { api, wait, clock } = setUp();
    api.seed(SERVICE_L2_STATUSES, statusObject());
    const abort = new AbortController();
    const result = wait({ signal: abort.signal, timeoutMs: Infinity });
    await settle();
    abort.abort(new Error('enough'));
    await settle();
    expect(result.error?.message).toBe('enough');
    expect(clock.sleepers).toBe(0);
  });
});
