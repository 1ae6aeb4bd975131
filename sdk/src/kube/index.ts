export { backoff, backoffDelayMs, type BackoffOptions } from './backoff.js';
export { systemClock, systemRandom, type Clock, type Random } from './clock.js';
export {
  CONFIG_MAPS,
  DEPLOYMENTS,
  SECRETS,
  type Secret,
  CUSTOM_RESOURCE_DEFINITIONS,
  ENDPOINT_SLICES,
  EVENTS,
  LEASES,
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  SERVICE_NAME_LABEL,
  type Condition,
  type ConfigMap,
  type CustomResourceDefinition,
  type Endpoint,
  type EndpointSlice,
  type Event,
  type Lease,
  type LoadBalancerIngress,
  type Namespace,
  type Node,
  type Pod,
  type PrinterColumn,
  type Service,
  type ServicePort,
  type StructuralSchema,
} from './core-types.js';
export { KubeError, isKubeError, type KubeErrorCode, type KubeErrorDetails } from './errors.js';
export type {
  CallOptions,
  DeleteOptions,
  KubeApi,
  KubeList,
  KubeObject,
  ListOptions,
  ObjectMeta,
  ObjectRef,
  OwnerReference,
  PatchOptions,
  ResourceType,
  WatchLine,
  WatchOptions,
} from './kube-api.js';
export { Listeners } from './listeners.js';
export { listAll } from './list-all.js';
export { ResourceCache } from './resource-cache.js';
export { slim } from './slim.js';
export type { WatchUpdate } from './watch-machine.js';
export { watchResource, type WatchDeps, type WatchSelection } from './watch.js';
