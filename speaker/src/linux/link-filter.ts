/** Which frames the kernel hands over, as classic BPF (Documentation/networking/filter.rst). */
import type { LinkProtocol } from '../ports.js';
import { ARP, ARP_OPERATION } from '../wire/arp.js';
import { ETHER_TYPE, ETHERNET } from '../wire/ethernet.js';
import { IPV6, NEXT_HEADER_ICMPV6 } from '../wire/ipv6.js';
import { NDP, NDP_TYPE } from '../wire/ndp.js';
import type { FilterProgram } from './libc.js';

/** What the kernel needs to know of a protocol. */
export interface LinkFilter {
  readonly etherType: number;
  /** No longer frames can be of use; what is longer is cut off and will not decode. */
  readonly snapLength: number;
  readonly program: FilterProgram;
}

/** A field of the frame and the values it may have. */
interface Test {
  readonly offset: number;
  readonly bytes: 1 | 2;
  readonly values: readonly number[];
}

const AT = ETHERNET.payload;

/** Padding included, which some drivers leave in place; ARP itself takes 42 bytes. */
const ARP_SNAP_LENGTH = 128;
/** An Ethernet frame of the usual MTU, 1500: solicitations may carry options of any length. */
const NDP_SNAP_LENGTH = 1514;

// linux/bpf_common.h
const LOAD = { 1: 0x30, 2: 0x28 } as const; // ldb, ldh; past the end of the frame they refuse it
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;

export const LINK_FILTERS: Readonly<Record<LinkProtocol, LinkFilter>> = {
  arp: filter(ETHER_TYPE.arp, ARP_SNAP_LENGTH, [
    { offset: AT + ARP.operation, bytes: 2, values: [ARP_OPERATION.request, ARP_OPERATION.reply] },
  ]),
  ndp: filter(ETHER_TYPE.ipv6, NDP_SNAP_LENGTH, [
    { offset: AT + IPV6.nextHeader, bytes: 1, values: [NEXT_HEADER_ICMPV6] },
    { offset: AT + NDP.type, bytes: 1, values: [NDP_TYPE.solicitation, NDP_TYPE.advertisement] },
    { offset: AT + NDP.code, bytes: 1, values: [0] },
    { offset: AT + IPV6.hopLimit, bytes: 1, values: [255] },
  ]),
};

function filter(etherType: number, snapLength: number, tests: readonly Test[]): LinkFilter {
  const all: readonly Test[] = [{ offset: ETHERNET.type, bytes: 2, values: [etherType] }, ...tests];
  const lengths = all.map(({ values }) => 1 + values.length);
  const accept = lengths.reduce((sum, length) => sum + length, 0);
  const refuse = accept + 1;
  const instructions: { code: number; jt: number; jf: number; k: number }[] = [];
  for (const { offset, bytes, values } of all) {
    instructions.push({ code: LOAD[bytes], jt: 0, jf: 0, k: offset });
    values.forEach((value, i) => {
      const isLast = i === values.length - 1;
      const next = instructions.length + 1; // jumps count from the instruction after this one
      instructions.push({
        code: JUMP_IF_EQUAL,
        jt: values.length - 1 - i,
        jf: isLast ? refuse - next : 0,
        k: value,
      });
    });
  }
  instructions.push({ code: RETURN, jt: 0, jf: 0, k: snapLength });
  instructions.push({ code: RETURN, jt: 0, jf: 0, k: 0 });
  return { etherType, snapLength, program: { len: instructions.length, filter: instructions } };
}
