/**
 * Set-ups that are broken in one way each, made for real on the quickstart's cluster, with what `explain`
 * should say. Most are a service that asks for something wrong; the others break the cluster around a
 * service that is announced.
 */
import type { ExplainReason } from '@metallb-l2/sdk';
import {
  type KubeApi,
  type KubeObject,
  NODES,
  type ObjectRef,
  type ResourceType,
  type Service,
  SERVICES,
} from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS, SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { DEFAULT_NAMESPACE, EXCLUDE_NODE_LABEL, SERVICE_ANNOTATIONS } from '@metallb-l2/sdk/settings';
import { WORKLOAD_NAMESPACE } from '../demo/workload.ts';
import { kubectl } from '../lab/kubectl.ts';
import type { Lab } from '../lab/lab.ts';

/** The names of the pool and the advertisement of `examples/quickstart`. */
const POOL = 'production';
const ADVERTISEMENT = 'default';
/** The service that is announced unless a set-up breaks it. */
export const VICTIM = 'web';

export interface Site {
  readonly api: KubeApi;
  readonly lab: Lab;
  /** An address the victim has. */
  readonly taken: string;
}

export interface BrokenSetUp {
  readonly name: string;
  /** The service to be explained. @default the victim */
  readonly service?: string;
  readonly make: (site: Site) => Promise<void>;
  /** The reasons of the checks that fail, all of them. */
  readonly expected: readonly ExplainReason[];
  readonly undo: (site: Site) => Promise<void>;
}

/** A service of its own, broken in itself. */
function service(
  name: string,
  fields: { annotations?: Record<string, string>; spec?: Partial<Service['spec']>; taken?: boolean },
  reason: ExplainReason,
): BrokenSetUp {
  return {
    name,
    service: 'broken',
    make: (site) => createService(site, 'broken', fields),
    expected: [reason],
    undo: ({ api }) => api.delete(SERVICES, { namespace: WORKLOAD_NAMESPACE, name: 'broken' }),
  };
}

async function createService(
  { api, taken }: Site,
  name: string,
  fields: { annotations?: Record<string, string>; spec?: Partial<Service['spec']>; taken?: boolean } = {},
): Promise<void> {
  const annotations = {
    ...fields.annotations,
    ...(fields.taken === true && { [SERVICE_ANNOTATIONS.loadBalancerIPs]: taken }),
  };
  const ports = [{ port: 80, targetPort: 8080 }];
  await api.create(SERVICES, {
    metadata: { name, namespace: WORKLOAD_NAMESPACE, annotations },
    spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports, ...fields.spec },
  });
}

/** An object of MetalLB's, patched and then patched back; with a service of its own when `fresh`. */
function patched(
  name: string,
  type: ResourceType,
  object: string,
  { broken, mended, fresh = false }: { broken: object; mended: object; fresh?: boolean },
  reason: ExplainReason,
): BrokenSetUp {
  const ref: ObjectRef = { namespace: DEFAULT_NAMESPACE, name: object };
  const patch = (api: KubeApi, spec: object) => api.patch(type, ref, { spec }, { type: 'merge' });
  return {
    name,
    ...(fresh && { service: 'broken' }),
    make: async (site) => {
      await patch(site.api, broken);
      if (fresh) await createService(site, 'broken');
    },
    expected: [reason],
    undo: async ({ api }) => {
      if (fresh) await api.delete(SERVICES, { namespace: WORKLOAD_NAMESPACE, name: 'broken' });
      await patch(api, mended);
    },
  };
}

/** All nodes, patched and then patched back. */
function nodes(
  name: string,
  { broken, mended, subresource }: { broken: object; mended: object; subresource?: 'status' },
  reason: ExplainReason,
): BrokenSetUp {
  const each = async ({ api, lab }: Site, patch: object) => {
    // Conditions are merged by their type only in the way `kubectl patch --subresource` does it.
    for (const node of lab.nodes) {
      if (subresource === undefined) await api.patch(NODES, { name: node.name }, patch, { type: 'merge' });
      else await patchNodeStatus(lab, node.name, patch);
    }
  };
  return { name, make: (site) => each(site, broken), expected: [reason], undo: (site) => each(site, mended) };
}

async function patchNodeStatus(lab: Lab, node: string, patch: object): Promise<void> {
  await kubectl(lab, ['patch', 'node', node, '--subresource=status', '-p', JSON.stringify(patch)]);
}

