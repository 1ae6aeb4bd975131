/** Which node announces which service, as an output of the component. */
import type { Announcement } from '@metallb-l2/sdk';
import * as pulumi from '@pulumi/pulumi';
import { askCluster, unlessInPreview } from './ask-cluster.js';
import { accessOf } from './cluster-access.js';

/** Names a service. */
export interface ServiceReference {
  namespace: string;
  name: string;
}

/** A service and the node that announces it. */
export interface ServiceAnnouncement {
  service: ServiceReference;
  node: string;
  /** Interfaces of the node that answer, sorted. Empty means all, with upstream's speakers. */
  interfaces: string[];
  /** Addresses that are answered for; empty with upstream's speakers. */
  addresses: string[];
  /** Since when, in RFC 3339. */
  since?: string;
}

/**
 * Every announced service of the cluster of `provider`, sorted.
 *
 * @param ready what to wait for before the cluster is asked
 */
export function announcersOf(
  provider: pulumi.ProviderResource | undefined,
  namespace: pulumi.Output<string>,
  ready: pulumi.Output<unknown>,
): pulumi.Output<ServiceAnnouncement[]> {
  return pulumi
    .all([pulumi.unsecret(pulumi.output(accessOf(provider))), namespace, ready])
    .apply(([access, where]) =>
      unlessInPreview('announcers', () =>
        askCluster({ ...access, namespace: where }, async (client) =>
          latestOfEach((await client.list()).statuses).map(serviceAnnouncementOf),
        ),
      ),
    );
}

/** What a program gets to see of an announcement: plain values, which an output can hold. */
function serviceAnnouncementOf(announcement: Announcement): ServiceAnnouncement {
  const { service, node, interfaces, addresses, since } = announcement;
  return {
    service: { ...service },
    node,
    interfaces: [...interfaces],
    addresses: [...addresses],
    ...(since === undefined ? {} : { since: since.toISOString() }),
  };
}

/** One for each service, sorted by it: where a move leaves two for a moment, the latest holds. */
function latestOfEach(announcements: readonly Announcement[]): Announcement[] {
  const timeOf = ({ since }: Announcement) => since?.getTime() ?? 0;
  const keyOf = ({ service }: Announcement) => `${service.namespace}/${service.name}`;
  const oldestFirst = announcements.toSorted((a, b) => timeOf(a) - timeOf(b));
  const latest = new Map(oldestFirst.map((each) => [keyOf(each), each]));
  return [...latest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}
