/** What keeps a service from getting an address on the side of the controller. */
import { type AllocationRefusal, type ControllerEventReason, isReadyPod, podsOf } from '../election/index.js';

import { enumerate } from '../text.js';
import type { ExplainFacts } from './facts.js';
import type { ExplainReason } from './reasons.js';
import { eventsOf } from './service-events.js';

export interface Obstacle {
  readonly reason: ExplainReason;
  /** Continues a sentence, as after a colon. */
  readonly message: string;
  readonly remedy: string;
}

/** That there is no controller which could give it an address. */
export function inTheController({ pods, namespace }: ExplainFacts): Obstacle | undefined {
  if (!pods.ok) return undefined;
  const controllers = podsOf('controller', pods.items);
  if (controllers.some(isReadyPod)) return undefined;
  if (controllers.length === 0) {
    return {
      reason: 'noController',
      message: `there is no controller pod in namespace ${namespace} to give it one.`,
      remedy: 'Install MetalLB; if it is there, in another namespace, name that one.',
    };
  }
  return {
    reason: 'controllerNotReady',
    message: `the controller (${enumerate(controllers.map(({ metadata }) => metadata.name ?? ''))}) is not ready.`,
    remedy: `See why: kubectl -n ${namespace} describe pod ${controllers[0]?.metadata.name ?? ''}`,
  };
}

/** Parts of upstream's messages, which ours repeat. The first that fits holds. */
const SAYINGS: readonly (readonly [RegExp, AllocationRefusal])[] = [
  [/unknown pool/, 'unknownPool'],
  [/no available IPs in pool/, 'poolExhausted'],
  [/no available IPs/, 'allPoolsExhausted'],
  [/not compatible with requested address pool/, 'otherPool'],
  [/not compatible for ip assignment/, 'poolNotAllowed'],
  [/is not allowed in config/, 'notInPool'],
  [/already in use on/, 'portInUse'],
  [/address also in use by/, 'addressInUse'],
  [/does not match the ipFamily/, 'familyMismatch'],
  [/not enough clusterips/, 'notDualStack'],
  [/Failed to retrieve ClusterIPs/, 'noClusterIP'],
  [
    /can not have both|has the same family|more than two addresses|invalid .*loadBalancerIP/i,
    'invalidRequest',
  ],
];

const FAILURES: readonly ControllerEventReason[] = [
  'AllocationFailed',
  'LoadBalancerFailed',
  'not enough clusterips',
  'noclusterIPsIPFamily',
  'statusNotWritten',
];

/** What the controller has said last about why it gives none. */
export function saidByTheController(facts: ExplainFacts): Obstacle | undefined {
  const [latest] = eventsOf(facts, 'metallb-controller', [...FAILURES, 'IPAllocated']);
  if (latest === undefined || latest.reason === 'IPAllocated') return undefined;
  const said = (latest.message ?? '').replace(/^Failed to allocate IP for "[^"]*": /, '');
  const message = `the controller says: ${said}.`;
  if (latest.reason === 'statusNotWritten') {
    const remedy = 'Let the controller write services: see its permissions and the admission webhooks.';
    return { reason: 'allocationFailed', message, remedy };
  }
  return {
    reason: SAYINGS.find(([pattern]) => pattern.test(said))?.[1] ?? 'allocationFailed',
    message,
    remedy: 'Change what the service asks for, or the pools.',
  };
}
