/** Encryption of the gossip: AES-GCM with a shared key, a version byte and a nonce in front. */
import { createCipheriv, createDecipheriv, createHash, createSecretKey } from 'node:crypto';
import type { Decoded } from '../decoded.js';

export interface KeyringOptions {
  /** 16, 24 or 32 bytes: AES-128, AES-192 or AES-256. */
  readonly key: Uint8Array;
  /** Gives 12 bytes that were not used with this key before: from the system's randomness. */
  readonly nonce: () => Uint8Array;
}

export interface Keyring {
  /** Encrypts; `context` is not sent along, but the other side needs the same to decrypt. */
  seal(plain: Uint8Array, context: Uint8Array): Uint8Array;
  open(sealed: Uint8Array, context: Uint8Array): Decoded<Uint8Array, 'decryption'>;
}

/** Bytes that encryption adds. */
export const SEAL_LENGTH = 29;

const VERSION_LENGTH = 1;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
/**
 * Version 0, which pads its text, is not taken: members have sent version 1 since 2014, and the version byte
 * is not authenticated, so that a changed one would make a genuine message be read as a shorter one.
 */
const VERSION = 1;

const CIPHERS = { 16: 'aes-128-gcm', 24: 'aes-192-gcm', 32: 'aes-256-gcm' } as const;

/**
 * The key upstream's speakers use for `secret`. They mean its SHA-256, but ask Go's `Sum` for it, which
 * appends the hash of nothing to its argument: the key is the first 32 bytes of that.
 */
export function metallbKey(secret: Uint8Array): Uint8Array {
  const hashOfNothing = createHash('sha256').digest();
  return new Uint8Array(Buffer.concat([secret, hashOfNothing]).subarray(0, 32));
}

/** @throws RangeError when the key has a length that AES does not have */
export function createKeyring({ key, nonce }: KeyringOptions): Keyring {
  const cipher = CIPHERS[key.length as keyof typeof CIPHERS] as (typeof CIPHERS)[32] | undefined;
  if (cipher === undefined) throw new RangeError(`a key of ${key.length} bytes; AES has 16, 24 or 32`);
  const options = { authTagLength: TAG_LENGTH };
  // Bare bytes would be made a key anew for each datagram, which takes longer than to encrypt one.
  const secret = createSecretKey(key);
  return {
    seal: (plain, context) => {
      const iv = nonce();
      const seal = createCipheriv(cipher, secret, iv, options);
      if (context.length > 0) seal.setAAD(context);
      const sealed = new Uint8Array(plain.length + SEAL_LENGTH);
      sealed[0] = VERSION;
      sealed.set(iv, VERSION_LENGTH);
      // A stream cipher gives as many bytes as it takes, at once: there are none left for the end.
      sealed.set(seal.update(plain), VERSION_LENGTH + NONCE_LENGTH);
      seal.final();
      sealed.set(seal.getAuthTag(), sealed.length - TAG_LENGTH);
      return sealed;
    },
    open: (sealed, context) => {
      const refused = { ok: false, reason: 'decryption' } as const;
      if (sealed.length < SEAL_LENGTH || sealed[0] !== VERSION) return refused;
      const iv = sealed.subarray(VERSION_LENGTH, VERSION_LENGTH + NONCE_LENGTH);
      const tag = sealed.subarray(-TAG_LENGTH);
      const open = createDecipheriv(cipher, secret, iv, options).setAuthTag(tag);
      if (context.length > 0) open.setAAD(context);
      const plain = new Uint8Array(open.update(sealed.subarray(VERSION_LENGTH + NONCE_LENGTH, -TAG_LENGTH)));
      try {
        open.final();
      } catch {
        // The only way node:crypto has to say that the tag is wrong.
        return refused;
      }
      return { ok: true, value: plain };
    },
  };
}
