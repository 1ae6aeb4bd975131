/**
 * Who probes whom. SWIM has each member choose by lot, so in a large group chance leaves one unprobed for several
 * intervals. Here each looks after the next one on a ring that all see alike: everybody is probed once in every
 * interval, and whoever is silent is found within one.
 *
 * - Suspects are passed over: while their fate is decided, the ones behind them are looked after too.
 * - Who does not keep to the ring (upstream's speakers choose by lot) looks after nobody for sure: the one before
 *   takes turns with all up to the next that does.
 * - Places are hashes of names: machines that lose power together often have names in a row.
 */
import type { MemberName } from '../wire/memberlist/messages.js';
import type { Member } from './members.js';

/** What those that keep to the ring say of themselves, in the meta data memberlist carries for programs. */
export const RING_META: Uint8Array = new TextEncoder().encode('probe-ring');

/** Whom of `others` `self` looks after, the next one first. Empty only when there are no others. */
export function watchedBy(self: MemberName, others: readonly Member[]): readonly Member[] {
  const alive = others.filter(({ state }) => state === 'alive');
  const ahead = inRingOrder(self, alive.length > 0 ? alive : others);
  const last = ahead.findIndex(keepsToRing);
  return last < 0 ? ahead : ahead.slice(0, last + 1);
}

/** `members` as they follow `self`, once around; those of one place by name. */
function inRingOrder(self: MemberName, members: readonly Member[]): readonly Member[] {
  const from = placeOf(self);
  const distanceTo = (name: MemberName) => (placeOf(name) - from) >>> 0 || (name < self ? 2 ** 32 : 0);
  return members
    .map((member) => ({ member, distance: distanceTo(member.name) }))
    .sort((a, b) => a.distance - b.distance || (a.member.name < b.member.name ? -1 : 1))
    .map(({ member }) => member);
}

function keepsToRing({ meta }: Member): boolean {
  return meta.length === RING_META.length && meta.every((byte, i) => byte === RING_META[i]);
}

/** FNV-1a with the last step of MurmurHash3, without which names that differ in their end lie side by side. */
function placeOf(name: MemberName): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
