import { HealthBoard } from '../../../../speaker/src/http/health.js';
import { type HttpServer, startHttpServer } from '../../../../speaker/src/http/server.js';
import { PrometheusMeter } from '../../../../speaker/src/metrics.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';

describe('the HTTP server', () => {
  const clock = new FakeClock();
  let health: HealthBoard;
  let meter: PrometheusMeter;
  let server: HttpServer;
  beforeEach(async () => {
    health = new HealthBoard(clock);
    meter = new PrometheusMeter();
    server = await startHttpServer({ health, metrics: meter, log: new RecordedLog() }, 0);
  });
  afterEach(() => server.close());

  async function ask(path: string, method = 'GET'): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return `${response.status} ${(await response.text()).trim()}`;
  }

  it('is ready when every part that spoke up is, and names those that are not', async () => {
    expect(await ask('/readyz')).toBe('200 ok');
    health.notReady('interfaces', 'no network interface answers ARP');
    health.notReady('cluster', 'not read yet');
    expect(await ask('/readyz')).toBe(
      '503 interfaces: no network interface answers ARP\ncluster: not read yet',
    );
    health.ready('interfaces');
    health.ready('cluster');
    expect(await ask('/readyz')).toBe('200 ok');
  });

  it('is not ready any more while it shuts down, but alive', async () => {
    health.stopping();
    expect(await ask('/readyz')).toBe('503 shutting down');
    expect(await ask('/healthz')).toBe('200 ok');
  });

  it('is alive however long a loop waits, and not when one step of a loop never ends', async () => {
    health.busy('addresses');
    health.idle('addresses');
    await clock.advance(3_600_000);
    expect(await ask('/healthz')).toBe('200 ok');
    health.busy('addresses');
    await clock.advance(119_000);
    health.busy('addresses');
    await clock.advance(119_000);
    expect(await ask('/healthz')).toBe('200 ok');
    await clock.advance(2_000);
    expect(await ask('/healthz')).toBe('503 addresses: stuck for 121 s');
    expect(await ask('/readyz')).toBe('200 ok');
  });

  it('is as alive when the time of day is changed while a loop works', async () => {
    health.busy('addresses');
    clock.setBack(-3_600_000);
    expect(await ask('/healthz')).toBe('200 ok');
    clock.setBack(7_200_000);
    await clock.advance(121_000);
    expect(await ask('/healthz')).toBe('503 addresses: stuck for 121 s');
  });

  it('shows metrics in the text format, without the series that were removed', async () => {
    const gauge = meter.gauge('metallb_allocator_addresses_total', 'Addresses', ['pool']);
    gauge.set({ pool: 'a' }, 256);
    gauge.set({ pool: 'b' }, 1);
    gauge.remove({ pool: 'b' });
    meter.counter('metallb_k8s_client_updates_total', 'Writes', []).inc({}, 3);
    meter.counter('metallb_k8s_client_updates_total', 'Writes', []).inc({});
    expect((await ask('/metrics')).split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      expect.stringContaining('200 '),
      'metallb_allocator_addresses_total{pool="a"} 256',
      '',
      'metallb_k8s_client_updates_total 4',
    ]);
  });

  it('answers nothing else', async () => {
    expect(await ask('/')).toMatch(/^404 /);
    expect(await ask('/metrics', 'POST')).toMatch(/^405 /);
    expect(await ask('/readyz?verbose', 'HEAD')).toBe('200 ');
  });

  it('says when its port is taken', async () => {
    const deps = { health, metrics: meter, log: new RecordedLog() };
    await expect(startHttpServer(deps, server.port)).rejects.toThrow('EADDRINUSE');
  });
});
