import {
  isKubeError,
  type KubeObject,
  NODES,
  PODS,
  type ResourceType,
  systemClock,
  systemRandom,
} from '@metallb-l2/sdk/kube';
import { type KubeConnection, connect } from '@metallb-l2/sdk/kube/connect';
import { nodeLabelValue } from '@metallb-l2/sdk/election';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import { AuthenticationV1TokenRequest, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { MetalLBLayer2 } from '../../../component/src/index.js';
import { newStatusObject, type StatusOwner } from '../../../speaker/src/cluster/status-object.js';
import { StatusPublisher } from '../../../speaker/src/cluster/status-publisher.js';
import type { StatusTarget } from '../../../speaker/src/cluster/status-slot.js';
import { SERVICE_ACCOUNTS } from '../../lab/service-accounts.ts';
import { mockPulumi, settled } from '../../support/pulumi-mocks.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { RecordedMeter } from '../../support/recorded-meter.ts';
import { until } from '../../support/until.ts';
import { START_TIMEOUT_MS, startTestCluster, type TestCluster } from '../sdk/control-plane.ts';

const LIMIT_MS = 60_000;
const WEB = { namespace: 'default', name: 'web' };
const HERE: StatusTarget = { kind: 'announced', content: { interfaces: ['eth0'], addresses: ['10.0.0.1'] } };
const LONG_NAME = `iris-with-a-very-long-name.${'rack.'.repeat(8)}example.com`;

/** What of the installation decides about a speaker's writes, in the order in which it can be created. */
const KINDS: readonly ResourceType[] = [
  SERVICE_ACCOUNTS,
  kind('rbac.authorization.k8s.io', 'Role', 'roles'),
  kind('rbac.authorization.k8s.io', 'RoleBinding', 'rolebindings'),
  kind('admissionregistration.k8s.io', 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies', false),
  kind(
    'admissionregistration.k8s.io',
    'ValidatingAdmissionPolicyBinding',
    'validatingadmissionpolicybindings',
    false,
  ),
];

function kind(group: string, name: string, plural: string, namespaced = true): ResourceType {
  return { group, version: 'v1', plural, kind: name, namespaced };
}

/** A speaker's pod on a node, and the API server as that pod may use it. */
interface BoundSpeaker {
  readonly owner: StatusOwner;
  readonly api: KubeConnection;
}

let cluster: TestCluster;
let namespace: string;
let speakers: Record<'a' | 'b' | 'long', BoundSpeaker>;

beforeAll(async () => {
  cluster = await startTestCluster();
  namespace = await cluster.createNamespace();
  await install();
  speakers = { a: await bind('iris1'), b: await bind('iris2'), long: await bind(LONG_NAME) };
  await until('the policy is in force', async () => {
    const error = await speakers.a.api.create(SERVICE_L2_STATUSES, claim(speakers.b)).catch(asError);
    return isKubeError(error, 'Forbidden');
  });
  await clear();
}, START_TIMEOUT_MS);
afterAll(async () => {
  for (const { api } of Object.values(speakers)) api.close();
  await cluster.stop();
});
afterEach(clear);

/** Creates the component's account, rights and policy of the speaker, as the component registers them. */
async function install(): Promise<void> {
  const mocks = await mockPulumi();
  new MetalLBLayer2('metallb', { namespace, image: { reference: 'example.com/l2:1' }, pools: [] });
  await settled();
  for (const type of KINDS) {
    const registered = mocks.resources.filter(
      (resource) => resource.type.endsWith(`:${type.kind}`) && resource.name.startsWith('metallb-speaker'),
    );
    expect(registered).toHaveLength(1);
    await cluster.api.create(type, registered[0]?.inputs as unknown as KubeObject);
  }
}

async function bind(nodeName: string): Promise<BoundSpeaker> {
  await cluster.api.create(NODES, { metadata: { name: nodeName } });
  const { metadata } = await cluster.api.create(PODS, {
    metadata: { generateName: 'speaker-', namespace },
    spec: { nodeName, serviceAccountName: 'speaker', containers: [{ name: 'speaker', image: 'none' }] },
  });
  const pod = { name: metadata.name ?? '', uid: metadata.uid ?? '' };
  const api = await connectAsSpeaker(pod);
  return { owner: { nodeName, namespace, pod }, api };
}

/** The API server as the speaker's account sees it, by a token as the kubelet asks for one. */
async function connectAsSpeaker(pod?: StatusOwner['pod']): Promise<KubeConnection> {
  const config = new KubeConfig();
  config.loadFromString(cluster.kubeconfig);
  const body = Object.assign(new AuthenticationV1TokenRequest(), {
    spec: { audiences: [], ...(pod && { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', ...pod } }) },
  });
  const { status } = await config
    .makeApiClient(CoreV1Api)
    .createNamespacedServiceAccountToken({ namespace, name: 'speaker', body });
  const kubeconfig = JSON.parse(cluster.kubeconfig) as { users: unknown };
  kubeconfig.users = [{ name: 'lab', user: { token: status?.token } }];
  return connect({ kubeconfig: JSON.stringify(kubeconfig) });
}

function claim({ owner }: BoundSpeaker): ServiceL2Status {
  return newStatusObject(owner, WEB);
}

const writeStatus = (api: KubeConnection, { metadata }: ServiceL2Status, status: object) =>
  api.patch(
    SERVICE_L2_STATUSES,
    { namespace, name: metadata.name ?? '' },
    { status },
    {
      type: 'merge',
      subresource: 'status',
    },
  );

const relabel = (api: KubeConnection, { metadata }: ServiceL2Status, node: string) =>
  api.patch(
    SERVICE_L2_STATUSES,
    { namespace, name: metadata.name ?? '' },
    { metadata: { labels: { 'metallb.io/node': node } } },
    { type: 'merge' },
  );

async function objects(): Promise<ServiceL2Status[]> {
  return (await cluster.api.list(SERVICE_L2_STATUSES, { namespace })).items;
}

async function clear(): Promise<void> {
  for (const { metadata } of await objects()) {
    await cluster.api.delete(SERVICE_L2_STATUSES, { namespace, name: metadata.name ?? '' });
  }
}

const asError = (error: unknown) => error;
const refusal = async (call: Promise<unknown>) => String(await call.then(() => 'accepted', asError));

describe('a speaker, held to its node by the API server', () => {
  it('may not create a status labelled for another node', async () => {
    expect(await refusal(speakers.a.api.create(SERVICE_L2_STATUSES, claim(speakers.b)))).toContain(
      'the speaker of node "iris1" may not claim a service for node "iris2" (label metallb.io/node)',
    );
    expect(await objects()).toEqual([]);
  });

  it('may not relabel a status for another node, its own one included', async () => {
    const own = await speakers.a.api.create(SERVICE_L2_STATUSES, claim(speakers.a));
    expect(await refusal(relabel(speakers.a.api, own, 'iris2'))).toContain(
      'the speaker of node "iris1" may not claim a service for node "iris2"',
    );
  });

  it('may not write a status that names another node', async () => {
    const own = await speakers.a.api.create(SERVICE_L2_STATUSES, claim(speakers.a));
    expect(await refusal(writeStatus(speakers.a.api, own, { node: 'iris2' }))).toContain(
      'the speaker of node "iris1" may not claim a service for node "iris2" (status.node)',
    );
  });

  it('may not touch the status of an object it has not adopted', async () => {
    const other = await speakers.b.api.create(SERVICE_L2_STATUSES, claim(speakers.b));
    expect(await refusal(writeStatus(speakers.a.api, other, { node: null }))).toContain(
      'the speaker of node "iris1" may not claim a service for node "iris2"',
    );
  });

  it('announces, adopts, and unsets the node on the way to its own name', async () => {
    const object = await speakers.b.api.create(SERVICE_L2_STATUSES, claim(speakers.b));
    await writeStatus(speakers.b.api, object, { node: 'iris2' });
    await relabel(speakers.a.api, object, 'iris1');
    await writeStatus(speakers.a.api, object, { node: null });
    const moved = await writeStatus(speakers.a.api, object, { node: 'iris1' });
    expect(moved.status?.node).toBe('iris1');
  });

  it('is known by the start of its name where a label cannot hold the whole', async () => {
    const { api } = speakers.long;
    const object = await api.create(SERVICE_L2_STATUSES, claim(speakers.long));
    expect(object.metadata.labels?.['metallb.io/node']).toBe(nodeLabelValue(LONG_NAME));
    expect((await writeStatus(api, object, { node: LONG_NAME })).status?.node).toBe(LONG_NAME);
    expect(await refusal(writeStatus(api, object, { node: nodeLabelValue(LONG_NAME) }))).toContain('may not');
    expect(await refusal(relabel(api, object, 'iris1'))).toContain(
      'may not claim a service for node "iris1"',
    );
  });

  it('may not write without a token that names a node', async () => {
    const api = await connectAsSpeaker();
    expect(await refusal(api.create(SERVICE_L2_STATUSES, claim(speakers.a)))).toContain(
      'the token of this speaker names no node',
    );
    api.close();
  });

  it('is not what the policy holds anybody else to', async () => {
    await cluster.api.create(SERVICE_L2_STATUSES, claim(speakers.a));
    expect(await objects()).toHaveLength(1);
  });

  it(
    'publishes, hands over and withdraws with the rights of the component',
    async () => {
      const stop = new AbortController();
      const running = (['a', 'b'] as const).map((name) => {
        const { api, owner } = speakers[name];
        const meter = new RecordedMeter();
        const publisher = new StatusPublisher(
          {
            api,
            clock: systemClock,
            random: systemRandom,
            log: new RecordedLog(),
            meter,
            report: () => undefined,
          },
          owner,
        );
        const ended = publisher.run(stop.signal);
        const want = (target: StatusTarget) =>
          publisher.apply(new Map([['default/web', { service: WEB, target }]]));
        return { want, ended, meter };
      });
      const [a, b] = running as [(typeof running)[0], (typeof running)[0]];
      const isAt = (node: string) => async () => (await objects())[0]?.status?.node === node;
      a.want(HERE);
      b.want({ kind: 'elsewhere' });
      await until('it is published', isAt('iris1'));
      a.want({ kind: 'elsewhere' });
      b.want(HERE);
      await until('it has moved', isAt('iris2'));
      b.want({ kind: 'nowhere' });
      await until('it is withdrawn', async () => (await objects()).length === 0);
      for (const { meter } of running) expect(meter.total('metallb_status_write_errors')).toBe(0);
      stop.abort();
      await Promise.all(running.map(({ ended }) => ended));
    },
    LIMIT_MS,
  );
});
