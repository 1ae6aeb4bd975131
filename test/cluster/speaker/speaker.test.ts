import { electOwner } from '@metallb-l2/sdk/election';
import { EVENTS, NODES, SERVICES } from '@metallb-l2/sdk/kube';
import { until } from '../../support/until.ts';
import { establish, START_TIMEOUT_MS, startTestCluster, type TestCluster } from '../sdk/control-plane.ts';
import { ourCrd, type RunningSpeaker, SpeakerRig, stockCrd } from './speaker-rig.ts';

/** Longest time for one test on a busy machine. */
const LIMIT_MS = 120_000;

const NODE_NAMES = ['iris1', 'iris2'];
const SERVICE_IPS: Record<string, string> = { web: '10.20.30.1', db: '10.20.30.2', mail: '10.20.30.3' };

let cluster: TestCluster;
let rig: SpeakerRig;

beforeAll(async () => {
  cluster = await startTestCluster();
  for (const name of NODE_NAMES) await cluster.api.create(NODES, { metadata: { name } });
}, START_TIMEOUT_MS);
afterAll(() => cluster.stop());

beforeEach(async () => {
  rig = await SpeakerRig.create(cluster);
  await rig.createServices(SERVICE_IPS);
});
afterEach(async () => {
  await rig.stop();
  // Speakers look at the services of every namespace.
  for (const name of Object.keys(SERVICE_IPS)) {
    await cluster.api.delete(SERVICES, { namespace: rig.namespace, name }).catch(() => undefined);
  }
});

/** Starts the speaker of each node. */
async function startSpeakers(): Promise<Record<'iris1' | 'iris2', RunningSpeaker>> {
  return { iris1: await rig.start('iris1'), iris2: await rig.start('iris2') };
}

/** What is published, by service; a service with two objects shows both. */
async function published(): Promise<Record<string, string>> {
  const owners: Record<string, string> = {};
  for (const { status } of await rig.statuses()) {
    const name = status?.serviceName ?? 'nothing yet';
    owners[name] = [owners[name], status?.node].filter((part) => part !== undefined).join(' and ');
  }
  return owners;
}

const elected = (nodes: string[]) =>
  Object.fromEntries(Object.entries(SERVICE_IPS).map(([name, ip]) => [name, electOwner(nodes, ip) ?? '']));

const says = (nodes: string[]) => async () => {
  const owners = await published();
  return (
    JSON.stringify(Object.entries(owners).sort()) === JSON.stringify(Object.entries(elected(nodes)).sort())
  );
};

describe('speakers over a real API server', () => {
  it(
    'publish each service once, owned by their pods, and move the objects in place',
    async () => {
      const speakers = await startSpeakers();
      await until('each service is published by its elected node', says(NODE_NAMES));
      const before = await rig.statuses();
      for (const { metadata, status } of before) {
        expect(metadata.name).toMatch(/^iris[12]-/);
        expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([
          speakers[status?.node as 'iris1' | 'iris2'].pod.metadata.uid,
        ]);
        expect(status).toMatchObject({
          interfaces: [{ name: 'lan0' }],
          addresses: [SERVICE_IPS[status?.serviceName ?? '']],
        });
      }

      await rig.setReady(speakers.iris2.pod, false);
      await until('iris1 has everything', says(['iris1']));
      const after = await rig.statuses();
      expect(after.map(({ metadata }) => metadata.uid).sort()).toEqual(
        before.map(({ metadata }) => metadata.uid).sort(),
      );
      expect(
        new Set(after.flatMap(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid))),
      ).toEqual(new Set([speakers.iris1.pod.metadata.uid]));

      await cluster.api.delete(SERVICES, { namespace: rig.namespace, name: 'web' });
      await until(
        'the status of the deleted service is gone',
        async () => (await rig.statuses()).length === 2,
      );
    },
    LIMIT_MS,
  );

  it(
    'say with an event which node announces a service',
    async () => {
      await rig.start('iris1');
      await until('an event for each service', async () => {
        const { items } = await cluster.api.list(EVENTS, { namespace: rig.namespace });
        return items.filter(({ reason }) => reason === 'nodeAssigned').length === 3;
      });
      const { items } = await cluster.api.list(EVENTS, { namespace: rig.namespace });
      expect(items[0]).toMatchObject({
        message: 'announcing from node "iris1" with protocol "layer2"',
        reportingComponent: 'metallb-speaker',
        involvedObject: { kind: 'Service', namespace: rig.namespace },
      });
    },
    LIMIT_MS,
  );

  it(
    'move the status past the stock CRD, where status.node is immutable',
    async () => {
      await establish(cluster.api, stockCrd());
      try {
        const speakers = await startSpeakers();
        await until('each service is published by its elected node', says(NODE_NAMES));
        await rig.setReady(speakers.iris2.pod, false);
        await until('iris1 has everything', says(['iris1']));
        expect(speakers.iris1.meter.value('metallb_status_immutable_node')).toBeGreaterThan(0);
        expect((await rig.statuses())[0]?.status).not.toHaveProperty('addresses');
      } finally {
        await establish(cluster.api, ourCrd());
      }
    },
    LIMIT_MS,
  );
});
