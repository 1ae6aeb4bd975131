/** Whether the status objects are true, as far as other objects can tell. */
import { qualifiedName } from '../kube/object-ref.js';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '../models/service-l2-status.js';
import { serviceKey } from '../status/announcement.js';
import { isNodeMissing, isSpeakerDead, readSayings, type Saying } from '../status/saying.js';
import { count, enumerate } from '../text.js';
import type { DoctorFacts } from './facts.js';
import { type Finding, type FindingCode, foundObject, type Severity } from './finding.js';

export function statusFindings(facts: DoctorFacts): Finding[] {
  if (!facts.statuses.ok) return [];
  const { namespace } = facts;
  const all = facts.statuses.items;
  const here = all.filter(({ metadata }) => metadata.namespace === namespace);
  const elsewhere = all.filter(({ metadata }) => metadata.namespace !== namespace);
  const { sayings, unreadable } = readSayings(here);

  const gone = sayings.filter(isServiceGone(facts));
  const ofMissingNode = sayings.filter(isNodeMissing(facts.nodes));
  const ofDeadSpeaker = sayings
    .filter(isSpeakerDead(facts.pods))
    .filter((each) => !ofMissingNode.includes(each));
  const doubted = new Set([...gone, ...ofMissingNode, ...ofDeadSpeaker]);
  const believed = sayings.filter((saying) => !doubted.has(saying));
  const remove = `Speakers and controller take them away; by hand: kubectl -n ${namespace} delete servicel2status NAME`;
  return [
    ...claimFindings(believed, namespace),
    ...together(gone, 'orphanedStatus', 'warning', (what) => `${what} about a service that is gone`, remove),
    ...together(
      ofMissingNode,
      'statusOfMissingNode',
      'error',
      (what) => `${what} of a node that is not there`,
      remove,
    ),
    ...together(
      ofDeadSpeaker,
      'statusOfDeadSpeaker',
      'error',
      (what) => `${what} of a node without a ready speaker`,
      remove,
    ),
    ...together(
      believed.filter(({ claimedBy, raw }) => claimedBy !== undefined && raw.status?.node !== undefined),
      'statusDisagrees',
      'warning',
      (what) => `${what} whose label and status name different nodes`,
      'A service that moves shows it for a moment; if it lasts, see whether the CRD lets status.node change.',
    ),
    ...ofObjects(
      unreadable,
      'statusUnreadable',
      (what, one) => `${what} that ${one ? 'names' : 'name'} no service or no node`,
      remove,
    ),
    ...ofObjects(
      elsewhere,
      'statusElsewhere',
      (what, one) => `${what} outside namespace ${namespace}, where nobody looks for ${one ? 'it' : 'them'}`,
      'Delete it there; if MetalLB is in that namespace, name it.',
    ),
  ];
}

/** What there is, in words; `one` when it is a single object. */
type Wording = (what: string, one: boolean) => string;

/** Services that more than one object is about. */
function claimFindings(believed: readonly Saying[], namespace: string): Finding[] {
  const services = Map.groupBy(believed, ({ service }) => serviceKey(service));
  return [...services].flatMap(([key, sayings]): Finding[] => {
    if (sayings.length < 2) return [];
    const objects = sayings.map(({ raw }) => foundObject(SERVICE_L2_STATUSES, raw));
    const names = enumerate(sayings.map(({ object }) => object.name));
    const nodes = [...new Set(sayings.map(({ node }) => node))].sort();
    if (nodes.length > 1) {
      return [
        {
          code: 'splitAnnouncers',
          severity: 'error',
          message: `${enumerate(nodes)} all say that they announce ${key}: ${names}.`,
          objects,
          remedy: 'See whether the speakers reach each other and the API server.',
        },
      ];
    }
    return [
      {
        code: 'duplicateStatuses',
        severity: 'warning',
        message: `${nodes[0] ?? ''} announces ${key} in ${String(sayings.length)} objects: ${names}.`,
        objects,
        remedy: `Delete all but the oldest: kubectl -n ${namespace} delete servicel2status NAME`,
      },
    ];
  });
}

function together(
  sayings: readonly Saying[],
  code: FindingCode,
  severity: Severity,
  message: Wording,
  remedy: string,
): Finding[] {
  if (sayings.length === 0) return [];
  const names = sayings.map(
    ({ service, node, object }) => `${object.name} (${serviceKey(service)}, ${node})`,
  );
  return [
    {
      code,
      severity,
      message: `${thereAre(sayings.length, message)}: ${enumerate(names)}.`,
      objects: sayings.map(({ raw }) => foundObject(SERVICE_L2_STATUSES, raw)),
      remedy,
    },
  ];
}

function ofObjects(
  objects: readonly ServiceL2Status[],
  code: FindingCode,
  message: Wording,
  remedy: string,
): Finding[] {
  if (objects.length === 0) return [];
  const names = objects.map(({ metadata }) => qualifiedName(metadata));
  return [
    {
      code,
      severity: 'warning',
      message: `${thereAre(objects.length, message)}: ${enumerate(names)}.`,
      objects: objects.map((object) => foundObject(SERVICE_L2_STATUSES, object)),
      remedy,
    },
  ];
}

function thereAre(number: number, message: Wording): string {
  return `There ${number === 1 ? 'is' : 'are'} ${message(count(number, 'status object'), number === 1)}`;
}

function isServiceGone({ services }: DoctorFacts): (saying: Saying) => boolean {
  if (!services.ok) return () => false;
  const keys = new Set(
    services.items.map(({ metadata: { namespace = '', name = '' } }) => serviceKey({ namespace, name })),
  );
  return ({ service }) => !keys.has(serviceKey(service));
}
