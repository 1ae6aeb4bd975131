/** Messages and the bytes the Go library makes of them. */
import type { GossipMessage, PushPull } from '../../../../../speaker/src/wire/memberlist/messages.js';

const SOURCE = { address: '10.0.0.1', port: 7946, node: 'n1' };
const VERSIONS = [1, 5, 2, 0, 0, 0] as const;

export interface Vector {
  readonly name: string;
  readonly wire: string;
  readonly message: GossipMessage;
}

export const VECTORS: readonly Vector[] = [
  {
    name: 'a ping',
    wire: `00 85 a44e6f6465 a26e32 a55365714e6f 01 aa536f7572636541646472 a40a000001
           aa536f757263654e6f6465 a26e31 aa536f75726365506f7274 cd1f0a`,
    message: { type: 'ping', seqNo: 1, node: 'n2', source: SOURCE },
  },
  {
    name: 'a ping that is answered to its sender',
    wire: '00 82 a44e6f6465 a26e32 a55365714e6f 01',
    message: { type: 'ping', seqNo: 1, node: 'n2' },
  },
  {
    name: 'an indirect ping',
    wire: `01 88 a44e61636b c3 a44e6f6465 a26e33 a4506f7274 cd1f0a a55365714e6f cd012c
           aa536f7572636541646472 a40a000001 aa536f757263654e6f6465 a26e31 aa536f75726365506f7274 cd1f0a
           a6546172676574 a40a000003`,
    message: {
      type: 'indirectPing',
      seqNo: 300,
      target: '10.0.0.3',
      port: 7946,
      node: 'n3',
      nack: true,
      source: SOURCE,
    },
  },
  {
    name: 'an ack',
    wire: '02 82 a75061796c6f6164 c0 a55365714e6f 01',
    message: { type: 'ack', seqNo: 1 },
  },
  { name: 'a nack', wire: '0b 81 a55365714e6f 01', message: { type: 'nack', seqNo: 1 } },
  {
    name: 'a suspicion',
    wire: '03 83 a446726f6d a26e31 ab496e6361726e6174696f6e 03 a44e6f6465 a26e32',
    message: { type: 'suspect', incarnation: 3, node: 'n2', from: 'n1' },
  },
  {
    name: 'a death',
    wire: '05 83 a446726f6d a26e31 ab496e6361726e6174696f6e 03 a44e6f6465 a26e32',
    message: { type: 'dead', incarnation: 3, node: 'n2', from: 'n1' },
  },
  {
    name: 'a sign of life',
    wire: `04 86 a441646472 a40a000001 ab496e6361726e6174696f6e 01 a44d657461 c0 a44e6f6465 a26e31
           a4506f7274 cd1f0a a356736e a6010502000000`,
    message: {
      type: 'alive',
      incarnation: 1,
      node: 'n1',
      address: '10.0.0.1',
      port: 7946,
      meta: new Uint8Array(),
      versions: VERSIONS,
    },
  },
  {
    name: 'a sign of life with meta data, of a member with an IPv6 address',
    wire: `04 86 a441646472 b020010db8000000000000000000000001 ab496e6361726e6174696f6e ce00010000
           a44d657461 a27a61 a44e6f6465 a26e31 a4506f7274 cd1f0a a356736e a6010502000000`,
    message: {
      type: 'alive',
      incarnation: 65_536,
      node: 'n1',
      address: '2001:db8::1',
      port: 7946,
      meta: Uint8Array.of(0x7a, 0x61),
      versions: VERSIONS,
    },
  },
  {
    name: 'a sign of life of a member with an IPv4 address in sixteen bytes',
    wire: `04 86 a441646472 b000000000000000000000ffff0a000001 ab496e6361726e6174696f6e 01 a44d657461 c0
           a44e6f6465 a26e31 a4506f7274 cd1f0a a356736e a6010502000000`,
    message: {
      type: 'alive',
      incarnation: 1,
      node: 'n1',
      address: '::ffff:10.0.0.1',
      port: 7946,
      meta: new Uint8Array(),
      versions: VERSIONS,
    },
  },
  { name: "a user's message", wire: '08 0102', message: { type: 'user', bytes: Uint8Array.of(1, 2) } },
];

/** One member of each state. */
export const PUSH_PULL: { readonly wire: string; readonly message: PushPull } = {
  wire: `06 83 a44a6f696e c3 a54e6f646573 04 ac5573657253746174654c656e 02
    87 a441646472 a40a000001 ab496e6361726e6174696f6e 01 a44d657461 c0 a44e616d65 a26e31 a4506f7274 cd1f0a
       a55374617465 00 a356736e a6010502000000
    87 a441646472 a40a000002 ab496e6361726e6174696f6e 02 a44d657461 a178 a44e616d65 a26e32 a4506f7274 cd1f0a
       a55374617465 01 a356736e a6010502000000
    87 a441646472 a40a000003 ab496e6361726e6174696f6e 03 a44d657461 c0 a44e616d65 a26e33 a4506f7274 cd1f0a
       a55374617465 02 a356736e a6010502000000
    87 a441646472 a40a000004 ab496e6361726e6174696f6e 04 a44d657461 c0 a44e616d65 a26e34 a4506f7274 cd1f0a
       a55374617465 03 a356736e a6010502000000
    aabb`,
  message: {
    type: 'pushPull',
    join: true,
    members: (['alive', 'suspect', 'dead', 'left'] as const).map((state, i) => ({
      name: `n${i + 1}`,
      address: `10.0.0.${i + 1}`,
      port: 7946,
      meta: new Uint8Array(state === 'suspect' ? [0x78] : []),
      incarnation: i + 1,
      state,
      versions: VERSIONS,
    })),
    userState: Uint8Array.of(0xaa, 0xbb),
  },
};
