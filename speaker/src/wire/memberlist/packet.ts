/**
 * Datagrams. From outside to inside: encryption, checksum, compression, several messages in one, a message.
 * All but the last are optional, and senders use them as they like.
 */
import type { Decoded } from '../decoded.js';
import { decompress } from './compressed.js';
import { crc32 } from './crc32.js';
import type { MemberlistFault } from './fault.js';
import { decodeGossipMessage, encodeGossipMessage } from './gossip-message.js';
import { createKeyring, type KeyringOptions, SEAL_LENGTH } from './keyring.js';
import { MESSAGE_TYPE } from './message-type.js';
import type { GossipMessage } from './messages.js';
import { concat } from './msgpack.js';

/** What a datagram carried; a message that cannot be read does not spoil the others. */
interface Packet {
  readonly messages: readonly GossipMessage[];
  /** One for each message that was left out. */
  readonly faults: readonly MemberlistFault[];
}

export interface PacketCodec {
  /** Bytes there are for messages in one datagram of 1400 bytes, counted by {@link sizeOf}. */
  readonly capacity: number;
  /** Bytes that `message` takes in a datagram with others. */
  sizeOf(message: GossipMessage): number;
  /**
   * Writes one datagram.
   *
   * @param options.crc adds a checksum, as Go does towards a member whose `pMax` it knows to be 5 or more
   * @throws RangeError for no message or more than {@link MAX_MESSAGES}, or an address that is none
   */
  encode(messages: readonly GossipMessage[], options?: { readonly crc?: boolean }): Uint8Array;
  decode(datagram: Uint8Array): Decoded<Packet, MemberlistFault>;
}

/** Messages in one datagram: their number is a byte. */
export const MAX_MESSAGES = 255;

/** memberlist's `UDPBufferSize`: fits an Ethernet frame, IPv6 and UDP headers included. */
const DATAGRAM_LENGTH = 1400;
/** Type and checksum. */
const CHECKSUM_HEADER = 5;
/** Type and number of messages. */
const COMPOUND_HEADER = 2;
/** Length of one message. */
const COMPOUND_ENTRY = 2;
/** No datagram is longer, so none was before it was compressed. */
const MAX_DECOMPRESSED = 65_535;

const NO_CONTEXT = new Uint8Array();

/** @throws RangeError when the key has a length that AES does not have */
export function createPacketCodec(encryption?: KeyringOptions): PacketCodec {
  const keyring = encryption && createKeyring(encryption);
  return {
    capacity: DATAGRAM_LENGTH - (keyring ? SEAL_LENGTH : 0) - CHECKSUM_HEADER - COMPOUND_HEADER,
    sizeOf: (message) => encodeGossipMessage(message).length + COMPOUND_ENTRY,
    encode: (messages, { crc = false } = {}) => {
      const body = writeCompound(messages.map(encodeGossipMessage));
      const plain = crc ? withChecksum(body) : body;
      return keyring ? keyring.seal(plain, NO_CONTEXT) : plain;
    },
    decode: (datagram) => {
      if (datagram.length === 0) return { ok: false, reason: 'truncated' };
      // No version of the encryption has the label's number, so this cannot be an encrypted datagram.
      if (datagram[0] === MESSAGE_TYPE.label) return { ok: false, reason: 'label' };
      const plain = keyring ? keyring.open(datagram, NO_CONTEXT) : { ok: true as const, value: datagram };
      if (!plain.ok) return plain;
      const checked = checkChecksum(plain.value);
      return checked.ok ? readBody(checked.value) : checked;
    },
  };
}

/** A single message stands for itself. */
function writeCompound(bodies: readonly Uint8Array[]): Uint8Array {
  const [only] = bodies;
  if (only === undefined || bodies.length > MAX_MESSAGES) {
    throw new RangeError(`${bodies.length} messages for a datagram, which takes 1 to ${MAX_MESSAGES}`);
  }
  if (bodies.length === 1) return only;
  const header = new Uint8Array(COMPOUND_HEADER + bodies.length * COMPOUND_ENTRY);
  header.set([MESSAGE_TYPE.compound, bodies.length]);
  bodies.forEach(({ length }, i) => header.set([length >> 8, length], COMPOUND_HEADER + i * COMPOUND_ENTRY));
  return concat([header, ...bodies]);
}

function withChecksum(body: Uint8Array): Uint8Array {
  const crc = crc32(body);
  return concat([Uint8Array.of(MESSAGE_TYPE.checksum, crc >>> 24, crc >>> 16, crc >>> 8, crc), body]);
}

function checkChecksum(bytes: Uint8Array): Decoded<Uint8Array, MemberlistFault> {
  if (bytes[0] !== MESSAGE_TYPE.checksum) return { ok: true, value: bytes };
  if (bytes.length < CHECKSUM_HEADER) return { ok: false, reason: 'truncated' };
  const expected = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  const body = bytes.subarray(CHECKSUM_HEADER);
  return crc32(body) === expected ? { ok: true, value: body } : { ok: false, reason: 'checksum' };
}

/** Compression is around everything, and several messages in one are not nested: no sender does otherwise. */
function readBody(body: Uint8Array): Decoded<Packet, MemberlistFault> {
  let plain = body;
  if (body[0] === MESSAGE_TYPE.compressed) {
    const inside = decompress(body, MAX_DECOMPRESSED);
    if (!inside.ok) return inside;
    plain = inside.value;
  }
  if (plain[0] === MESSAGE_TYPE.compound) return readCompound(plain);
  const message = decodeGossipMessage(plain);
  return message.ok ? { ok: true, value: { messages: [message.value], faults: [] } } : message;
}

/** A datagram that was cut off still counts up to there. */
function readCompound(body: Uint8Array): Decoded<Packet, MemberlistFault> {
  const messages: GossipMessage[] = [];
  const faults: MemberlistFault[] = [];
  const count = body[1] ?? 0;
  let offset = COMPOUND_HEADER + count * COMPOUND_ENTRY;
  if (body.length < offset) return { ok: false, reason: 'truncated' };
  for (let i = 0; i < count; i++) {
    const at = COMPOUND_HEADER + i * COMPOUND_ENTRY;
    const end = offset + (((body[at] as number) << 8) | (body[at + 1] as number));
    if (end > body.length) {
      for (let lost = i; lost < count; lost++) faults.push('truncated');
      break;
    }
    const message = decodeGossipMessage(body.subarray(offset, end));
    if (message.ok) messages.push(message.value);
    else faults.push(message.reason);
    offset = end;
  }
  return { ok: true, value: { messages, faults } };
}
