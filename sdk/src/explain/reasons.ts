/**
 * The words in which a check speaks: those of the speakers and the controller where they know the reason,
 * and a few that only somebody who looks at all objects together can say. The list is closed.
 */
import type { AllocationRefusal, NodeRefusal, ServiceRefusal } from '../election/index.js';

export type ExplainReason =
  | 'ok'
  | 'forbidden' // the objects may not be read, so the check cannot be made
  | 'notInstalled' // the cluster does not know a kind of MetalLB's
  | 'serviceNotFound'
  | Exclude<ServiceRefusal, 'noIPAllocated'>
  // Why a service has no address.
  | AllocationRefusal
  | 'noPools'
  | 'noAutoAssignPool' // pools there are, but none that gives addresses to a service that does not ask for it
  | 'noPoolOfFamily' // no pool that may serve it has addresses of its IP family
  | 'noController'
  | 'controllerNotReady'
  | 'allocationFailed' // the controller says why in words not known here
  | 'noIPAllocated' // nothing stands in the way: the controller has not come to it yet
  // Why nobody announces it.
  | 'noAdvertisementForPool'
  | 'noEndpoints' // not even one that is not ready
  | Exclude<NodeRefusal, 'notOwner'>
  | 'noSpeakers'
  // What the status objects say beside what they should.
  | 'statusMissing'
  | 'statusEmpty' // created, but not filled in yet
  | 'statusImmutable' // of another node, and the CRD does not let it be changed
  | 'statusOfOtherNode'
  | 'statusOfMissingNode'
  | 'statusOfDeadSpeaker'
  | 'nodeSilent' // of a node of which nothing was heard for a while, though Kubernetes counts it as alive
  | 'statusLeftOver' // nobody should announce the service, but a status says somebody does
  | 'conflictingStatuses' // two nodes say that they announce it
  | 'duplicateStatuses'; // one node says so twice
