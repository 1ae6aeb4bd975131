import { createHash } from 'node:crypto';
import { decompressLzw } from '../../../../../speaker/src/wire/memberlist/lzw.js';
import { bytesOf, hexOf } from '../../../../support/hex.ts';
import { compressLzw } from '../../../../support/lzw.ts';
import { randomBytesFrom, seededRandom } from '../../../../support/seeded-random.ts';

/** What Go 1.26 wrote. */
const FROM_GO = [
  { text: '', wire: '000302' },
  { text: 'a', wire: '00c30404' },
  { text: 'aaaaaaaaaaaa', wire: '00c3081c48506040' },
  { text: 'TOBEORNOTTOBEORTOBEORNOT', wire: '00a93c1152e48914274fa80824687061c183090302' },
];

describe('decompressLzw', () => {
  for (const { text, wire } of FROM_GO) {
    it(`reads what Go writes for "${text}"`, () => {
      const result = decompressLzw(bytesOf(wire), 1000);
      expect(result.ok && Buffer.from(result.value).toString()).toBe(text);
      expect(hexOf(compressLzw(Buffer.from(text)))).toBe(wire);
    });
  }

  /** Needs codes of every width, and a table that is cleared several times. */
  function longInput(): Uint8Array {
    let x = 1;
    return Uint8Array.from({ length: 40_000 }, () => {
      x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
      return (x >>> 28) * 7;
    });
  }

  it('reads a long stream, whose table is cleared when it is full', () => {
    const compressed = compressLzw(longInput());
    expect(createHash('sha256').update(compressed).digest('hex')).toBe(
      'aef35e3a324d12bc229ddce18b26451abfa326f962b90aac4d059f9b47b528ef', // of what Go wrote
    );
    expect(decompressLzw(compressed, 40_000)).toEqual({ ok: true, value: longInput() });
  });

  it('gives back no more than its limit', () => {
    const bomb = compressLzw(new Uint8Array(1_000_000));
    expect(bomb.length).toBeLessThan(3000);
    expect(decompressLzw(bomb, 999_999)).toEqual({ ok: false, reason: 'too-large' });
    expect(decompressLzw(bomb, 1_000_000).ok).toBe(true);
  });

  it('refuses a stream that ends early, at every byte', () => {
    const compressed = compressLzw(longInput().subarray(0, 600));
    for (let length = 0; length < compressed.length; length++) {
      expect(decompressLzw(compressed.subarray(0, length), 1000)).toEqual({
        ok: false,
        reason: 'compression',
      });
    }
  });

  it('refuses a code that stands for nothing yet', () => {
    // 256 clears, then 300, in 9 bits each.
    expect(decompressLzw(Uint8Array.of(0x00, 0x59, 0x02, 0x00), 10)).toEqual({
      ok: false,
      reason: 'compression',
    });
  });

  it('never throws on random or damaged bytes, nor gives more than its limit', () => {
    const next = randomBytesFrom(257);
    const random = seededRandom(258);
    const valid = compressLzw(longInput().subarray(0, 2000));
    let read = 0;
    for (let round = 0; round < 20_000; round++) {
      const bytes = round % 2 === 0 ? next(round % 200) : valid.slice(0, 200);
      if (round % 2 === 1) bytes[Math.floor(random() * 200)] = round & 0xff;
      const result = decompressLzw(bytes, 500);
      if (!result.ok) continue;
      read++;
      expect(result.value.length).toBeLessThanOrEqual(500);
    }
    expect(read).toBeGreaterThan(0);
  });
});
