/** What can be waited for of a service. */
import { type Announcement, type ServiceRef, serviceKey } from './announcement.js';
import type { Seen, Wish } from './wait.js';

/** Which announcement is waited for; any one when empty. */
export interface AnnouncementWish {
  /** By this node. */
  node?: string;
  /** By any node but this one. */
  not?: string;
}

/** An announcement that is as wished and that its node has confirmed in the status itself. */
export function announced(service: ServiceRef, wish: AnnouncementWish): Wish<Announcement> {
  return {
    granted: (status) => (status && isWished(status, wish) ? status : undefined),
    denied: (seen, seconds) =>
      `${serviceKey(service)} was not announced${inWords(wish)} within ${seconds} s; ${lastSeen(seen)}`,
  };
}

/** That nobody announces the service. */
export function withdrawn(service: ServiceRef): Wish<true> {
  return {
    granted: (status) => (status === undefined ? true : undefined),
    denied: (seen, seconds) =>
      `${serviceKey(service)} ${seen.synced ? 'is' : 'may'} still ${seen.synced ? '' : 'be '}announced after ${seconds} s; ${lastSeen(seen)}`,
  };
}

function isWished({ node, claimedBy }: Announcement, wish: AnnouncementWish): boolean {
  return (
    claimedBy === undefined &&
    (wish.node === undefined || node === wish.node) &&
    (wish.not === undefined || node !== wish.not)
  );
}

function inWords({ node, not }: AnnouncementWish): string {
  return (
    (node === undefined ? '' : ` by ${node}`) + (not === undefined ? '' : ` by another node than ${not}`)
  );
}

function lastSeen({ synced, status, problem }: Seen): string {
  const obstacle = problem ? `the cluster cannot be watched: ${problem.message}` : undefined;
  if (!synced) return obstacle ?? 'the API server has not answered yet';
  const { node, claimedBy, since } = status ?? {};
  const seen =
    node === undefined
      ? 'nobody announces it'
      : claimedBy === undefined
        ? `${node} announces it${since ? ` since ${since.toISOString()}` : ''}`
        : claimedBy === node
          ? `${node} has claimed it, but does not say that it answers`
          : `${claimedBy} is taking it over from ${node}`;
  return `last seen: ${seen}${obstacle === undefined ? '' : `; ${obstacle}`}`;
}
