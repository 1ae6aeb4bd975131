/** TCP: one message each way on a connection, encrypted and compressed as a whole or not at all. */
import type { Decoded } from '../decoded.js';
import { decompress } from './compressed.js';
import type { MemberlistFault } from './fault.js';
import { decodeGossipMessage, encodeGossipMessage } from './gossip-message.js';
import { createKeyring, type Keyring, type KeyringOptions, SEAL_LENGTH } from './keyring.js';
import { MESSAGE_TYPE } from './message-type.js';
import type { StreamMessage } from './messages.js';
import { concat, readStruct, writeStruct } from './msgpack.js';
import { encodePushPull, PushPullReader } from './push-pull.js';
import { StructReader } from './struct-reader.js';

export interface StreamCodec {
  /** @throws RangeError when an address is none */
  encode(message: StreamMessage): Uint8Array;
  /** A decoder for one connection. */
  decoder(): StreamDecoder;
}

/** Reads the one message that comes over a connection. */
interface StreamDecoder {
  /** One for each member of a push-pull that could not be read and was left out. */
  readonly faults: readonly MemberlistFault[];
  /**
   * Takes the next bytes. Not to be called again after a message or a fault.
   *
   * @returns the message when it is complete, `undefined` while more is needed
   */
  push(bytes: Uint8Array): Decoded<StreamMessage | undefined, MemberlistFault>;
}

/**
 * Bytes of one message, before and after decompression. Go stops at 20 MiB; this holds some 8,000 members,
 * and whoever connects without the key can make this program hold no more.
 */
export const MAX_STREAM_MESSAGE = 1024 * 1024;

/** Type and length of what is encrypted; both are authenticated with it. */
const SEALED_HEADER = 5;

/** @throws RangeError when the key has a length that AES does not have */
export function createStreamCodec(encryption?: KeyringOptions): StreamCodec {
  const keyring = encryption && createKeyring(encryption);
  return {
    encode: (message) => {
      const plain = encodeMessage(message);
      return keyring ? seal(keyring, plain) : plain;
    },
    decoder: () => new Decoder(keyring),
  };
}

function encodeMessage(message: StreamMessage): Uint8Array {
  const type = Uint8Array.of(MESSAGE_TYPE[message.type]);
  switch (message.type) {
    case 'pushPull':
      return concat([type, encodePushPull(message)]);
    case 'error':
      return concat([type, writeStruct({ Error: message.message })]);
    case 'user':
      return concat([type, writeStruct({ UserMsgLen: { int: message.bytes.length } }), message.bytes]);
    case 'ping':
    case 'ack':
      return encodeGossipMessage(message);
  }
}

function seal(keyring: Keyring, plain: Uint8Array): Uint8Array {
  const length = plain.length + SEAL_LENGTH;
  const header = Uint8Array.of(MESSAGE_TYPE.encrypted, length >>> 24, length >>> 16, length >>> 8, length);
  return concat([header, keyring.seal(plain, header)]);
}

type Result = Decoded<StreamMessage, MemberlistFault>;

class Decoder implements StreamDecoder {
  readonly #keyring: Keyring | undefined;
  readonly #received = new GrowingBytes();
  readonly #pushPull = new PushPullReader();

  constructor(keyring: Keyring | undefined) {
    this.#keyring = keyring;
  }

  get faults(): readonly MemberlistFault[] {
    return this.#pushPull.faults;
  }

  push(bytes: Uint8Array): Decoded<StreamMessage | undefined, MemberlistFault> {
    if (bytes.length === 0) return { ok: true, value: undefined };
    this.#received.append(bytes);
    const result = this.#read(this.#received.bytes);
    if (result.ok || result.reason !== 'truncated') return result;
    if (this.#received.bytes.length > MAX_STREAM_MESSAGE) return { ok: false, reason: 'too-large' };
    return { ok: true, value: undefined };
  }

  #read(bytes: Uint8Array): Result {
    if (bytes[0] === MESSAGE_TYPE.label) return { ok: false, reason: 'label' };
    if (bytes[0] !== MESSAGE_TYPE.encrypted) {
      return this.#keyring ? { ok: false, reason: 'plaintext' } : this.#readPlain(bytes);
    }
    if (!this.#keyring) return { ok: false, reason: 'ciphertext' };
    const sealed = unwrap(bytes);
    if (!sealed.ok) return sealed;
    const plain = this.#keyring.open(sealed.value, bytes.subarray(0, SEALED_HEADER));
    return plain.ok ? whole(this.#readPlain(plain.value)) : plain;
  }

  #readPlain(bytes: Uint8Array): Result {
    if (bytes[0] !== MESSAGE_TYPE.compressed) return this.#readMessage(bytes);
    const inside = decompress(bytes, MAX_STREAM_MESSAGE);
    return inside.ok ? whole(this.#readMessage(inside.value)) : inside;
  }

  #readMessage(bytes: Uint8Array): Result {
    switch (bytes[0]) {
      case undefined:
        return { ok: false, reason: 'truncated' };
      case MESSAGE_TYPE.pushPull:
        return this.#pushPull.read(bytes.subarray(1));
      case MESSAGE_TYPE.user:
        return readUser(bytes);
      case MESSAGE_TYPE.error:
        return readError(bytes);
      default:
        return readPingOrAck(bytes);
    }
  }
}

function readPingOrAck(bytes: Uint8Array): Result {
  const message = decodeGossipMessage(bytes);
  if (!message.ok) return message;
  const { value } = message;
  if (value.type === 'ping' || value.type === 'ack') return { ok: true, value };
  return { ok: false, reason: 'unknown-type' };
}

/** What came in an envelope is all there is: more bytes of the connection do not complete it. */
function whole(result: Result): Result {
  return !result.ok && result.reason === 'truncated' ? { ok: false, reason: 'malformed' } : result;
}

function unwrap(bytes: Uint8Array): Decoded<Uint8Array, MemberlistFault> {
  if (bytes.length < SEALED_HEADER) return { ok: false, reason: 'truncated' };
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  if (length > MAX_STREAM_MESSAGE) return { ok: false, reason: 'too-large' };
  const sealed = bytes.subarray(SEALED_HEADER, SEALED_HEADER + length);
  return sealed.length === length ? { ok: true, value: sealed } : { ok: false, reason: 'truncated' };
}

function readUser(bytes: Uint8Array): Result {
  const header = readStruct(bytes, 1);
  if (!header.ok) return header;
  const fields = new StructReader(header.value.fields);
  const length = fields.uint32('UserMsgLen');
  if (!fields.valid) return { ok: false, reason: 'malformed' };
  if (length > MAX_STREAM_MESSAGE) return { ok: false, reason: 'too-large' };
  const content = bytes.slice(header.value.end, header.value.end + length);
  if (content.length < length) return { ok: false, reason: 'truncated' };
  return { ok: true, value: { type: 'user', bytes: content } };
}

function readError(bytes: Uint8Array): Result {
  const struct = readStruct(bytes, 1);
  if (!struct.ok) return struct;
  const fields = new StructReader(struct.value.fields);
  const message = fields.text('Error');
  return fields.valid ? { ok: true, value: { type: 'error', message } } : { ok: false, reason: 'malformed' };
}

/** Bytes in one piece, however small the pieces they come in. */
class GrowingBytes {
  #buffer = new Uint8Array(4096);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(length * 2);
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }
}
