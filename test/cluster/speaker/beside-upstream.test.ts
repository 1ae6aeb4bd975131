/**
 * Our controller and upstream's v0.16.1 over one API server. They do not even agree on how full the pool is,
 * since each counts the services of its own class: neither may answer the other's writes without end.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NAMESPACES, SERVICES, systemRandom } from '@metallb-l2/sdk/kube';
import { CONFIGURATION_STATES, IP_ADDRESS_POOLS } from '@metallb-l2/sdk/models';
import { runController } from '../../../speaker/src/controller/controller.js';
import { HealthBoard } from '../../../speaker/src/http/health.js';
import { PrometheusMeter } from '../../../speaker/src/metrics.js';
import { findFreePort } from '../../lab/control-plane.ts';
import { ServerProcess } from '../../lab/processes.ts';
import { upstreamDefinitions } from '../../lab/upstream/definitions.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MeasuredKubeApi } from '../../support/measured-kube-api.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { until } from '../../support/until.ts';
import { resolveTool } from '../../toolchain/resolve.ts';
import { establish, START_TIMEOUT_MS, startTestCluster, type TestCluster } from '../sdk/control-plane.ts';
import { createPod } from './controller-pod.ts';

const NAMESPACE = 'metallb-system';
const HOUR_MS = 3_600_000;
const task = { log: () => undefined, signal: new AbortController().signal };

let cluster: TestCluster;
let upstream: ServerProcess;
let folder: string;
let pod: { name: string; uid: string };

beforeAll(async () => {
  const [started, program] = await Promise.all([startTestCluster(), resolveTool('metallb-controller', task)]);
  cluster = started;
  for (const definition of upstreamDefinitions()) await establish(cluster.api, definition);
  await cluster.api.create(NAMESPACES, { metadata: { name: NAMESPACE } });
  pod = await createPod(cluster.api, { namespace: NAMESPACE, name: 'controller' });
  folder = await mkdtemp(join(tmpdir(), 'beside-upstream-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig);
  const [port, metricsPort] = [await findFreePort(), await findFreePort()];
  const variables = { KUBECONFIG: kubeconfig, METALLB_NAMESPACE: NAMESPACE, METALLB_POD_NAME: pod.name };
  upstream = ServerProcess.start({
    name: 'upstream: controller',
    argv: [
      'env',
      ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      program,
      ...['--webhook-mode=disabled', '--lb-class=example.com/upstream'],
      ...[`--port=${String(metricsPort)}`, `--health-probe-port=${String(port)}`],
    ],
    logFile: join(folder, 'upstream.log'),
    diesWithParent: true,
  });
  await upstream.ready(task, {
    probe: async () => (await fetch(`http://127.0.0.1:${String(port)}/readyz`)).ok,
  });
}, START_TIMEOUT_MS);

afterAll(async () => {
  await upstream.kill();
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});

it('comes to rest beside it, and leaves one ConfigurationState', async () => {
  const clock = new FakeClock();
  const api = new MeasuredKubeApi(cluster.api);
  const stop = new AbortController();
  const deps = {
    api,
    clock,
    random: systemRandom,
    randomBytes,
    log: new RecordedLog(),
    meter: new PrometheusMeter(),
    health: new HealthBoard(clock),
  };
  const settings = {
    namespace: NAMESPACE,
    logLevel: 'info',
    httpPort: 7472,
    pod,
    // The clock runs ahead of the API server's answers: a lease of some seconds would be lost on the way.
    lease: { leaseDurationMs: HOUR_MS, renewDeadlineMs: HOUR_MS - 1, retryPeriodMs: 60_000 },
  } as const;
  const running = runController(deps, settings, stop.signal);
  try {
    const metadata = { name: 'production', namespace: NAMESPACE };
    await cluster.api.create(IP_ADDRESS_POOLS, { metadata, spec: { addresses: ['10.30.0.0/28'] } });
    await cluster.api.create(SERVICES, {
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    });
    const assigned = async () => (await cluster.api.get(IP_ADDRESS_POOLS, metadata)).status?.assignedIPv4;
    const ours = () => api.writesOf('ipaddresspools').length;
    await until('ours has written', async () => {
      await clock.advance(1000);
      return ours() > 0;
    });
    // Ten minutes, in which upstream's has put its own count back before ours looks again.
    for (let round = 0; round < 120; round += 1) {
      await until('upstream has answered', async () => (await assigned()) === 0);
      await clock.advance(5000);
    }
    expect(ours()).toBeGreaterThan(3);
    expect(ours()).toBeLessThan(12);
    expect(api.writesOf('configurationstates').length).toBeLessThan(8);

    const { items } = await cluster.api.list(CONFIGURATION_STATES, { namespace: NAMESPACE });
    expect(items).toMatchObject([{ metadata: { name: 'controller' }, status: { result: 'Valid' } }]);
  } finally {
    stop.abort();
    await running;
  }
}, 120_000);
