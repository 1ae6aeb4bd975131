/** Everything the API server can tell about one service and what its announcement depends on. */
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  ENDPOINT_SLICES,
  type EndpointSlice,
  type Event,
  EVENTS,
  type Lease,
  LEASES,
  type Namespace,
  NAMESPACES,
  type Node,
  NODES,
  type Pod,
  PODS,
  type Service,
  SERVICE_NAME_LABEL,
  SERVICES,
} from '../kube/core-types.js';
import type { KubeApi, ListOptions } from '../kube/kube-api.js';
import { type Reading, readAll, readByName, readOne } from '../kube/reading.js';
import {
  IP_ADDRESS_POOLS,
  type IPAddressPool,
  L2_ADVERTISEMENTS,
  type L2Advertisement,
  SERVICE_L2_STATUSES,
  type ServiceL2Status,
} from '../models/index.js';
import { definitionName } from '../crds/custom-resource-definitions.js';
import { type ServiceRef, statusSelectorOf } from '../status/announcement.js';
import { addressTexts, mayShare, servicesSharing } from './service-request.js';

export interface ExplainFacts {
  readonly ref: ServiceRef;
  /** The namespace of MetalLB. */
  readonly namespace: string;
  /** The service, or nothing when there is none of that name. */
  readonly service: Reading<Service>;
  /** The namespace of the service: pools may be for namespaces with certain labels. */
  readonly serviceNamespace: Reading<Namespace>;
  /** Services that may hold the addresses this one waits for or shares; read only when it does either. */
  readonly otherServices: Reading<Service>;
  /** Endpoints of those of them that share an address with this one. */
  readonly otherEndpointSlices: Reading<EndpointSlice>;
  readonly endpointSlices: Reading<EndpointSlice>;
  /** What was said about the service lately. */
  readonly events: Reading<Event>;
  readonly nodes: Reading<Node>;
  /** The Leases by which kubelets say that they are alive, by the names of their nodes. */
  readonly nodeLeases: Reading<Lease>;
  readonly pools: Reading<IPAddressPool>;
  readonly advertisements: Reading<L2Advertisement>;
  /** All pods of MetalLB's namespace. */
  readonly pods: Reading<Pod>;
  /** The status objects of the service. */
  readonly statuses: Reading<ServiceL2Status>;
  /** The definition of ServiceL2Status, or nothing when there is none. */
  readonly statusDefinition: Reading<CustomResourceDefinition>;
}

/** Kubernetes' own namespace for them. */
const NODE_LEASES_NAMESPACE = 'kube-node-lease';

const NOTHING = { ok: true, items: [] } as const;

/**
 * Reads the facts, each kind in pages. What one is not allowed to read is left out and said.
 *
 * @throws KubeError when the API server does not answer
 */
export async function readExplainFacts(
  api: KubeApi,
  { ref, namespace }: Pick<ExplainFacts, 'ref' | 'namespace'>,
  signal: AbortSignal,
): Promise<ExplainFacts> {
  const inNamespace: ListOptions = { namespace, signal };
  const facts = await readByName({
    service: readOne(api, SERVICES, ref, signal),
    serviceNamespace: readOne(api, NAMESPACES, { name: ref.namespace }, signal),
    endpointSlices: readEndpointSlices(api, ref, signal),
    events: readAll(api, EVENTS, {
      namespace: ref.namespace,
      fieldSelector: `involvedObject.kind=Service,involvedObject.name=${ref.name}`,
      signal,
    }),
    nodes: readAll(api, NODES, { signal }),
    nodeLeases: readAll(api, LEASES, { namespace: NODE_LEASES_NAMESPACE, signal }),
    pools: readAll(api, IP_ADDRESS_POOLS, inNamespace),
    advertisements: readAll(api, L2_ADVERTISEMENTS, inNamespace),
    pods: readAll(api, PODS, inNamespace),
    statuses: readAll(api, SERVICE_L2_STATUSES, { ...inNamespace, labelSelector: statusSelectorOf(ref) }),
    statusDefinition: readOne(
      api,
      CUSTOM_RESOURCE_DEFINITIONS,
      { name: definitionName(SERVICE_L2_STATUSES) },
      signal,
    ),
  });
  const [service] = facts.service.ok ? facts.service.items : [];
  return { ref, namespace, ...facts, ...(await readOthers(api, service, signal)) };
}

/** What of other services may bear on `service`. */
async function readOthers(
  api: KubeApi,
  service: Service | undefined,
  signal: AbortSignal,
): Promise<Pick<ExplainFacts, 'otherServices' | 'otherEndpointSlices'>> {
  const mayMatter = service !== undefined && (addressTexts(service).length === 0 || mayShare(service));
  const otherServices = mayMatter ? await readAll(api, SERVICES, { signal }) : NOTHING;
  const readings = servicesSharing(service, otherServices).map(
    ({ metadata: { namespace = '', name = '' } }) => readEndpointSlices(api, { namespace, name }, signal),
  );
  return { otherServices, otherEndpointSlices: joinReadings(await Promise.all(readings)) };
}

function readEndpointSlices(
  api: KubeApi,
  { namespace, name }: ServiceRef,
  signal: AbortSignal,
): Promise<Reading<EndpointSlice>> {
  return readAll(api, ENDPOINT_SLICES, {
    namespace,
    labelSelector: `${SERVICE_NAME_LABEL}=${name}`,
    signal,
  });
}

function joinReadings<T>(readings: readonly Reading<T>[]): Reading<T> {
  const items: T[] = [];
  for (const reading of readings) {
    if (!reading.ok) return reading;
    items.push(...reading.items);
  }
  return { ok: true, items };
}
