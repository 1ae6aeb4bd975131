/** A member's address between bytes and {@link MemberAddress}. */
import { AddressError, formatAddress, parseAddress } from '@metallb-l2/sdk/models';
import type { MemberAddress } from './messages.js';

const MAPPED_PREFIX = '::ffff:';
const MAPPED_BITS = 0xffffn << 32n;

/** The text of 4 or 16 bytes; `undefined` for any other number of them. */
export function readMemberAddress(bytes: Uint8Array): MemberAddress | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const isMapped = value >> 32n === MAPPED_BITS >> 32n;
  return isMapped ? MAPPED_PREFIX + formatAddress(4, value & 0xffffffffn) : formatAddress(6, value);
}

/** @throws RangeError when `address` is none */
export function memberAddressBytes(address: MemberAddress): Uint8Array {
  // Nearly all of them, and one in each ping: without big numbers.
  const parts = address.split('.');
  if (parts.length === 4 && parts.every(isByte)) return Uint8Array.from(parts, Number);
  try {
    const mapped = address.startsWith(MAPPED_PREFIX) && address.includes('.');
    const { family, value } = parseAddress(mapped ? address.slice(MAPPED_PREFIX.length) : address);
    const length = family === 6 || mapped ? 16 : 4;
    const bits = mapped ? MAPPED_BITS | value : value;
    return Uint8Array.from({ length }, (_, i) => Number((bits >> BigInt((length - 1 - i) * 8)) & 0xffn));
  } catch (error) {
    throw error instanceof AddressError ? new RangeError(error.message, { cause: error }) : error;
  }
}

/** Whether `text` is a number from 0 to 255 as one writes it. */
function isByte(text: string): boolean {
  const value = Number(text);
  return value >= 0 && value <= 0xff && String(value) === text;
}
