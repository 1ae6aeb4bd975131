/** What a speaker needs to see to announce many addresses: a node, its own pod, and services that have them. */
import {
  ENDPOINT_SLICES,
  isKubeError,
  NAMESPACES,
  NODES,
  PODS,
  SERVICE_NAME_LABEL,
  SERVICES,
  type KubeApi,
  type KubeObject,
  type Pod,
  type ResourceType,
} from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS } from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS, DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';

/** The first of the addresses; more follow one after the other. */
export const FIRST_ADDRESS = addressOf(0);

const POD = { name: 'speaker', namespace: DEFAULT_NAMESPACE };
const PARALLEL = 16;

const SERVICE_ACCOUNTS: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};

/** Makes the node and a pod that is the speaker's as far as the API server can tell; gives the pod's UID. */
export async function createSpeakerPod(api: KubeApi, node: string, signal: AbortSignal): Promise<string> {
  const namespace = DEFAULT_NAMESPACE;
  await create(api, NODES, { metadata: { name: node } }, signal);
  await create(api, NAMESPACES, { metadata: { name: namespace } }, signal);
  await create(api, SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace } }, signal);
  await create(api, PODS, podOn(node), signal);
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  const options = { type: 'merge', subresource: 'status', signal } as const;
  const { metadata } = await api.patch(PODS, POD, { status }, options);
  const pool = { metadata: { name: 'bench', namespace }, spec: { addresses: ['10.20.0.0/16'] } };
  await create(api, IP_ADDRESS_POOLS, pool, signal);
  await create(api, L2_ADVERTISEMENTS, { metadata: { name: 'bench', namespace }, spec: {} }, signal);
  return metadata.uid ?? '';
}

/** Makes sure that there are `count` services with an address and an endpoint each. */
export async function createServices(api: KubeApi, count: number, signal: AbortSignal): Promise<void> {
  const indexes = Array.from({ length: count }, (_, index) => index).values();
  // Each worker takes the next one off the same iterator.
  const work = async () => {
    for (const index of indexes) await createService(api, index, signal);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}

export function addressOf(index: number): string {
  return `10.20.${index >> 8}.${index & 255}`;
}

async function createService(api: KubeApi, index: number, signal: AbortSignal): Promise<void> {
  const ref = { name: `service-${index}`, namespace: 'default' };
  const service = {
    metadata: ref,
    spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] },
  } as KubeObject;
  if (!(await create(api, SERVICES, service, signal))) return;
  const endpoints = {
    metadata: { ...ref, labels: { [SERVICE_NAME_LABEL]: ref.name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.0.1'], conditions: { ready: true } }],
    ports: [],
  } as KubeObject;
  await create(api, ENDPOINT_SLICES, endpoints, signal);
  const status = { loadBalancer: { ingress: [{ ip: addressOf(index) }] } };
  await api.patch(SERVICES, ref, { status }, { type: 'merge', subresource: 'status', signal });
}

function podOn(nodeName: string): Pod {
  return {
    metadata: { ...POD, labels: { ...COMPONENT_LABELS.speaker } },
    spec: {
      nodeName,
      automountServiceAccountToken: false,
      containers: [{ name: 'speaker', image: 'none' }],
    },
  } as Pod;
}

/** Whether it was not there yet. */
async function create<T extends KubeObject>(
  api: KubeApi,
  type: ResourceType<T>,
  object: T,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await api.create(type, object, { signal });
    return true;
  } catch (error) {
    if (isKubeError(error, 'AlreadyExists')) return false;
    throw error;
  }
}
