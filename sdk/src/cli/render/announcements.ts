/** The table of announcements, one row for each status object. */
import type { Announcement } from '../../status/announcement.js';
import { formatAge } from './age.js';
import type { Column } from './table.js';

export interface AnnouncementTable {
  readonly wide: boolean;
  /** Whether rows are of several namespaces. */
  readonly namespaces: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** An announcement, or one that is no more. */
export interface AnnouncementRow {
  readonly status: Announcement;
  readonly withdrawn?: boolean;
}

export function announcementColumns({ wide, namespaces, now }: AnnouncementTable): Column<AnnouncementRow>[] {
  return [
    ...(namespaces
      ? [
          {
            heading: 'NAMESPACE',
            text: ({ status }) => status.service.namespace,
          } satisfies Column<AnnouncementRow>,
        ]
      : []),
    { heading: 'NAME', text: ({ status }) => status.service.name },
    {
      heading: 'NODE',
      text: ({ status, withdrawn = false }) => (withdrawn ? '' : nodeText(status)),
      tone: ({ status, withdrawn = false }) =>
        withdrawn ? 'bad' : status.claimedBy === undefined ? undefined : 'doubtful',
    },
    { heading: 'ADDRESSES', text: ({ status }) => status.addresses.join(',') },
    ...(wide
      ? ([
          { heading: 'INTERFACES', text: ({ status }) => interfacesText(status) },
          { heading: 'STATUS', text: ({ status }) => status.object.name },
        ] satisfies Column<AnnouncementRow>[])
      : []),
    { heading: 'AGE', text: ({ status }) => ageText(status, now) },
  ];
}

/** The node, and who has claimed the service since its status was written. */
export function nodeText({ node, claimedBy }: Announcement): string {
  if (claimedBy === undefined) return node;
  return claimedBy === node ? `${node} (claimed)` : `${node} (claimed by ${claimedBy})`;
}

/** Interfaces that answer: upstream's speakers name none when all do, and none are known before there is a status. */
export function interfacesText({
  interfaces,
  claimedBy,
}: Pick<Announcement, 'interfaces' | 'claimedBy'>): string {
  if (interfaces.length > 0) return interfaces.join(',');
  return claimedBy === undefined ? '<all>' : '<unknown>';
}

export function ageText({ since }: { readonly since?: Date | undefined }, now: number): string {
  return since === undefined ? '<unknown>' : formatAge(now - since.getTime());
}

/** Sorted by service, then by the name of the status object. */
export function sortAnnouncements(statuses: readonly Announcement[]): Announcement[] {
  const key = ({ service, object }: Announcement) => [service.namespace, service.name, object.name].join('/');
  return [...statuses].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** As kubectl names objects; to be looked for in MetalLB's namespace. */
export function statusObjectName({ object }: Pick<Announcement, 'object'>): string {
  return `servicel2status.metallb.io/${object.name}`;
}
