/**
 * What a speaker needs to see on a bare lab's API server, where no controller runs: a node, its own pod, a pool,
 * and services that have their addresses.
 */
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
  type ObjectRef,
  type Pod,
  type ResourceType,
} from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS } from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS, DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import type { Lab } from './lab.ts';
import { SERVICE_ACCOUNTS } from './service-accounts.ts';

/** The first of the addresses of {@link createServices}; more follow one after the other. */
export const FIRST_ADDRESS = addressOf(0);

/** A pod that is a speaker's as far as the API server can tell. */
export interface SpeakerPod {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  /** The node's. */
  readonly ip: string;
}

const PARALLEL = 16;

/** Makes the node and the pod of the speaker on it. */
export async function createSpeakerPod(
  api: KubeApi,
  { name: node, ip }: Pick<Lab['nodes'][number], 'name' | 'ip'>,
  signal: AbortSignal,
): Promise<SpeakerPod> {
  const namespace = DEFAULT_NAMESPACE;
  const name = `speaker-${node}`;
  await create(api, NODES, { metadata: { name: node } }, signal);
  await create(api, NAMESPACES, { metadata: { name: namespace } }, signal);
  await create(api, SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace } }, signal);
  const pod = {
    metadata: { name, namespace, labels: { ...COMPONENT_LABELS.speaker } },
    spec: {
      nodeName: node,
      automountServiceAccountToken: false,
      containers: [{ name: 'speaker', image: 'none' }],
    },
  } as Pod;
  await create(api, PODS, pod, signal);
  const conditions = [{ type: 'Ready', status: 'True' }];
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions };
  const options = { type: 'merge', subresource: 'status', signal } as const;
  const { metadata } = await api.patch(PODS, { namespace, name }, { status }, options);
  return { name, uid: metadata.uid ?? '', node, ip };
}

/** Makes a pool and what announces it: on the given interfaces, or on all. */
export async function createPool(
  api: KubeApi,
  { name, addresses, interfaces }: { name: string; addresses: string[]; interfaces?: string[] },
  signal: AbortSignal,
): Promise<void> {
  const metadata = { name, namespace: DEFAULT_NAMESPACE };
  await create(api, IP_ADDRESS_POOLS, { metadata, spec: { addresses } }, signal);
  const spec = { ipAddressPools: [name], ...(interfaces && { interfaces }) };
  await create(api, L2_ADVERTISEMENTS, { metadata, spec }, signal);
}

/** Makes sure that there is a pool, and `count` services with an address of it and an endpoint each. */
export async function createServices(api: KubeApi, count: number, signal: AbortSignal): Promise<void> {
  await createPool(api, { name: 'main', addresses: ['10.20.0.0/16'] }, signal);
  const indexes = Array.from({ length: count }, (_, index) => index).values();
  // Each worker takes the next one off the same iterator.
  const work = async () => {
    for (const index of indexes) await createService(api, `service-${index}`, addressOf(index), signal);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}

export function addressOf(index: number): string {
  return `10.20.${index >> 8}.${index & 255}`;
}

/** Makes a service that has an IPv4 address and an endpoint, unless it is there. */
export async function createService(
  api: KubeApi,
  name: string,
  ip: string,
  signal: AbortSignal,
): Promise<ObjectRef> {
  const ref = { name, namespace: 'default' };
  const service = {
    metadata: ref,
    spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] },
  } as KubeObject;
  if (!(await create(api, SERVICES, service, signal))) return ref;
  const endpoints = {
    metadata: { ...ref, labels: { [SERVICE_NAME_LABEL]: ref.name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.0.1'], conditions: { ready: true } }],
    ports: [],
  } as KubeObject;
  await create(api, ENDPOINT_SLICES, endpoints, signal);
  const status = { loadBalancer: { ingress: [{ ip }] } };
  await api.patch(SERVICES, ref, { status }, { type: 'merge', subresource: 'status', signal });
  return ref;
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
