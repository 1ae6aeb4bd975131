/** What the status objects of a service say, beside what they should. */
import { isNodeImmutable } from '../crds/custom-resource-definitions.js';
import { isNodeMissing, isSpeakerDead, readSayings, type Saying } from '../status/saying.js';
import { enumerate } from '../text.js';
import { type Check, doubtful, failed, passed, unreadableCheck } from './check.js';
import type { ExplainFacts } from './facts.js';
import { readSignsOfLife, silenceOf } from './signs-of-life.js';

export interface StatusVerdict {
  readonly check: Check;
  /** Nodes that say they announce the service and can be believed: they are there, and so is their speaker. */
  readonly announcing: readonly string[];
}

/**
 * @param expected the node that should announce, if that can be said, and what keeps everybody from it
 */
export function checkStatuses(
  facts: ExplainFacts,
  expected: { elected?: string | undefined; failure?: Check | undefined },
): StatusVerdict {
  if (!facts.statuses.ok) return { check: unreadableCheck('status', facts.statuses), announcing: [] };
  const { sayings } = readSayings(facts.statuses.items);
  sayings.sort((a, b) => (ageKey(a) < ageKey(b) ? -1 : 1));
  const believed = sayings.filter((saying) => whyNotBelieved(facts, saying) === undefined);
  const announcing = [...new Set(believed.map(({ node }) => node))].sort();
  return { check: judge(facts, { sayings, believed, ...expected }), announcing };
}

function judge(
  facts: ExplainFacts,
  given: {
    sayings: readonly Saying[];
    believed: readonly Saying[];
    elected?: string | undefined;
    failure?: Check | undefined;
  },
): Check {
  const { sayings, believed, elected, failure } = given;
  const [saying] = believed.length > 0 ? believed : sayings;
  if (saying === undefined) return withoutStatus(facts, elected, failure);
  const name = saying.object.name;
  const doubt = whyNotBelieved(facts, saying);
  if (doubt !== undefined) return doubt;

  if (new Set(believed.map(({ node }) => node)).size > 1) {
    const claims = believed.map(({ node, object }) => `${node} in ${object.name}`);
    return failed(
      'status',
      'conflictingStatuses',
      `More than one node says that it announces the service: ${enumerate(claims)}.`,
      'See whether the speakers reach each other and the API server; the wrong status goes when they agree again.',
    );
  }
  if (believed.length > 1) {
    return failed(
      'status',
      'duplicateStatuses',
      `${saying.node} says so in more than one ServiceL2Status: ${enumerate(believed.map(({ object }) => object.name))}.`,
      `Delete all but the oldest: kubectl -n ${facts.namespace} delete servicel2status ${believed[1]?.object.name ?? ''}`,
    );
  }
  if (failure !== undefined) {
    return failed(
      'status',
      'statusLeftOver',
      `ServiceL2Status ${name} still says that ${saying.node} announces it.`,
      `It goes within seconds; if it stays, look at the speaker on ${saying.node}.`,
    );
  }
  if (saying.raw.status?.node === undefined) {
    return failed(
      'status',
      'statusEmpty',
      `ServiceL2Status ${name} carries the label of ${saying.node}, but its status is empty.`,
      `It is filled in within seconds; if not, look at the log of the speaker on ${saying.node}.`,
    );
  }
  const other = saying.claimedBy ?? elected ?? saying.node;
  if (other !== saying.node) return ofOtherNode(facts, saying, other);
  const where = saying.interfaces.length === 0 ? '' : ` on ${enumerate(saying.interfaces)}`;
  const says = `ServiceL2Status ${name} says that ${saying.node} announces it${where}`;
  const silence = silenceOf(saying.node, readSignsOfLife(facts.nodeLeases));
  if (silence === undefined) return passed('status', `${says}.`);
  return doubtful(
    'status',
    'nodeSilent',
    `${says}, but ${silence}.`,
    `See whether it is up: kubectl describe node ${saying.node}`,
  );
}

/** Orders the oldest first, then by name. */
function ageKey({ raw: { metadata } }: Saying): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`;
}

function withoutStatus(
  { namespace }: ExplainFacts,
  elected: string | undefined,
  failure: Check | undefined,
): Check {
  if (failure !== undefined) {
    return passed('status', 'No ServiceL2Status says that it is announced, which is right.');
  }
  const who = elected === undefined ? 'a node announces it' : `${elected} announces it`;
  return failed(
    'status',
    'statusMissing',
    `No ServiceL2Status in namespace ${namespace} says that ${who}.`,
    elected === undefined
      ? 'See whether the speakers are ready.'
      : `It comes within seconds; if not, look at the log of the speaker on ${elected}.`,
  );
}

function whyNotBelieved({ nodes, pods, namespace }: ExplainFacts, saying: Saying): Check | undefined {
  const { node, object } = saying;
  const remedy = `Speakers and controller take it away; by hand: kubectl -n ${namespace} delete servicel2status ${object.name}`;
  const says = `ServiceL2Status ${object.name} says that ${node} announces it`;
  if (isNodeMissing(nodes)(saying)) {
    return failed('status', 'statusOfMissingNode', `${says}, but there is no such node.`, remedy);
  }
  if (isSpeakerDead(pods)(saying)) {
    return failed('status', 'statusOfDeadSpeaker', `${says}, but no speaker is ready there.`, remedy);
  }
  return undefined;
}

function ofOtherNode(facts: ExplainFacts, saying: Saying, other: string): Check {
  const { node, object } = saying;
  const [definition] = facts.statusDefinition.ok ? facts.statusDefinition.items : [];
  if (definition !== undefined && isNodeImmutable(definition)) {
    return failed(
      'status',
      'statusImmutable',
      `ServiceL2Status ${object.name} says ${node} although ${other} should announce it, and the CRD does not let status.node change.`,
      'Install the resource definitions of metallb-l2, in which status.node can be changed.',
    );
  }
  return failed(
    'status',
    'statusOfOtherNode',
    `ServiceL2Status ${object.name} says that ${node} announces it, while ${other} should.`,
    `The service is moving, or ${other} has died and Kubernetes has not noticed yet; if this lasts for more than a minute, see whether the speakers reach the API server and each other.`,
  );
}
