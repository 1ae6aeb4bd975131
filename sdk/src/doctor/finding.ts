/** What `doctor` finds: closed codes, how bad it is, and what to do. */
import type { KubeObject, ResourceType } from '../kube/kube-api.js';

export type FindingCode =
  // The installation.
  | 'installed' // which MetalLB runs here
  | 'mixedVersions'
  | 'crdMissing'
  | 'crdNodeImmutable' // `status.node` cannot change, so a service cannot move in place
  | 'crdStale' // it lacks fields of ours, which are then dropped
  | 'speakersMissing'
  | 'speakerNotReady'
  | 'nodeWithoutSpeaker'
  | 'controllerMissing'
  | 'controllerNotReady'
  | 'missingPermission' // something could not be looked at
  // Status objects.
  | 'duplicateStatuses' // one node announces a service in several objects
  | 'splitAnnouncers' // two live nodes say that they announce one service
  | 'orphanedStatus' // its service is gone
  | 'statusOfMissingNode'
  | 'statusOfDeadSpeaker'
  | 'statusElsewhere' // in a namespace where nobody looks
  | 'statusUnreadable' // names no service, or no node
  | 'statusDisagrees' // label and status name different nodes
  // The configuration.
  | 'configurationNotInForce' // a part of MetalLB says so itself
  | 'poolWithoutAdvertisement'
  | 'poolExhausted' // every address of one of its IP versions is in use
  | 'overlappingPools'
  | 'invalidPool'
  | 'invalidAdvertisement'
  | 'unknownPool' // an advertisement names a pool that is not there
  | 'advertisementWithoutNode'
  | 'configurationElsewhere'; // pools or advertisements in a namespace where nobody looks

/** `error`: something does not work. `warning`: it may not, or not always. `info`: good to know. */
export type Severity = 'error' | 'warning' | 'info';

/** Names an object a finding is about. */
export interface FoundObject {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** In one sentence, with names and values. */
  readonly message: string;
  readonly objects: readonly FoundObject[];
  /** What to do about it; absent when there is nothing to do. */
  readonly remedy?: string;
}

export function foundObject({ kind }: ResourceType, { metadata }: KubeObject): FoundObject {
  const { namespace, name = '' } = metadata;
  return { kind, ...(namespace !== undefined && { namespace }), name };
}

const ORDER: readonly Severity[] = ['error', 'warning', 'info'];

/** The worst first; otherwise as they came. */
export function bySeverity(a: Finding, b: Finding): number {
  return ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity);
}
