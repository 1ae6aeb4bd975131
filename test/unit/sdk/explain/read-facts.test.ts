import { ServiceL2StatusClient } from '@metallb-l2/sdk';
import {
  ENDPOINT_SLICES,
  EVENTS,
  KubeError,
  type KubeObject,
  LEASES,
  NODES,
  PODS,
  type ResourceType,
  SERVICES,
} from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS, SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import type { ExplainFacts } from '../../../../sdk/src/explain/facts.js';
import type { Reading } from '../../../../sdk/src/kube/reading.js';
import { service, slice } from '../../speaker/fixtures.ts';
import { healthy, read, status, waiting, web } from './facts.ts';

const WEB = { namespace: 'default', name: 'web' };

const KINDS: [Exclude<keyof ExplainFacts, 'ref' | 'namespace'>, ResourceType][] = [
  ['service', SERVICES],
  ['otherServices', SERVICES],
  ['endpointSlices', ENDPOINT_SLICES],
  ['events', EVENTS],
  ['nodes', NODES],
  ['nodeLeases', LEASES],
  ['pools', IP_ADDRESS_POOLS],
  ['advertisements', L2_ADVERTISEMENTS],
  ['pods', PODS],
  ['statuses', SERVICE_L2_STATUSES],
];

function setUp(broken: Partial<ExplainFacts> = {}) {
  const api = new InMemoryKubeApi();
  const facts = healthy(broken);
  for (const [kind, type] of KINDS) {
    const reading: Reading<KubeObject> = facts[kind];
    for (const item of reading.ok ? reading.items : []) api.seed(type, item);
  }
  return { api, client: new ServiceL2StatusClient({ api }) };
}

/** Answers 403 to whoever touches `type`. */
function forbid(api: InMemoryKubeApi, type: ResourceType): void {
  const operation = `list ${type.plural}`;
  api.fault = (call) =>
    call.type.plural === type.plural
      ? { refuse: new KubeError('Forbidden', 'no', { status: 403, operation }) }
      : undefined;
}

it('explains a service of the cluster', async () => {
  const { client } = setUp();
  const { announced, node, checks } = await client.explain(WEB);
  expect({ announced, node }).toEqual({ announced: true, node: 'a' });
  expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
});

it('changes nothing in the cluster', async () => {
  const { api, client } = setUp();
  await client.explain(WEB);
  expect(api.writes).toEqual([]);
});

it('looks at other services only when this one has no address or may share it', async () => {
  const { api, client } = setUp();
  await client.explain(WEB);
  expect(api.calls.filter(({ verb, type }) => verb === 'list' && type === SERVICES)).toEqual([]);

  const full = setUp({ ...waiting({ 'metallb.io/loadBalancerIPs': '10.0.0.9' }) });
  full.api.seed(SERVICES, service('shop', ['10.0.0.9']));
  const { checks } = await full.client.explain(WEB);
  expect(checks.find(({ ok }) => ok === false)?.reason).toBe('addressInUse');
});

it('looks at the endpoints of services it shares its address with', async () => {
  const { api, client } = setUp();
  const annotations = { 'metallb.io/allow-shared-ip': 'key' };
  const local = { externalTrafficPolicy: 'Local' } as const;
  const shared = { ...web(local, { annotations }) };
  api.seed(SERVICES, shared);
  for (const name of ['shop', 'blog']) {
    api.seed(SERVICES, service(name, ['10.0.0.1'], local));
    api.seed(ENDPOINT_SLICES, slice(name, ['c']));
  }
  const { checks } = await client.explain(WEB);
  expect(checks.find(({ ok }) => ok === false)?.reason).toBe('sharedAddressElsewhere');
});

it('looks at the objects of this service alone', async () => {
  const { api, client } = setUp({ endpointSlices: read(), statuses: read() });
  const other = status('b');
  const labels = { ...other.metadata.labels, 'metallb.io/service-name': 'shop' };
  api.seed(SERVICE_L2_STATUSES, { ...other, metadata: { ...other.metadata, labels } });
  const { checks, announced } = await client.explain(WEB);
  expect(announced).toBe(false);
  expect(checks.find(({ ok }) => ok === false)?.reason).toBe('noEndpoints');
});

describe.each([
  [SERVICES, 'service', 'get services in namespace default'],
  [ENDPOINT_SLICES, 'endpoints', 'list endpointslices.discovery.k8s.io in namespace default'],
  [NODES, 'nodes', 'list nodes'],
  [IP_ADDRESS_POOLS, 'pool', 'list ipaddresspools.metallb.io in namespace metallb-system'],
  [L2_ADVERTISEMENTS, 'advertisement', 'list l2advertisements.metallb.io in namespace metallb-system'],
  [PODS, 'speakers', 'list pods in namespace metallb-system'],
  [SERVICE_L2_STATUSES, 'status', 'list servicel2statuses.metallb.io in namespace metallb-system'],
] as const)('without the permission to read $plural', (type, check, permission) => {
  it('leaves the check open and names the permission', async () => {
    const { api, client } = setUp();
    forbid(api, type);
    const { checks } = await client.explain(WEB);
    expect(checks.find(({ ok }) => ok === 'unknown')).toMatchObject({
      check,
      reason: 'forbidden',
      message: `Not known: the permission to ${permission} is missing.`,
    });
    expect(checks.filter(({ ok }) => ok === false)).toEqual([]);
  });
});

it('names a kind of MetalLB that the cluster does not know', async () => {
  const { api, client } = setUp();
  const unknown = new KubeError('NotFound', 'page not found', { status: 404, operation: 'list' });
  api.fault = ({ type }) => (type.group === 'metallb.io' ? { refuse: unknown } : undefined);
  const { checks, announced } = await client.explain(WEB);
  expect(announced).toBe(false);
  expect(checks.find(({ ok }) => ok === false)?.reason).toBe('notInstalled');
});

it('rejects when the API server does not answer', async () => {
  const { api, client } = setUp();
  const away = new KubeError('Unavailable', 'connection refused', { operation: 'list nodes' });
  api.fault = ({ type }) => (type === NODES ? { refuse: away } : undefined);
  await expect(client.explain(WEB)).rejects.toMatchObject({ code: 'Unreachable' });
});
