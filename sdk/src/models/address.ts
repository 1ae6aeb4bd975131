/**
 * Addresses and ranges of a pool, parsed once at the edge into values. The forms are upstream's: a CIDR
 * or `first-last`; a bare address is no range. Spellings that tools read differently (leading zeros,
 * zone ids, IPv4 inside IPv6) are refused.
 */
import ipaddr from 'ipaddr.js';

/** The IP version. */
export type AddressFamily = 4 | 6;

export interface Address {
  readonly family: AddressFamily;
  /** The address as a big-endian number. */
  readonly value: bigint;
}

/** All addresses from `first` to `last`, both included. */
export interface AddressRange {
  readonly family: AddressFamily;
  readonly first: bigint;
  readonly last: bigint;
}

/** A text that is no address or no range; the message quotes it and says how to write it. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

/** @throws AddressError unless `text` is one strictly written IPv4 or IPv6 address. */
export function parseAddress(text: string): Address {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** The canonical text: dotted decimal, or RFC 5952 for IPv6. */
export function formatAddress(family: AddressFamily, value: bigint): string {
  const bytes: number[] = [];
  for (let shift = bitsOf(family) - 8; shift >= 0; shift -= 8) {
    bytes.push(Number((value >> BigInt(shift)) & 0xffn));
  }
  const address = ipaddr.fromByteArray(bytes);
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}

/**
 * The range meant by `10.0.0.0/24`, `10.0.0.1-10.0.0.9` or their IPv6 forms. Host bits of a CIDR are
 * ignored and blanks around the `-` are allowed, as upstream does.
 *
 * @throws AddressError
 */
export function parseAddressRange(text: string): AddressRange {
  const trimmed = text.trim();
  if (trimmed.includes('/')) return parseCidr(trimmed);
  const dash = trimmed.indexOf('-');
  if (dash >= 0) return parseFromTo(text, trimmed.slice(0, dash).trim(), trimmed.slice(dash + 1).trim());
  const { family } = parseAddress(trimmed);
  throw new AddressError(
    `"${text}" is a single address; write it as "${trimmed}/${String(bitsOf(family))}" to use it alone`,
  );
}

export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

export function rangeContains(range: AddressRange, address: Address): boolean {
  return range.family === address.family && range.first <= address.value && address.value <= range.last;
}

function bitsOf(family: AddressFamily): number {
  return family === 4 ? 32 : 128;
}

function parseIpv4(text: string): Address {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,10}$/.test(part))) {
    throw new AddressError(
      `"${text}" is not an IP address; write four numbers like 192.168.10.1, or an IPv6 address`,
    );
  }
  let value = 0n;
  for (const part of parts) {
    if (part.length > 1 && part.startsWith('0')) {
      throw new AddressError(
        `"${text}" has a number with a leading zero, "${part}", which some tools read as octal; write "${String(Number(part))}"`,
      );
    }
    if (Number(part) > 255) {
      throw new AddressError(`"${text}" has the number ${part}, but each must be between 0 and 255`);
    }
    value = (value << 8n) | BigInt(part);
  }
  return { family: 4, value };
}

function parseIpv6(text: string): Address {
  if (text.includes('%')) {
    throw new AddressError(`"${text}" has a zone id; leave out "${text.slice(text.indexOf('%'))}"`);
  }
  if (text.includes('.')) {
    throw new AddressError(
      `"${text}" mixes IPv4 and IPv6; write the IPv4 address alone, or the IPv6 address in hexadecimal`,
    );
  }
  if (!ipaddr.IPv6.isValid(text)) {
    throw new AddressError(
      `"${text}" is not an IPv6 address; write up to eight groups of hexadecimal digits like 2001:db8::1`,
    );
  }
  const bytes = ipaddr.IPv6.parse(text).toByteArray();
  return { family: 6, value: bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) };
}

function parseCidr(text: string): AddressRange {
  const slash = text.indexOf('/');
  const { family, value } = parseAddress(text.slice(0, slash));
  const prefix = text.slice(slash + 1);
  const bits = bitsOf(family);
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits) {
    throw new AddressError(
      `"${text}" has the prefix length "${prefix}"; for IPv${String(family)} it is a number from 0 to ${String(bits)}`,
    );
  }
  const hostMask = (1n << BigInt(bits - Number(prefix))) - 1n;
  const first = value & ~hostMask;
  return { family, first, last: first | hostMask };
}

function parseFromTo(text: string, from: string, to: string): AddressRange {
  const first = parseAddress(from);
  const last = parseAddress(to);
  if (first.family !== last.family) {
    throw new AddressError(
      `"${text}" starts with IPv${String(first.family)} and ends with IPv${String(last.family)}; write one range for each`,
    );
  }
  if (first.value > last.value) {
    throw new AddressError(`"${text}" ends before it starts; write "${to}-${from}"`);
  }
  return { family: first.family, first: first.value, last: last.value };
}
