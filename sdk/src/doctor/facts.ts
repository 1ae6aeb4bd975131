/** What of a cluster tells how MetalLB's layer 2 is doing there. */
import { customResourceDefinitions } from '../crds/custom-resource-definitions.js';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  type Node,
  NODES,
  type Pod,
  PODS,
  type Service,
  SERVICES,
} from '../kube/core-types.js';
import type { KubeApi, KubeObject, ResourceType } from '../kube/kube-api.js';
import { type Reading, readAll, readByName, readOne } from '../kube/reading.js';
import {
  CONFIGURATION_STATES,
  type ConfigurationState,
  IP_ADDRESS_POOLS,
  type IPAddressPool,
  L2_ADVERTISEMENTS,
  type L2Advertisement,
  SERVICE_L2_STATUSES,
  type ServiceL2Status,
} from '../models/index.js';

export interface DoctorFacts {
  /** The namespace of MetalLB. */
  readonly namespace: string;
  /** Of the kinds of layer 2, those that are there. */
  readonly definitions: Reading<CustomResourceDefinition>;
  /** Of MetalLB's namespace. */
  readonly pods: Reading<Pod>;
  readonly nodes: Reading<Node>;
  /** Of all namespaces. */
  readonly services: Reading<Service>;
  /** Of all namespaces, or of MetalLB's when only those may be read. */
  readonly pools: Reading<IPAddressPool>;
  readonly advertisements: Reading<L2Advertisement>;
  readonly statuses: Reading<ServiceL2Status>;
  /** What the parts of MetalLB make of the configuration; of MetalLB's namespace. */
  readonly configurationStates: Reading<ConfigurationState>;
  /** What was tried and refused. */
  readonly refused: readonly string[];
}

/**
 * Reads the facts, each kind in pages; what one is not allowed to read is noted.
 *
 * @throws KubeError when the API server does not answer
 */
export async function readDoctorFacts(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<DoctorFacts> {
  const refused: string[] = [];
  const note = <T>(reading: Reading<T>): Reading<T> => {
    if (!reading.ok && reading.reason === 'forbidden') refused.push(reading.permission);
    return reading;
  };
  const everywhere = async <T extends KubeObject>(type: ResourceType<T>): Promise<Reading<T>> => {
    const all = note(await readAll(api, type, { signal }));
    return all.ok || all.reason === 'notServed' ? all : note(await readAll(api, type, { namespace, signal }));
  };
  const facts = await readByName({
    definitions: readDefinitions(api, signal).then(note),
    pods: readAll(api, PODS, { namespace, signal }).then(note),
    nodes: readAll(api, NODES, { signal }).then(note),
    services: readAll(api, SERVICES, { signal }).then(note),
    pools: everywhere(IP_ADDRESS_POOLS),
    advertisements: everywhere(L2_ADVERTISEMENTS),
    statuses: everywhere(SERVICE_L2_STATUSES),
    configurationStates: readAll(api, CONFIGURATION_STATES, { namespace, signal }).then(note),
  });
  return { namespace, ...facts, refused };
}

async function readDefinitions(
  api: KubeApi,
  signal: AbortSignal,
): Promise<Reading<CustomResourceDefinition>> {
  const items: CustomResourceDefinition[] = [];
  for (const { metadata } of customResourceDefinitions()) {
    const reading = await readOne(api, CUSTOM_RESOURCE_DEFINITIONS, { name: metadata.name ?? '' }, signal);
    if (!reading.ok) return reading;
    items.push(...reading.items);
  }
  return { ok: true, items };
}
