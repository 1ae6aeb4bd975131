import { decodeEthernet, encodeEthernet } from '../../../../speaker/src/wire/ethernet.js';
import { randomBytesFrom } from '../../../support/seeded-random.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('decodeEthernet and encodeEthernet', () => {
  const wire = bytes('ffffffffffff 020000000001 0806 0102');
  const frame = {
    destination: 'ff:ff:ff:ff:ff:ff',
    source: '02:00:00:00:00:01',
    etherType: 0x0806,
    payload: bytes('0102'),
  };

  it('agree on a frame', () => {
    expect(encodeEthernet(frame)).toEqual(wire);
    expect(decodeEthernet(wire)).toEqual({ ok: true, value: frame });
  });

  it('refuse a frame without a whole header', () => {
    expect(decodeEthernet(wire.subarray(0, 13))).toEqual({ ok: false, reason: 'short-frame' });
  });

  it('refuse a frame whose type is a length', () => {
    const frame802 = bytes('ffffffffffff 020000000001 0040 aaaa');
    expect(decodeEthernet(frame802)).toEqual({ ok: false, reason: 'length-field' });
  });

  it('never throw on random bytes, and what decodes encodes to itself', () => {
    const next = randomBytesFrom(802);
    for (let round = 0; round < 2000; round++) {
      const random = next(round % 64);
      const result = decodeEthernet(random);
      if (result.ok) expect(encodeEthernet(result.value)).toEqual(random);
    }
  });
});

describe('encodeEthernet', () => {
  it('refuses a type that would read as a length', () => {
    const frame = { destination: '02:00:00:00:00:01', source: '02:00:00:00:00:02', payload: bytes('') };
    expect(() => encodeEthernet({ ...frame, etherType: 0x05ff })).toThrow('outside 0x0600..0xffff');
  });
});
