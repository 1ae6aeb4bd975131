import { createKeyring, metallbKey } from '../../../../../speaker/src/wire/memberlist/keyring.js';
import type { PushPull, StreamMessage } from '../../../../../speaker/src/wire/memberlist/messages.js';
import { writeStruct } from '../../../../../speaker/src/wire/memberlist/msgpack.js';
import {
  createStreamCodec,
  MAX_STREAM_MESSAGE,
  type StreamCodec,
} from '../../../../../speaker/src/wire/memberlist/stream.js';
import { bytesOf, hexOf } from '../../../../support/hex.ts';
import { compressLzw } from '../../../../support/lzw.ts';
import { PUSH_PULL } from './vectors.ts';

const plain = createStreamCodec();
const sealed = createStreamCodec({
  key: metallbKey(Buffer.from('secret')),
  nonce: () => new Uint8Array(12).fill(3),
});

const decode = (codec: StreamCodec, bytes: Uint8Array) => codec.decoder().push(bytes);
const compressed = (inside: Uint8Array) =>
  Uint8Array.from([9, ...writeStruct({ Algo: 0, Buf: compressLzw(inside) })]);

const VECTORS: { name: string; wire: string; message: StreamMessage }[] = [
  { name: 'a push-pull', ...PUSH_PULL },
  {
    name: 'a ping',
    wire: '00 82 a44e6f6465 a26e32 a55365714e6f 01',
    message: { type: 'ping', seqNo: 1, node: 'n2' },
  },
  {
    name: 'an ack',
    wire: '02 82 a75061796c6f6164 c0 a55365714e6f 01',
    message: { type: 'ack', seqNo: 1 },
  },
  {
    name: 'an error',
    wire: '0d 81 a54572726f72 a6626c75727279',
    message: { type: 'error', message: 'blurry' },
  },
  {
    name: "a user's message",
    wire: '08 81 aa557365724d73674c656e 02 0102',
    message: { type: 'user', bytes: Uint8Array.of(1, 2) },
  },
];

describe('a stream', () => {
  for (const { name, wire, message } of VECTORS) {
    it(`carries ${name}, as Go writes it`, () => {
      expect(hexOf(plain.encode(message))).toBe(hexOf(bytesOf(wire)));
      expect(decode(plain, bytesOf(wire))).toEqual({ ok: true, value: message });
    });

    const forms: [form: string, codec: StreamCodec, bytes: Uint8Array][] = [
      ['in plain', plain, bytesOf(wire)],
      ['compressed', plain, compressed(bytesOf(wire))],
      ['encrypted', sealed, sealed.encode(message)],
      ['encrypted and compressed', sealed, sealAround(compressed(bytesOf(wire)))],
    ];
    for (const [form, codec, bytes] of forms) {
      it(`waits for the end of ${name} ${form}, byte by byte`, () => {
        const decoder = codec.decoder();
        for (const [i, byte] of bytes.entries()) {
          const value = i === bytes.length - 1 ? message : undefined;
          expect(decoder.push(Uint8Array.of(byte))).toEqual({ ok: true, value });
        }
      });
    }
  }

  it('is encrypted with type and length in front', () => {
    const bytes = sealed.encode({ type: 'ack', seqNo: 1 });
    expect(hexOf(bytes.subarray(0, 18))).toBe('0a' + '0000002f' + '01' + '03'.repeat(12));
    expect(bytes).toHaveLength(5 + 0x2f);
  });

  it('says how many members there are as a signed number', () => {
    const state: PushPull = {
      ...PUSH_PULL.message,
      members: Array.from({ length: 200 }, () => PUSH_PULL.message.members[0]!),
    };
    const bytes = plain.encode(state);
    expect(hexOf(bytes)).toContain('a54e6f646573' + 'd100c8' + 'ac5573657253746174654c656e');
    expect(decode(plain, bytes)).toEqual({ ok: true, value: state });
  });

  it('carries the state of 5,000 members', () => {
    const members = Array.from({ length: 5000 }, (_, i) => ({
      ...PUSH_PULL.message.members[0]!,
      name: `worker-node-${i}.example.com`,
    }));
    const state: PushPull = { ...PUSH_PULL.message, members };
    const decoder = sealed.decoder();
    const bytes = sealed.encode(state);
    for (let at = 0; at + 65_536 < bytes.length; at += 65_536) {
      expect(decoder.push(bytes.subarray(at, at + 65_536))).toEqual({ ok: true, value: undefined });
    }
    expect(decoder.push(bytes.subarray(bytes.length - (bytes.length % 65_536)))).toEqual({
      ok: true,
      value: state,
    });
  });

  it('leaves out a member that cannot be read, and says so', () => {
    const { wire, message } = PUSH_PULL;
    const decoder = plain.decoder();
    const result = decoder.push(bytesOf(wire.replace('a55374617465 02', 'a55374617465 07')));
    expect(result).toEqual({
      ok: true,
      value: { ...message, members: message.members.filter(({ state }) => state !== 'dead') },
    });
    expect(decoder.faults).toEqual(['malformed']);
  });

  it('waits for nothing when there is nothing', () => {
    expect(decode(plain, new Uint8Array())).toEqual({ ok: true, value: undefined });
  });
});

