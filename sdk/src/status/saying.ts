/** Status objects held against the cluster: whether what they say can be so. */
import { nodeLabelValue, podsOf, readyNodes } from '../election/index.js';
import type { Node, Pod } from '../kube/core-types.js';
import type { Reading } from '../kube/reading.js';
import type { ServiceL2Status } from '../models/service-l2-status.js';
import { type Announcement, readAnnouncement } from './announcement.js';

/** A status object with what it says. */
export interface Saying extends Announcement {
  readonly raw: ServiceL2Status;
}

/** Those of `objects` that say something, and those that do not. */
export function readSayings(objects: readonly ServiceL2Status[]): {
  sayings: Saying[];
  unreadable: ServiceL2Status[];
} {
  const sayings: Saying[] = [];
  const unreadable: ServiceL2Status[] = [];
  for (const raw of objects) {
    const read = readAnnouncement(raw);
    if (read.ok) sayings.push({ ...read.announcement, raw });
    else unreadable.push(raw);
  }
  return { sayings, unreadable };
}

/** Whether a status is of a node that is not there, which nobody can tell who may not read nodes. */
export function isNodeMissing(nodes: Reading<Node>): (saying: Saying) => boolean {
  if (!nodes.ok) return () => false;
  const names = withLabels(nodes.items.map(({ metadata }) => metadata.name ?? ''));
  return ({ node }) => !names.has(node);
}

/** Whether a status is of a node without a ready speaker. @param pods those of MetalLB's namespace */
export function isSpeakerDead(pods: Reading<Pod>): (saying: Saying) => boolean {
  const live = withLabels(readyNodes(pods.ok ? podsOf('speaker', pods.items) : []));
  // When no speaker at all counts as ready, probes are failing rather than speakers.
  return ({ node }) => live.size > 0 && !live.has(node);
}

/** A status that is not filled in yet names its node by the label alone, which may be shortened. */
function withLabels(names: Iterable<string>): ReadonlySet<string> {
  return new Set([...names].flatMap((name) => [name, nodeLabelValue(name)]));
}
