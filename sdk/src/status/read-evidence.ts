/** Collects what `who-announces.ts` judges: the status objects, their speakers' pods and their nodes. */
import { LABEL_VALUE_LIMIT, nodeLabelValue } from '../election/node-label.js';
import { NODES, PODS } from '../kube/core-types.js';
import type { KubeApi, KubeObject, ObjectRef, ResourceType } from '../kube/kube-api.js';
import { readOne } from '../kube/reading.js';
import type { ServiceL2Status } from '../models/service-l2-status.js';
import { type Announcement, readAnnouncement } from './announcement.js';
import type { Evidence, StatusEvidence } from './who-announces.js';

/**
 * What nodes and pods say about `objects`, the status objects of one service. Where reading them is not
 * allowed, they are `unknown`.
 *
 * @throws KubeError when the API server fails otherwise
 */
export async function readEvidence(
  api: KubeApi,
  objects: readonly ServiceL2Status[],
  signal: AbortSignal,
): Promise<Omit<Evidence, 'now'>> {
  const statuses: Promise<StatusEvidence>[] = [];
  const problems: string[] = [];
  for (const object of objects) {
    const read = readAnnouncement(object);
    if (!read.ok) {
      problems.push(`${read.invalid.ref.name}: ${read.invalid.problem}`);
      continue;
    }
    statuses.push(readStatus(api, object, read.announcement, signal));
  }
  return { statuses: await Promise.all(statuses), problems };
}

async function readStatus(
  api: KubeApi,
  { metadata }: ServiceL2Status,
  announcement: Announcement,
  signal: AbortSignal,
): Promise<StatusEvidence> {
  const { creationTimestamp, ownerReferences = [], namespace = '' } = metadata;
  const owner = ownerReferences.find(({ kind }) => kind === 'Pod');
  const pod = owner ? await find(api, PODS, { namespace, name: owner.name }, signal) : 'unknown';
  const speaker = typeof pod === 'object' && pod.metadata.uid !== owner?.uid ? 'gone' : pod;
  const name = claimingNode(announcement, speaker);
  return {
    announcement,
    createdAt: creationTimestamp === undefined ? 0 : Date.parse(creationTimestamp),
    speaker,
    node: name === undefined ? 'unknown' : await find(api, NODES, { name }, signal),
  };
}

/** The whole name of the node that claims the service: its label holds only part of a long one. */
function claimingNode(
  { node, claimedBy }: Announcement,
  speaker: StatusEvidence['speaker'],
): string | undefined {
  if (claimedBy === undefined) return node;
  const podNode = typeof speaker === 'object' ? speaker.spec?.nodeName : undefined;
  if (podNode !== undefined && nodeLabelValue(podNode) === claimedBy) return podNode;
  return claimedBy.length < LABEL_VALUE_LIMIT ? claimedBy : undefined;
}

async function find<T extends KubeObject>(
  api: KubeApi,
  type: ResourceType<T>,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<T | 'gone' | 'unknown'> {
  const reading = await readOne(api, type, ref, signal);
  return reading.ok ? (reading.items[0] ?? 'gone') : 'unknown';
}
