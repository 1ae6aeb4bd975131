/** Which protocol versions members speak, and whether all of them can talk to each other. */
import type { MemberVersions } from '../wire/memberlist/messages.js';

/** Ours, as memberlist 0.5 has them: protocol 1 to 5, speaking 2; delegate versions unused. */
export const OUR_VERSIONS: MemberVersions = [1, 5, 2, 0, 0, 0];

/** From this protocol on, a member understands a checksum around a datagram. */
const CRC_PROTOCOL = 5;

export function understandsCrc([, mostProtocol]: MemberVersions): boolean {
  return mostProtocol >= CRC_PROTOCOL;
}

/** Whether each one's current versions are understood by all the others. */
export function versionsAgree(all: readonly MemberVersions[]): boolean {
  return [0, 3].every((at) => {
    const least = Math.max(...all.map((versions) => versions[at] ?? 0));
    const most = Math.min(...all.map((versions) => versions[at + 1] ?? 0));
    return all.every((versions) => {
      const current = versions[at + 2] ?? 0;
      return current >= least && current <= most;
    });
  });
}
