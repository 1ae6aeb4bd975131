import type { Decoded } from '../wire/decoded.js';
import type { GossipMessage, StreamMessage } from '../wire/memberlist/messages.js';

/** How messages become datagrams and bytes of a stream, and back; keys, checksums and compression are its own. */
export interface GossipCodec {
  /** Bytes `message` takes in a datagram with others; an upper bound. */
  sizeOf(message: GossipMessage): number;
  encodePacket(messages: readonly GossipMessage[], options: { crc: boolean }): Uint8Array;
  decodePacket(datagram: Uint8Array): Decoded<readonly GossipMessage[], string>;
  encodeStream(message: StreamMessage): Uint8Array;
  /** Reads one message from the chunks of a stream. */
  decodeStream(chunks: AsyncIterable<Uint8Array>): Promise<Decoded<StreamMessage, string>>;
}
