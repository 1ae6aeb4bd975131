/**
 * Names this project shares with upstream MetalLB on purpose, so that tools, queries and mixed clusters
 * keep working (upstream: internal/k8s/controllers/values.go, controller/service.go).
 */

/** Where MetalLB and its status objects live unless told otherwise. */
export const DEFAULT_NAMESPACE = 'metallb-system';

/** Labels on a `ServiceL2Status`. */
export const STATUS_LABELS = {
  node: 'metallb.io/node',
  serviceName: 'metallb.io/service-name',
  serviceNamespace: 'metallb.io/service-namespace',
} as const;

/** Labels on a `ConfigurationState`. */
export const CONFIGURATION_STATE_LABELS = {
  /** `controller` or `speaker`. */
  component: 'metallb.io/component-type',
} as const;

/** Labels on the pods; together they select the speakers or the controller. */
export const COMPONENT_LABELS = {
  speaker: { app: 'metallb', component: 'speaker' },
  controller: { app: 'metallb', component: 'controller' },
} as const;

/** Annotations on a `Service`. */
export const SERVICE_ANNOTATIONS = {
  addressPool: 'metallb.io/address-pool',
  loadBalancerIPs: 'metallb.io/loadBalancerIPs',
  allowSharedIp: 'metallb.io/allow-shared-ip',
  /** Written by the controller: the pool the address came from. */
  allocatedFromPool: 'metallb.io/ip-allocated-from-pool',
} as const;

/** A node with this label (any value) neither announces nor receives outside traffic. */
export const EXCLUDE_NODE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** The secret with the key of the speakers' gossip, and its only entry. */
export const MEMBERLIST_SECRET = 'memberlist';
export const MEMBERLIST_SECRET_ENTRY = 'secretkey';

/** The `Lease` that the leading controller holds, in its own namespace. */
export const CONTROLLER_LEASE = 'metallb-controller';
