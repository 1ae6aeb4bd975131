import { LINK_FILTERS } from '../../../../speaker/src/linux/link-filter.js';
import type { LinkProtocol } from '../../../../speaker/src/ports.js';

/** Runs the program on a frame as the kernel does; gives how many bytes of it are kept. */
function keeps(protocol: LinkProtocol, frame: Uint8Array): number {
  const { filter } = LINK_FILTERS[protocol].program;
  let accumulator = 0;
  for (let pc = 0; ; pc++) {
    const { code, jt, jf, k } = filter[pc]!;
    if (code === 0x06) return k; // ret
    if (code === 0x15)
      pc += accumulator === k ? jt : jf; // jeq
    else {
      const bytes = code === 0x28 ? 2 : 1; // ldh, ldb
      if (k + bytes > frame.length) return 0;
      accumulator = bytes === 2 ? (frame[k]! << 8) | frame[k + 1]! : frame[k]!;
    }
  }
}

/** A frame of zeros but for the given bytes, by offset. */
function frame(length: number, bytes: Record<number, number>): Uint8Array {
  const zeros = new Uint8Array(length);
  for (const [offset, byte] of Object.entries(bytes)) zeros[Number(offset)] = byte;
  return zeros;
}

const ARP = { 12: 0x08, 13: 0x06, 21: 1 };
const SOLICITATION = { 12: 0x86, 13: 0xdd, 20: 58, 21: 255, 54: 135 };

describe('the filter of a socket', () => {
  it.each<[LinkProtocol, string, Uint8Array, number]>([
    ['arp', 'a request', frame(42, ARP), 128],
    ['arp', 'a reply', frame(60, { ...ARP, 21: 2 }), 128],
    ['arp', 'another operation', frame(42, { ...ARP, 21: 3 }), 0],
    ['arp', 'an operation of 256 more', frame(42, { ...ARP, 20: 1 }), 0],
    ['arp', 'another protocol', frame(42, { ...ARP, 13: 0x00 }), 0],
    ['arp', 'a frame that ends before its operation', frame(21, ARP), 0],
    ['ndp', 'a solicitation', frame(86, SOLICITATION), 1514],
    ['ndp', 'an advertisement', frame(86, { ...SOLICITATION, 54: 136 }), 1514],
    ['ndp', 'a router advertisement', frame(86, { ...SOLICITATION, 54: 134 }), 0],
    ['ndp', 'an echo request', frame(86, { ...SOLICITATION, 54: 128 }), 0],
    ['ndp', 'code 1', frame(86, { ...SOLICITATION, 55: 1 }), 0],
    ['ndp', 'what came through a router', frame(86, { ...SOLICITATION, 21: 254 }), 0],
    ['ndp', 'UDP', frame(86, { ...SOLICITATION, 20: 17 }), 0],
    ['ndp', 'IPv4', frame(86, { ...SOLICITATION, 12: 0x08, 13: 0x00 }), 0],
    ['ndp', 'a frame that ends before its type', frame(54, SOLICITATION), 0],
  ])('of %s, given %s', (protocol, _, bytes, kept) => {
    expect(keeps(protocol, bytes)).toBe(kept);
  });
});
