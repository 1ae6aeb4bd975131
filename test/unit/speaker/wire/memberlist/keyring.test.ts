import {
  createKeyring,
  metallbKey,
  SEAL_LENGTH,
} from '../../../../../speaker/src/wire/memberlist/keyring.js';
import { hexOf } from '../../../../support/hex.ts';

const HASH_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const CONTEXT = Uint8Array.of(10, 0, 0, 0, 30);

describe('metallbKey', () => {
  const cases = [
    { secret: 'short', key: '73686f7274' + HASH_OF_NOTHING.slice(0, 54) },
    // What upstream's controller makes: 16 random bytes as 22 characters of base64.
    { secret: 'AAAAAAAAAAAAAAAAAAAAAA', key: '41'.repeat(22) + 'e3b0c44298fc1c149afb' },
    { secret: 'x'.repeat(40), key: '78'.repeat(32) },
    { secret: 'é', key: 'c3a9' + HASH_OF_NOTHING.slice(0, 60) },
  ];
  for (const { secret, key } of cases) {
    it(`repeats upstream's slip for "${secret}"`, () => {
      expect(hexOf(metallbKey(Buffer.from(secret)))).toBe(key);
    });
  }
});

describe('a keyring', () => {
  const nonce = () => new Uint8Array(12).fill(5);
  const keyring = createKeyring({ key: metallbKey(Buffer.from('secret')), nonce });
  const plain = new Uint8Array(Buffer.from('SWIM'));

  for (const length of [16, 24, 32]) {
    it(`opens what it sealed with a key of ${length} bytes`, () => {
      const ring = createKeyring({ key: new Uint8Array(length).fill(1), nonce });
      const sealed = ring.seal(plain, CONTEXT);
      expect(sealed).toHaveLength(plain.length + SEAL_LENGTH);
      expect(hexOf(sealed.subarray(0, 13))).toBe('01' + '05'.repeat(12));
      expect(ring.open(sealed, CONTEXT)).toEqual({ ok: true, value: plain });
    });
  }

  it('has no use for a key of another length', () => {
    expect(() => createKeyring({ key: new Uint8Array(31), nonce })).toThrow('a key of 31 bytes');
  });

  it('refuses another key, another context, a changed bit anywhere and a cut anywhere', () => {
    const sealed = keyring.seal(plain, CONTEXT);
    const refused = { ok: false, reason: 'decryption' };
    const other = createKeyring({ key: metallbKey(Buffer.from('other')), nonce });
    expect(other.open(sealed, CONTEXT)).toEqual(refused);
    expect(keyring.open(sealed, new Uint8Array())).toEqual(refused);
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.slice();
      changed[i]! ^= 0x80;
      expect(keyring.open(changed, CONTEXT)).toEqual(refused);
      expect(keyring.open(sealed.subarray(0, i), CONTEXT)).toEqual(refused);
    }
  });

  it('refuses any other version, the one with padding too', () => {
    const sealed = keyring.seal(plain, CONTEXT);
    for (const version of [0, 2, 255]) {
      expect(keyring.open(Uint8Array.from([version, ...sealed.subarray(1)]), CONTEXT).ok).toBe(false);
    }
  });
});
