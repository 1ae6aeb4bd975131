import { DEPLOYMENTS, KubeError, SECRETS } from '@metallb-l2/sdk/kube';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { ensureMemberlistSecret } from '../../../../speaker/src/controller/memberlist-secret.js';
import { HealthBoard } from '../../../../speaker/src/http/health.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';

const REF = { namespace: 'metallb-system', name: 'memberlist', deployment: 'controller' };

function setUp() {
  const clock = new FakeClock();
  const api = new InMemoryKubeApi({ clock });
  api.seed(DEPLOYMENTS, {
    metadata: { namespace: REF.namespace, name: REF.deployment, uid: 'deployment-uid' },
  });
  const health = new HealthBoard(clock);
  const stop = new AbortController();
  const deps = {
    api,
    clock,
    health,
    log: new RecordedLog(),
    random: () => 0,
    randomBytes: (length: number) => Uint8Array.from({ length }, (_, i) => i),
  };
  const run = () => ensureMemberlistSecret(deps, REF, stop.signal);
  return { api, clock, health, stop, run };
}

it("makes the secret in upstream's format, owned by the controller's Deployment", async () => {
  const { api, health, run } = setUp();
  await run();
  const secret = await api.get(SECRETS, REF);
  const text = Buffer.from(secret.data?.['secretkey'] ?? '', 'base64').toString();
  // 22 characters: base64 of 16 bytes, without padding.
  expect(text).toBe('AAECAwQFBgcICQoLDA0ODw');
  expect(Object.keys(secret.data ?? {})).toEqual(['secretkey']);
  expect(secret.metadata.ownerReferences).toEqual([
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'controller', uid: 'deployment-uid' },
  ]);
  expect(health.readiness()).toEqual([]);
});

it('leaves a secret that is there as it is', async () => {
  const { api, run } = setUp();
  const data = { secretkey: Buffer.from('theirs').toString('base64') };
  api.seed(SECRETS, { metadata: { namespace: REF.namespace, name: REF.name }, data });
  await run();
  expect((await api.get(SECRETS, REF)).data).toEqual(data);
  expect(api.writes).toEqual([]);
});

it('is content when another controller was faster', async () => {
  const { api, health, run } = setUp();
  const taken = new KubeError('AlreadyExists', 'secrets "memberlist" already exists', {
    operation: 'create',
  });
  api.fault = ({ verb }) => (verb === 'create' ? { refuse: taken } : undefined);
  await run();
  expect(health.readiness()).toEqual([]);
});

it('is not ready while the API server refuses, and tries again', async () => {
  const { api, clock, health, run } = setUp();
  const away = new KubeError('Unavailable', 'connection refused', { operation: 'get' });
  api.fault = () => ({ refuse: away });
  const running = run();
  await clock.advance(3000);
  expect(health.readiness().join()).toContain('connection refused');
  api.fault = () => undefined;
  await clock.advance(10_000);
  await running;
  expect(health.readiness()).toEqual([]);
  expect(clock.sleepers).toBe(0);
});

it('ends when it is told to', async () => {
  const { api, clock, stop, run } = setUp();
  api.fault = () => ({ refuse: new KubeError('Forbidden', 'no', { operation: 'get' }) });
  const running = run();
  await clock.advance(100);
  stop.abort();
  await running;
  expect(clock.sleepers).toBe(0);
});
