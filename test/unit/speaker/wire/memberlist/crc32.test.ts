import { crc32 } from '../../../../../speaker/src/wire/memberlist/crc32.js';

it('crc32 agrees with the check value of its definition', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array())).toBe(0);
  expect(crc32(new Uint8Array(32).fill(0xff))).toBe(0xff6cab0b);
});