function networkUnavailable(status: 'True' | 'False') {
  return { status: { conditions: [{ type: 'NetworkUnavailable', status, reason: 'Test' }] } };
}

/** About what is installed. */
async function kubectlInstalled({ lab }: Site, ...args: string[]): Promise<void> {
  await kubectl(lab, ['-n', DEFAULT_NAMESPACE, ...args]);
}

const POOL_OBJECT: KubeObject & { spec: { addresses: string[] } } = {
  metadata: { name: 'tiny', namespace: DEFAULT_NAMESPACE },
  spec: { addresses: ['203.0.113.7/32'] },
};

const shared = {
  [SERVICE_ANNOTATIONS.allowSharedIp]: 'key',
  [SERVICE_ANNOTATIONS.loadBalancerIPs]: '203.0.113.7',
};
const ghost = {
  [`metallb.io/node`]: 'node9',
  [`metallb.io/service-name`]: 'broken',
  [`metallb.io/service-namespace`]: WORKLOAD_NAMESPACE,
};

export const BROKEN_SET_UPS: readonly BrokenSetUp[] = [
  {
    name: 'a service that is not there',
    service: 'broken',
    make: async () => undefined,
    expected: ['serviceNotFound'],
    undo: async () => undefined,
  },
  service('a service of another type', { spec: { type: 'ClusterIP' } }, 'notLoadBalancer'),
  service(
    'a service of another class',
    { spec: { loadBalancerClass: 'example.com/other' } },
    'otherLoadBalancerClass',
  ),
  service(
    'a pool that is not there',
    { annotations: { [SERVICE_ANNOTATIONS.addressPool]: 'nowhere' } },
    'unknownPool',
  ),
  service(
    'an address that is none',
    { annotations: { [SERVICE_ANNOTATIONS.loadBalancerIPs]: '10.0.0' } },
    'invalidRequest',
  ),
  service(
    'an address of no pool',
    { annotations: { [SERVICE_ANNOTATIONS.loadBalancerIPs]: '203.0.113.9' } },
    'notInPool',
  ),
  service(
    'an address of the other family',
    { annotations: { [SERVICE_ANNOTATIONS.loadBalancerIPs]: '2001:db8::1' } },
    'familyMismatch',
  ),
  service('an address another service has', { taken: true }, 'addressInUse'),
  service('a selector that matches no pod', { spec: { selector: { app: 'nobody' } } }, 'noEndpoints'),
  service('pods that are not ready', { spec: { selector: { app: 'never-ready' } } }, 'noServingEndpoints'),
  {
    name: 'a pool that is full',
    service: 'broken',
    make: async (site) => {
      const annotations = { [SERVICE_ANNOTATIONS.addressPool]: 'tiny' };
      await site.api.create(IP_ADDRESS_POOLS, POOL_OBJECT);
      await createService(site, 'first', { annotations });
      await untilServed(site, 'first');
      await createService(site, 'broken', { annotations });
    },
    expected: ['poolExhausted'],
    undo: removeServices('first', 'broken'),
  },
  {
    name: 'a port taken by a service that shares the address',
    service: 'broken',
    make: async (site) => {
      await site.api.create(IP_ADDRESS_POOLS, POOL_OBJECT);
      await createService(site, 'first', { annotations: shared });
      await untilServed(site, 'first');
      await createService(site, 'broken', { annotations: shared });
    },
    expected: ['portInUse'],
    undo: removeServices('first', 'broken'),
  },
  patched(
    'no pool for services that ask for none',
    IP_ADDRESS_POOLS,
    POOL,
    { broken: { autoAssign: false }, mended: { autoAssign: true }, fresh: true },
    'noAutoAssignPool',
  ),
  patched(
    'no advertisement for the pool',
    L2_ADVERTISEMENTS,
    ADVERTISEMENT,
    { broken: { ipAddressPools: ['other'] }, mended: { ipAddressPools: null } },
    'noAdvertisementForPool',
  ),
  patched(
    'an advertisement for other services',
    L2_ADVERTISEMENTS,
    ADVERTISEMENT,
    { broken: { serviceSelectors: [{ matchLabels: { tier: 'edge' } }] }, mended: { serviceSelectors: null } },
    'noMatchingAdvertisement',
  ),
  patched(
    'an advertisement for nodes that are not there',
    L2_ADVERTISEMENTS,
    ADVERTISEMENT,
    { broken: { nodeSelectors: [{ matchLabels: { zone: 'north' } }] }, mended: { nodeSelectors: null } },
    'notSelectedByAdvertisement',
  ),
  patched(
    'an advertisement on an interface no node has',
    L2_ADVERTISEMENTS,
    ADVERTISEMENT,
    { broken: { interfaces: ['eth9'] }, mended: { interfaces: null } },
    'notAnswering',
  ),
  nodes(
    'nodes that are all excluded',
    {
      broken: { metadata: { labels: { [EXCLUDE_NODE_LABEL]: '' } } },
      mended: { metadata: { labels: { [EXCLUDE_NODE_LABEL]: null } } },
    },
    'excludedFromLoadBalancers',
  ),
  nodes(
    'nodes without a network',
    { broken: networkUnavailable('True'), mended: networkUnavailable('False'), subresource: 'status' },
    'networkUnavailable',
  ),
  {
    name: 'traffic kept local to nodes that may not announce',
    service: 'broken',
    make: async (site) => {
      // `single` runs on the first node alone.
      await site.api.patch(
        NODES,
        { name: 'node1' },
        { metadata: { labels: { [EXCLUDE_NODE_LABEL]: '' } } },
        { type: 'merge' },
      );
      await createService(site, 'broken', {
        spec: { selector: { app: 'single' }, externalTrafficPolicy: 'Local' },
      });
    },
    expected: ['noLocalEndpoint'],
    undo: async (site) => {
      await removeServices('broken')(site);
      await site.api.patch(
        NODES,
        { name: 'node1' },
        { metadata: { labels: { [EXCLUDE_NODE_LABEL]: null } } },
        { type: 'merge' },
      );
    },
  },
  {
    name: 'a status of a node that is not there',
    service: 'broken',
    make: async (site) => {
      await createService(site, 'broken', { spec: { selector: { app: 'nobody' } } });
      await site.api.create(SERVICE_L2_STATUSES, {
        metadata: { name: 'node9-x7k2p', namespace: DEFAULT_NAMESPACE, labels: ghost },
      });
    },
    expected: ['noEndpoints', 'statusOfMissingNode'],
    undo: async (site) => {
      await removeServices('broken')(site);
      await kubectlInstalled(site, 'delete', 'servicel2status', 'node9-x7k2p', '--ignore-not-found');
    },
  },
  {
    name: 'no controller',
    service: 'broken',
    make: async (site) => {
      await kubectlInstalled(site, 'scale', 'deployment/controller', '--replicas=0');
      await kubectlInstalled(
        site,
        'wait',
        'pod',
        '-l',
        'component=controller',
        '--for=delete',
        '--timeout=60s',
      );
      await createService(site, 'broken');
    },
    expected: ['noController'],
    undo: async (site) => {
      await removeServices('broken')(site);
      await kubectlInstalled(site, 'scale', 'deployment/controller', '--replicas=2');
    },
  },
  {
    name: 'no speaker',
    make: async (site) => {
      await patchSpeakerNodes(site, 'none');
      await kubectlInstalled(site, 'wait', 'pod', '-l', 'component=speaker', '--for=delete', '--timeout=60s');
    },
    expected: ['noSpeakers'],
    undo: (site) => patchSpeakerNodes(site, null),
  },
];

async function untilServed({ lab }: Site, service: string): Promise<void> {
  const ingress = '--for=jsonpath={.status.loadBalancer.ingress}';
  await kubectl(lab, ['-n', WORKLOAD_NAMESPACE, 'wait', `service/${service}`, ingress, '--timeout=30s']);
}

/** Deletes services and the pool some of them have brought along. */
function removeServices(...names: string[]): BrokenSetUp['undo'] {
  return async (site) => {
    await kubectl(site.lab, ['-n', WORKLOAD_NAMESPACE, 'delete', 'service', '--ignore-not-found', ...names]);
    await kubectlInstalled(site, 'delete', 'ipaddresspool', 'tiny', '--ignore-not-found');
  };
}

async function patchSpeakerNodes(site: Site, label: string | null): Promise<void> {
  const spec = { template: { spec: { nodeSelector: { 'example.com/speaker': label } } } };
  await kubectlInstalled(site, 'patch', 'daemonset/speaker', '--type=merge', '-p', JSON.stringify({ spec }));
}
