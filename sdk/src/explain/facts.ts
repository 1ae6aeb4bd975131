/** Everything the API server can tell about one service and what its announcement depends on. */
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  ENDPOINT_SLICES,
  type EndpointSlice,
  type Event,
  EVENTS,
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
import { type Reading, readAll, readOne } from '../kube/reading.js';
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
  readonly pools: Reading<IPAddressPool>;
  readonly advertisements: Reading<L2Advertisement>;
  /** All pods of MetalLB's namespace. */
  readonly pods: Reading<Pod>;
  /** The status objects of the service. */
  readonly statuses: Reading<ServiceL2Status>;
  /** The definition of ServiceL2Status, or nothing when there is none. */
  readonly statusDefinition: Reading<CustomResourceDefinition>;
}

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
  const ofService: ListOptions = { namespace: ref.namespace, signal };
  const inNamespace: ListOptions = { namespace, signal };
  const [
    service,
    serviceNamespace,
    endpointSlices,
    events,
    nodes,
    pools,
    advertisements,
    pods,
    statuses,
    statusDefinition,
  ] = await Promise.all([
    readOne(api, SERVICES, ref, signal),
    readOne(api, NAMESPACES, { name: ref.namespace }, signal),
    readAll(api, ENDPOINT_SLICES, { ...ofService, labelSelector: `${SERVICE_NAME_LABEL}=${ref.name}` }),
    readAll(api, EVENTS, {
      ...ofService,
      fieldSelector: `involvedObject.kind=Service,involvedObject.name=${ref.name}`,
    }),
    readAll(api, NODES, { signal }),
    readAll(api, IP_ADDRESS_POOLS, inNamespace),
    readAll(api, L2_ADVERTISEMENTS, inNamespace),
    readAll(api, PODS, inNamespace),
    readAll(api, SERVICE_L2_STATUSES, { ...inNamespace, labelSelector: statusSelectorOf(ref) }),
    readOne(api, CUSTOM_RESOURCE_DEFINITIONS, { name: definitionName(SERVICE_L2_STATUSES) }, signal),
  ]);
  const [subject] = service.ok ? service.items : [];
  const otherServices =
    subject !== undefined && (addressTexts(subject).length === 0 || mayShare(subject))
      ? await readAll(api, SERVICES, { signal })
      : NOTHING;
  const sharers = servicesSharing(subject, otherServices);
  const otherEndpointSlices = joinReadings(
    await Promise.all(
      sharers.map(({ metadata: { namespace = '', name = '' } }) =>
        readAll(api, ENDPOINT_SLICES, {
          namespace,
          labelSelector: `${SERVICE_NAME_LABEL}=${name}`,
          signal,
        }),
      ),
    ),
  );
  return {
    ref,
    namespace,
    service,
    serviceNamespace,
    otherServices,
    otherEndpointSlices,
    endpointSlices,
    events,
    nodes,
    pools,
    advertisements,
    pods,
    statuses,
    statusDefinition,
  };
}

function joinReadings<T>(readings: readonly Reading<T>[]): Reading<T> {
  const items: T[] = [];
  for (const reading of readings) {
    if (!reading.ok) return reading;
    items.push(...reading.items);
  }
  return { ok: true, items };
}
