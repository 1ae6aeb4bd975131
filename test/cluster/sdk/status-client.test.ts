import { type ServiceL2StatusEvent, ServiceL2StatusClient } from '@metallb-l2/sdk';
import { NODES, type Node } from '@metallb-l2/sdk/kube';
import {
  SERVICE_L2_STATUSES,
  type ServiceL2Status,
  type ServiceL2StatusStatus,
} from '@metallb-l2/sdk/models';
import { eventually } from '../../support/eventually.ts';
import { START_TIMEOUT_MS, type TestCluster, startTestCluster } from './control-plane.ts';

let cluster: TestCluster;
let namespace: string;

beforeAll(async () => {
  cluster = await startTestCluster();
  namespace = await cluster.createNamespace();
}, START_TIMEOUT_MS);

afterAll(() => cluster.stop());

const WEB = { namespace: 'demo', name: 'web' };

async function create(node: string, where = namespace): Promise<string> {
  const labels = {
    'metallb.io/node': node,
    'metallb.io/service-name': WEB.name,
    'metallb.io/service-namespace': WEB.namespace,
  };
  const object: ServiceL2Status = { metadata: { generateName: `${node}-`, namespace: where, labels } };
  return (await cluster.api.create(SERVICE_L2_STATUSES, object)).metadata.name ?? '';
}

const write = (name: string, status: ServiceL2StatusStatus, where = namespace) =>
  cluster.api.patch(
    SERVICE_L2_STATUSES,
    { namespace: where, name },
    { status },
    { type: 'merge', subresource: 'status' },
  );

const label = (name: string, node: string) =>
  cluster.api.patch(
    SERVICE_L2_STATUSES,
    { namespace, name },
    { metadata: { labels: { 'metallb.io/node': node } } },
    { type: 'merge' },
  );

it('answers who announces a service, and tells each move, over a real API server', async () => {
  const client = new ServiceL2StatusClient({ kubeconfig: cluster.kubeconfig, namespace, settleMs: 4000 });
  const events = client.watch({ service: WEB });
  const next = async (): Promise<ServiceL2StatusEvent | undefined> =>
    (await events.next()).value ?? undefined;

  expect(await client.get(WEB)).toBeUndefined();
  expect(await next()).toEqual({ type: 'synced', statuses: [], invalid: [] });

  const name = await create('node-a');
  expect(await next()).toMatchObject({ type: 'announced', status: { service: WEB, node: 'node-a' } });
  const status = { node: 'node-a', serviceName: WEB.name, serviceNamespace: WEB.namespace };
  await write(name, { ...status, interfaces: [{ name: 'eth0' }], addresses: ['192.0.2.1'] });
  expect(await next()).toMatchObject({ type: 'updated', status: { interfaces: ['eth0'] } });
  await label(name, 'node-b');
  expect(await next()).toMatchObject({ type: 'updated', status: { node: 'node-a', claimedBy: 'node-b' } });
  await write(name, { node: 'node-b', announcedSince: '2026-01-02T03:04:05Z' });
  expect(await next()).toMatchObject({ type: 'moved', from: 'node-a', to: 'node-b' });
  expect(await client.get(WEB)).toEqual({
    service: WEB,
    node: 'node-b',
    interfaces: ['eth0'],
    addresses: ['192.0.2.1'],
    since: new Date('2026-01-02T03:04:05Z'),
    object: { namespace, name },
  });

  // As upstream moves a service: the old object goes, a new one comes.
  await cluster.api.delete(SERVICE_L2_STATUSES, { namespace, name });
  const successor = await create('node-c');
  expect(await next()).toMatchObject({ type: 'moved', from: 'node-b', to: 'node-c' });
  await cluster.api.delete(SERVICE_L2_STATUSES, { namespace, name: successor });
  expect(await next()).toMatchObject({ type: 'withdrawn', status: { node: 'node-c' } });

  client.close();
  expect(await next()).toBeUndefined();
}, 60_000);

it('judges, waits and keeps an index, over a real API server', async () => {
  const place = await cluster.createNamespace();
  const client = new ServiceL2StatusClient({ kubeconfig: cluster.kubeconfig, namespace: place });
  const cache = client.cache();
  await cache.ready();
  expect(await client.whoAnnounces(WEB)).toMatchObject({ certainty: 'nobody', reason: 'NoStatus' });
  await expect(client.waitUntilAnnounced(WEB, { timeoutMs: 300 })).rejects.toMatchObject({
    code: 'Timeout',
    message: 'demo/web was not announced within 0.3 s; last seen: nobody announces it',
  });

  const waiting = client.waitUntilAnnounced(WEB, { not: 'node-y' });
  const name = await create('node-x', place);
  expect(await client.whoAnnounces(WEB)).toMatchObject({ certainty: 'stale', reason: 'NodeGone' });
  const { metadata } = await cluster.api.create<Node>(NODES, { metadata: { name: 'node-x' } });
  expect(await client.whoAnnounces(WEB)).toMatchObject({
    node: 'node-x',
    certainty: 'moving',
    reason: 'StatusNotWritten',
    unchecked: ['speaker'],
  });
  await write(name, { node: 'node-x', serviceName: WEB.name, serviceNamespace: WEB.namespace }, place);
  expect(await waiting).toMatchObject({ node: 'node-x', object: { namespace: place, name } });
  expect(await client.whoAnnounces(WEB)).toMatchObject({ certainty: 'settled', reason: 'Announced' });
  await eventually(async () => expect(cache.byNode('node-x')).toHaveLength(1));

  const ready = { type: 'Ready', status: 'Unknown' as const };
  const patch = { status: { conditions: [ready] } };
  await cluster.api.patch(NODES, { name: metadata.name ?? '' }, patch, {
    type: 'merge',
    subresource: 'status',
  });
  expect(await client.whoAnnounces(WEB)).toMatchObject({ certainty: 'stale', reason: 'NodeNotReady' });
  await cache.close();
  client.close();
}, 60_000);
