import { metallbKey } from '../../../../../speaker/src/wire/memberlist/keyring.js';
import type { Ack, GossipMessage } from '../../../../../speaker/src/wire/memberlist/messages.js';
import { writeStruct } from '../../../../../speaker/src/wire/memberlist/msgpack.js';
import { createPacketCodec, MAX_MESSAGES } from '../../../../../speaker/src/wire/memberlist/packet.js';
import { bytesOf, hexOf } from '../../../../support/hex.ts';
import { compressLzw } from '../../../../support/lzw.ts';
import { VECTORS } from './vectors.ts';

const plain = createPacketCodec();
const sealed = createPacketCodec({
  key: metallbKey(Buffer.from('secret')),
  nonce: () => new Uint8Array(12).fill(3),
});

const all = VECTORS.map(({ message }) => message);
const ack = (seqNo: number): Ack => ({ type: 'ack', seqNo });
const carries = (...messages: GossipMessage[]) => ({ ok: true, value: { messages, faults: [] } });
const compressed = (inside: Uint8Array) =>
  Uint8Array.from([9, ...writeStruct({ Algo: 0, Buf: compressLzw(inside) })]);

describe('a packet', () => {
  for (const { name, wire, message } of VECTORS) {
    it(`is ${name}, as Go writes it`, () => {
      const bytes = bytesOf(wire);
      expect(hexOf(plain.encode([message]))).toBe(hexOf(bytes));
      expect(plain.decode(bytes)).toEqual(carries(message));
      expect(plain.sizeOf(message)).toBe(bytes.length + 2);
    });

    it(`is nothing when ${name} is cut off anywhere`, () => {
      if (message.type === 'user') return;
      const bytes = bytesOf(wire);
      for (let length = 0; length < bytes.length; length++) {
        expect(plain.decode(bytes.subarray(0, length))).toEqual({ ok: false, reason: 'truncated' });
      }
    });
  }

  it('is several messages in one, as Go writes them', () => {
    const wire = '07 02 0012 0009 02 82 a75061796c6f6164 c0 a55365714e6f 01 0b 81 a55365714e6f 01';
    const two: GossipMessage[] = [ack(1), { type: 'nack', seqNo: 1 }];
    expect(hexOf(plain.encode(two))).toBe(hexOf(bytesOf(wire)));
    expect(plain.decode(bytesOf(wire))).toEqual(carries(...two));
  });

  for (const [name, codec] of [['in plain', plain] as const, ['encrypted', sealed] as const]) {
    for (const crc of [false, true]) {
      it(`comes back ${name}, ${crc ? 'with' : 'without'} a checksum`, () => {
        expect(codec.decode(codec.encode(all, { crc }))).toEqual(carries(...all));
      });
    }
  }

  it('has the checksum in front of what it is of', () => {
    expect(hexOf(plain.encode([{ type: 'user', bytes: Buffer.from('8') }], { crc: true }))).toBe(
      '0c' + 'a1022069' + '0838',
    );
  });

  it('is encrypted with the version and the nonce in front', () => {
    const bytes = sealed.encode([ack(1)]);
    expect(hexOf(bytes.subarray(0, 13))).toBe('01' + '03'.repeat(12));
    expect(bytes).toHaveLength(plain.encode([ack(1)]).length + 29);
  });

  it('is read when it is compressed, alone or inside of a checksum', () => {
    expect(plain.decode(compressed(plain.encode(all)))).toEqual(carries(...all));
    expect(plain.decode(compressed(plain.encode([ack(1)])))).toEqual(carries(ack(1)));
  });

  it('holds as many messages as its capacity says', () => {
    for (const codec of [plain, sealed]) {
      const messages: GossipMessage[] = [];
      for (let left = codec.capacity; left >= codec.sizeOf(ack(1)); left -= codec.sizeOf(ack(1))) {
        messages.push(ack(1));
      }
      const size = codec.encode(messages, { crc: true }).length;
      expect(size).toBeLessThanOrEqual(1400);
      expect(size + codec.sizeOf(ack(1))).toBeGreaterThan(1400);
    }
  });

  it('cannot be made of no message, of too many or with an address that is none', () => {
    const many = Array.from({ length: MAX_MESSAGES }, (_, i) => ack(i));
    expect(plain.decode(plain.encode(many))).toEqual(carries(...many));
    expect(() => plain.encode([])).toThrow(RangeError);
    expect(() => plain.encode([...many, ack(0)])).toThrow(RangeError);
    const target = { type: 'indirectPing', seqNo: 1, target: 'n2', port: 1, node: 'n2', nack: true } as const;
    expect(() => plain.encode([target])).toThrow(RangeError);
  });
});

