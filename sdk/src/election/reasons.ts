/**
 * Every reason a service has no address or is not announced, by this node or by any. The lists are closed:
 * logs, events, metrics and whoever explains a decision to a user speak these words and no others.
 * Upstream's word is kept where upstream has one.
 */

/** Reasons of the events a speaker records on a service. */
export type SpeakerEventReason =
  | 'nodeAssigned' // this node announces the service
  | 'nodeWithdrawn' // it did, and now no node does
  | 'announceFailed' // this node won the election, but none of its interfaces answers
  | 'addressConflict' // another station uses an address this node announces
  | 'announcementContested' // another node announces the service too
  | 'statusNotWritten' // announced, but the API server refuses its status
  | 'statusNodeImmutable' // the CRD forbids what a fail-over needs; each costs a write more
  | 'statusDuplicatesRemoved'; // the service had more than one status

/** Reasons of the events the controller records on a service, a pool or its lease. */
export type ControllerEventReason =
  | 'LeaderElection' // a controller has become the leader; client-go's reason
  | 'IPAllocated'
  | 'AdditionalAssignFailed' // it prefers two IP families and gets an address of one
  | 'ClearAssignment' // the address it has is not allowed any more
  | 'AllocationFailed'
  | 'LoadBalancerFailed' // it asks for addresses that cannot be read
  | 'not enough clusterips' // dual-stack is required, with one cluster address
  | 'noclusterIPsIPFamily'
  | 'nolbIPsIPFamily' // its status names addresses that no service can have together
  | 'deprecatedAnnotation' // it uses an annotation under its old name
  | 'statusNotWritten' // the API server refuses the status with the addresses
  | 'ConfigurationError' // a pool is refused
  | 'statusOrphaned'; // its status was removed: the speaker that wrote it is gone, and none has taken over

/** Why a service gets no address, or not the one it asks for. */
export type AllocationRefusal =
  | 'noClusterIP' // it has no usable cluster address, so its IP family is unknown
  | 'notDualStack' // `RequireDualStack` with one cluster address
  | 'invalidRequest' // the requested addresses cannot be read or contradict each other
  | 'familyMismatch' // the requested addresses are of another IP family than the service
  | 'notInPool' // no pool has the requested address
  | 'poolNotAllowed' // the pool is tied to other namespaces or services
  | 'otherPool' // the requested address is of another pool than the requested one
  | 'unknownPool' // the requested pool does not exist or is refused
  | 'addressInUse' // another service has the address and does not share it
  | 'portInUse' // the address is shared, but another service already uses the port on it
  | 'poolExhausted' // the requested pool has no free address of the family
  | 'allPoolsExhausted'; // no pool for automatic assignment has a free address of the family

/** What keeps a service from being announced by any node. */
export type ServiceRefusal =
  | 'notLoadBalancer'
  | 'otherLoadBalancerClass' // `spec.loadBalancerClass` hands it to another implementation
  | 'noIPAllocated'
  | 'invalidIP' // an ingress entry is not an IP address
  | 'ipNotAllowed' // no pool contains all of its addresses
  | 'noServingEndpoints'
  | 'noMatchingAdvertisement' // no L2Advertisement selects its pool and the service
  | 'sharedAddressElsewhere'; // the node elected for the address it shares may not announce this service

/** What keeps one node from announcing a service that others may announce. */
export type NodeRefusal =
  | 'notSelectedByAdvertisement' // no matching L2Advertisement selects the node
  | 'notMember' // no live speaker runs on the node
  | 'networkUnavailable' // condition NetworkUnavailable
  | 'excludedFromLoadBalancers' // label node.kubernetes.io/exclude-from-external-load-balancers
  | 'noLocalEndpoint' // externalTrafficPolicy Local, and no serving endpoint on the node
  | 'notOwner' // another node won the election
  | 'notAnswering'; // it won, but none of its interfaces can answer for the address

/** Why the controller removes a status that nobody looks after. */
export type OrphanReason =
  | 'serviceGone' // the service does not exist any more
  | 'speakerGone'; // no live speaker runs on its node, and none of another node has taken it over
