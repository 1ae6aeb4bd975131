import { NODES, systemClock } from '@metallb-l2/sdk/kube';
import { type KubeConnection, connect } from '@metallb-l2/sdk/kube/connect';
import { electOwner } from '@metallb-l2/sdk/election';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { FaultyProxy } from '../../support/faulty-proxy.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { StatusObserver } from '../../support/status-observer.ts';
import { START_TIMEOUT_MS, startTestCluster, type TestCluster } from '../sdk/control-plane.ts';
import { type RunningSpeaker, SpeakerRig } from './speaker-rig.ts';

const LIMIT_MS = 240_000;
const SEED = 20;
const RAGE_MS = 60_000;
const NODE_NAMES = ['iris1', 'iris2', 'iris3'];
const services = Object.fromEntries(
  Array.from({ length: 50 }, (_, i) => [`web-${i}`, `10.20.0.${i}`] as const),
);

let cluster: TestCluster;
let rig: SpeakerRig;
let proxy: FaultyProxy;
let connection: KubeConnection;
let observer: StatusObserver;

beforeAll(async () => {
  cluster = await startTestCluster();
  for (const name of NODE_NAMES) await cluster.api.create(NODES, { metadata: { name } });
  rig = await SpeakerRig.create(cluster);
  await rig.createServices(services);
  proxy = await FaultyProxy.start(cluster.kubeconfig, seededRandom(SEED));
  connection = connect({ kubeconfig: proxy.kubeconfig });
  observer = new StatusObserver(cluster.api, rig.namespace);
  await observer.ready();
}, START_TIMEOUT_MS);
afterAll(async () => {
  await rig.stop();
  await observer.stop();
  connection.close();
  await proxy.stop();
  await cluster.stop();
}, LIMIT_MS);

function isPublished(): boolean {
  const published = observer.published();
  return Object.entries(services).every(([name, ip]) => published[name] === electOwner(NODE_NAMES, ip));
}

it(
  'survives a minute of refusals, silence and resets: in the end every status is true',
  async () => {
    const speakers: RunningSpeaker[] = [];
    for (const name of NODE_NAMES) speakers.push(await rig.start(name, { api: connection }));
    await observer.until('all is published', isPublished);

    proxy.rage();
    for (const { api } of speakers) api.calls = [];
    const end = Date.now() + RAGE_MS;
    // One node after the other is out of the election for a while, so that services move all the time.
    for (let round = 0; Date.now() < end; round++) {
      const { pod } = speakers[round % speakers.length] as RunningSpeaker;
      await rig.setReady(pod, false);
      await systemClock.sleep(4000);
      await rig.setReady(pod, true);
      await systemClock.sleep(2000);
    }
    const calls = speakers.flatMap(({ api }) => api.callsOf(SERVICE_L2_STATUSES.plural));
    proxy.calm();
    await observer.until('every status is true again', isPublished);
    expect(proxy.played.size).toBe(10);
    expect(Object.values(observer.published()).filter((node) => node.includes(' and '))).toEqual([]);
    expect(calls.length / Object.keys(services).length).toBeLessThan(40);
    // A rejection that nobody handles would fail the test by itself; nor may a speaker have given up.
    for (const { hasEnded } of speakers) expect(hasEnded).toBe(false);
    for (const { log } of speakers) expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  },
  LIMIT_MS,
);