describe('a damaged packet', () => {
  it('that was cut off counts up to there', () => {
    const bytes = plain.encode([ack(1), ack(2), ack(3)]);
    expect(plain.decode(bytes.subarray(0, -1))).toEqual({
      ok: true,
      value: { messages: [ack(1), ack(2)], faults: ['truncated'] },
    });
    expect(plain.decode(bytes.subarray(0, 9))).toEqual({
      ok: true,
      value: { messages: [], faults: ['truncated', 'truncated', 'truncated'] },
    });
    expect(plain.decode(bytes.subarray(0, 7))).toEqual({ ok: false, reason: 'truncated' });
  });

  it('keeps the messages beside one that cannot be read', () => {
    const bytes = bytesOf('07 03 0001 0002 0009 ff 0281 0b 81 a55365714e6f 01');
    expect(plain.decode(bytes)).toEqual({
      ok: true,
      value: { messages: [{ type: 'nack', seqNo: 1 }], faults: ['unknown-type', 'truncated'] },
    });
  });

  const refused = [
    { what: 'nothing', wire: '', reason: 'truncated' },
    { what: 'a label', wire: 'f4 01 61 02 81 a55365714e6f 01', reason: 'label' },
    { what: 'another checksum', wire: '0c 00000000 02 81 a55365714e6f 01', reason: 'checksum' },
    { what: 'half a checksum', wire: '0c 0000', reason: 'truncated' },
    { what: 'a type that does not exist', wire: '0e 80', reason: 'unknown-type' },
    { what: 'a type of streams', wire: '06 80', reason: 'unknown-type' },
    { what: 'no struct', wire: '02 05', reason: 'malformed' },
    { what: 'a negative number', wire: '02 81 a55365714e6f ff', reason: 'malformed' },
    {
      what: 'a number that is too large',
      wire: '02 81 a55365714e6f cf0000000100000000',
      reason: 'malformed',
    },
    { what: 'a number that is a text', wire: '02 81 a55365714e6f a131', reason: 'malformed' },
    { what: 'a name that is no text', wire: '00 81 a44e6f6465 a2ff61', reason: 'malformed' },
    { what: 'a name that is a number', wire: '00 81 a44e6f6465 05', reason: 'malformed' },
    { what: 'an address of five bytes', wire: '04 81 a441646472 a50102030405', reason: 'malformed' },
    { what: 'no address', wire: '04 81 a44e6f6465 a26e31', reason: 'malformed' },
    { what: 'three versions', wire: '04 82 a441646472 a40a000001 a356736e a3010502', reason: 'malformed' },
    {
      what: 'a truth that is a number',
      wire: '01 82 a44e61636b 01 a6546172676574 a40a000003',
      reason: 'malformed',
    },
    { what: 'an unknown compression', wire: '09 82 a4416c676f 01 a3427566 a3000302', reason: 'compression' },
    { what: 'a broken compression', wire: '09 82 a4416c676f 00 a3427566 a20003', reason: 'compression' },
  ];
  for (const { what, wire, reason } of refused) {
    it(`is refused: ${what}`, () => {
      expect(plain.decode(bytesOf(wire))).toEqual({ ok: false, reason });
    });
  }

  it('is refused when it is compressed twice, or several in several', () => {
    const twice = compressed(compressed(plain.encode([ack(1)])));
    expect(plain.decode(twice)).toEqual({ ok: false, reason: 'unknown-type' });
    const inner = plain.encode([ack(1), ack(2)]);
    const outer = Uint8Array.from([7, 1, 0, inner.length, ...inner]);
    expect(plain.decode(outer)).toEqual({ ok: true, value: { messages: [], faults: ['unknown-type'] } });
  });

  it('is refused when it would become larger than any datagram', () => {
    expect(plain.decode(compressed(new Uint8Array(70_000)))).toEqual({ ok: false, reason: 'too-large' });
  });

  it('is refused with a key when it has none, another one, or a bit that was changed', () => {
    const decryption = { ok: false, reason: 'decryption' };
    expect(sealed.decode(plain.encode(all))).toEqual(decryption);
    const other = createPacketCodec({
      key: metallbKey(Buffer.from('other')),
      nonce: () => new Uint8Array(12),
    });
    expect(sealed.decode(other.encode(all))).toEqual(decryption);
    const bytes = sealed.encode([ack(1)]);
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice();
      changed[i]! ^= 1;
      expect(sealed.decode(changed)).toEqual(decryption);
      expect(sealed.decode(bytes.subarray(0, i)).ok).toBe(false);
    }
  });
});

describe('a lenient reader', () => {
  it('takes fields in any order, of any family and more of them than it knows', () => {
    const wire = `00 84 a55365714e6f d20000012c a3466f6f 93010203 a44e6f6465 d9026e32 a6506c7573c0 cb0000000000000000`;
    expect(plain.decode(bytesOf(wire.replace('a6506c7573c0', 'a4506c7573')))).toEqual(
      carries({ type: 'ping', seqNo: 300, node: 'n2' }),
    );
  });

  it('takes what is absent or nil for the zero of its type', () => {
    expect(plain.decode(bytesOf('02 80'))).toEqual(carries(ack(0)));
    expect(plain.decode(bytesOf('00 82 a44e6f6465 c0 aa536f7572636541646472 c0'))).toEqual(
      carries({ type: 'ping', seqNo: 0, node: '' }),
    );
    expect(plain.decode(bytesOf('04 82 a441646472 a40a000001 a356736e c0'))).toMatchObject({
      value: { messages: [{ versions: [0, 0, 0, 0, 0, 0] }] },
    });
  });

  it('ignores what follows the struct, as Go does', () => {
    expect(plain.decode(bytesOf('0b 81 a55365714e6f 01 ffff'))).toEqual(carries({ type: 'nack', seqNo: 1 }));
  });

  it('copies what it keeps, so that the datagram may be used again', () => {
    const bytes = bytesOf('08 0102');
    const packet = plain.decode(bytes);
    bytes.fill(0xff);
    expect(packet).toEqual(carries({ type: 'user', bytes: Uint8Array.of(1, 2) }));
  });
});
