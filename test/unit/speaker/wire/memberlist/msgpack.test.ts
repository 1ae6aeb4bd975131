import { readStruct, readText, writeStruct } from '../../../../../speaker/src/wire/memberlist/msgpack.js';
import { bytesOf, hexOf } from '../../../../support/hex.ts';

/** A struct with the one field `a`, whose value is `wire`. */
const withA = (wire: string) => '81 a161 ' + wire;

function readA(wire: string) {
  const struct = readStruct(bytesOf(withA(wire)), 0);
  return struct.ok ? struct.value.fields.get('a') : struct.reason;
}

describe('writeStruct', () => {
  const values = [
    { value: 0, wire: '00' },
    { value: 127, wire: '7f' },
    { value: 128, wire: 'cc80' },
    { value: 255, wire: 'ccff' },
    { value: 256, wire: 'cd0100' },
    { value: 65_535, wire: 'cdffff' },
    { value: 65_536, wire: 'ce00010000' },
    { value: 4_294_967_295, wire: 'ceffffffff' },
    { value: { int: 127 }, wire: '7f' },
    { value: { int: 200 }, wire: 'd100c8' },
    { value: { int: 32_767 }, wire: 'd17fff' },
    { value: { int: 32_768 }, wire: 'd200008000' },
    { value: false, wire: 'c2' },
    { value: true, wire: 'c3' },
    { value: null, wire: 'c0' },
    { value: '', wire: 'a0' },
    { value: 'é', wire: 'a2c3a9' },
    { value: new Uint8Array(31).fill(1), wire: 'bf' + '01'.repeat(31) },
    { value: new Uint8Array(32).fill(1), wire: 'da0020' + '01'.repeat(32) },
    { value: new Uint8Array(65_536), wire: 'db00010000' + '00'.repeat(65_536) },
  ];
  for (const { value, wire } of values) {
    it(`writes as Go does: ${wire.slice(0, 20)}`, () => {
      expect(hexOf(writeStruct({ a: value }))).toBe(withA(wire).replaceAll(' ', ''));
    });
  }

  it('sorts the fields and leaves out what is undefined', () => {
    expect(hexOf(writeStruct({ b: 2, a: 1, c: undefined }))).toBe('82a16101a16202');
  });
});

describe('readStruct', () => {
  const numbers: [wire: string, value: number | undefined][] = [
    ['7f', 127],
    ['e0', -32],
    ['ccff', 255],
    ['cd0100', 256],
    ['ceffffffff', 4_294_967_295],
    ['cf0000000100000000', 4_294_967_296],
    ['cfffffffffffffffff', undefined],
    ['d080', -128],
    ['d1ff00', -256],
    ['d200010000', 65_536],
    ['d3ffffffffffffffff', -1],
  ];
  for (const [wire, value] of numbers) it(`reads the number ${wire}`, () => expect(readA(wire)).toBe(value));

  for (const wire of ['a26869', 'd9026869', 'da00026869', 'db000000026869', 'c4026869', 'c500026869']) {
    it(`reads text and bytes of any family: ${wire}`, () => {
      const value = readA(wire);
      expect(value).toEqual(Uint8Array.of(0x68, 0x69));
      expect(readText(value as Uint8Array)).toBe('hi');
    });
  }

  it('reads the map of any size family, and says where it ends', () => {
    for (const head of ['81', 'de0001', 'df00000001']) {
      const wire = bytesOf(`ffff ${head} a161 05 99`);
      expect(readStruct(wire, 2)).toEqual({
        ok: true,
        value: { fields: new Map([['a', 5]]), end: wire.length - 1 },
      });
    }
  });

  const skipped = [
    'ca00000000',
    'cb0000000000000000',
    '93010203',
    'dc0002c0c0',
    'dd00000001c0',
    '81a16101',
    'de0001a16101',
    'df00000001a16101',
    'd400ff',
    'd80000112233445566778899aabbccddeeff',
    'c7020501ff',
    'c800010501',
    'c9000000010501',
  ];
  for (const wire of skipped) {
    it(`steps over what no field has: ${wire}`, () => {
      const struct = readStruct(bytesOf(`82 a161 ${wire} a162 07`), 0);
      expect(struct.ok && [...struct.value.fields]).toEqual([
        ['a', undefined],
        ['b', 7],
      ]);
    });
  }

  it('leaves out fields whose names are no text, are numbers or are endless', () => {
    const struct = readStruct(bytesOf(`84 a1ff 01 05 02 d9 28 ${'61'.repeat(40)} 03 a162 07`), 0);
    expect(struct.ok && [...struct.value.fields]).toEqual([['b', 7]]);
  });

  const malformed = [
    { what: 'a number', wire: '05' },
    { what: 'the byte that is never used', wire: withA('c1') },
    { what: 'lists that are too deep', wire: withA('91'.repeat(20) + 'c0') },
    { what: 'a list that is too long', wire: withA('dc0200' + 'c0'.repeat(512)) },
    { what: 'too many fields', wire: 'de0200' + 'a16100'.repeat(512) },
  ];
  for (const { what, wire } of malformed) {
    it(`refuses ${what}`, () => {
      expect(readStruct(bytesOf(wire), 0)).toEqual({ ok: false, reason: 'malformed' });
    });
  }

  it('says that more is needed, at every byte and for any length that is promised', () => {
    const wire = bytesOf('83 a161 cd0102 a162 db00000003 616263 a163 92c3 d200000001');
    for (let length = 0; length < wire.length; length++) {
      expect(readStruct(wire.subarray(0, length), 0)).toEqual({ ok: false, reason: 'truncated' });
    }
    for (const promise of ['dbffffffff', 'c6ffffffff', 'c9ffffffff00', 'ddffffffff', 'dfffffffff']) {
      expect(readA(promise)).toBe('truncated');
    }
  });
});