describe('a bad stream', () => {
  const header = (nodes: string, userState = '00') =>
    `06 83 a44a6f696e c3 a54e6f646573 ${nodes} ac5573657253746174654c656e ${userState}`;
  const refused = [
    { what: 'a label', wire: 'f4', reason: 'label' },
    { what: 'encryption without a key', wire: '0a', reason: 'ciphertext' },
    { what: 'a type that does not exist', wire: '0e', reason: 'unknown-type' },
    { what: 'several messages in one', wire: '07 01', reason: 'unknown-type' },
    { what: 'a message of datagrams', wire: '0b 81 a55365714e6f 01', reason: 'unknown-type' },
    { what: 'more members than there can be', wire: header('d200002001'), reason: 'too-large' },
    { what: 'a negative number of members', wire: header('ff'), reason: 'malformed' },
    { what: 'more user state than there can be', wire: header('00', 'd200010001'), reason: 'too-large' },
    {
      what: 'a user message that is too long',
      wire: '08 81 aa557365724d73674c656e d200100001',
      reason: 'too-large',
    },
    { what: 'no struct', wire: '06 05', reason: 'malformed' },
    { what: 'an error that is no text', wire: '0d 81 a54572726f72 05', reason: 'malformed' },
    { what: 'a length that is no number', wire: '08 81 aa557365724d73674c656e c3', reason: 'malformed' },
    {
      what: 'a compression that holds half a message',
      wire: hexOf(compressed(bytesOf('02 82'))),
      reason: 'malformed',
    },
    {
      what: 'a compression that holds nothing',
      wire: hexOf(compressed(new Uint8Array())),
      reason: 'malformed',
    },
    {
      what: 'compression in compression',
      wire: hexOf(compressed(compressed(bytesOf('0280')))),
      reason: 'unknown-type',
    },
  ];
  for (const { what, wire, reason } of refused) {
    it(`is refused: ${what}`, () => expect(decode(plain, bytesOf(wire))).toEqual({ ok: false, reason }));
  }

  it('is refused at its first byte when it is not encrypted and has to be', () => {
    expect(decode(sealed, Uint8Array.of(6))).toEqual({ ok: false, reason: 'plaintext' });
  });

  it('is refused when a bit was changed, of the length too', () => {
    const bytes = sealed.encode({ type: 'ack', seqNo: 1 });
    for (let i = 5; i < bytes.length; i++) {
      const changed = bytes.slice();
      changed[i]! ^= 1;
      expect(decode(sealed, changed)).toEqual({ ok: false, reason: 'decryption' });
    }
    const shorter = bytes.slice();
    shorter[4]! -= 1;
    expect(decode(sealed, shorter)).toEqual({ ok: false, reason: 'decryption' });
  });

  it('is refused before its bytes are there when it promises too many', () => {
    expect(decode(sealed, bytesOf('0a 00100001'))).toEqual({ ok: false, reason: 'too-large' });
    expect(decode(sealed, bytesOf('0a ffffffff'))).toEqual({ ok: false, reason: 'too-large' });
  });

  it('is refused when it would become too large', () => {
    const bomb = compressed(new Uint8Array(MAX_STREAM_MESSAGE + 1));
    expect(bomb.length).toBeLessThan(4000);
    expect(decode(plain, bomb)).toEqual({ ok: false, reason: 'too-large' });
  });

  it('is refused when it never ends', () => {
    const endless = plain.decoder();
    expect(endless.push(bytesOf('0d 81 a54572726f72 dbffffffff'))).toEqual({ ok: true, value: undefined });
    let result = endless.push(new Uint8Array(1));
    for (let held = 0; result.ok && held <= 2 * MAX_STREAM_MESSAGE; held += 65_536) {
      result = endless.push(new Uint8Array(65_536));
    }
    expect(result).toEqual({ ok: false, reason: 'too-large' });
  });

  it('is refused when one member never ends', () => {
    const decoder = plain.decoder();
    decoder.push(bytesOf(header('01') + '81 a44d657461 dbffffffff'));
    expect(decoder.push(new Uint8Array(20_000))).toEqual({ ok: false, reason: 'too-large' });
  });
});

/** Encrypts `inside` as it is: the codec itself never compresses. */
function sealAround(inside: Uint8Array): Uint8Array {
  const length = inside.length + 29;
  const head = Uint8Array.of(10, length >>> 24, length >>> 16, length >>> 8, length);
  const keyring = createKeyring({ key: metallbKey(Buffer.from('secret')), nonce: () => new Uint8Array(12) });
  return Uint8Array.from([...head, ...keyring.seal(inside, head)]);
}
