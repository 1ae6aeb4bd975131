/** The messages of a datagram, between values and bytes: a type byte, then a struct. */
import type { Decoded } from '../decoded.js';
import type { MemberlistFault } from './fault.js';
import { memberAddressBytes } from './member-address.js';
import { MESSAGE_TYPE } from './message-type.js';
import type { Alive, Dead, GossipMessage, GossipSource, IndirectPing, Ping, Suspect } from './messages.js';
import { concat, type Field, readStruct, writeStruct } from './msgpack.js';
import { StructReader } from './struct-reader.js';

/** @throws RangeError when an address is none */
export function encodeGossipMessage(message: GossipMessage): Uint8Array {
  const type = Uint8Array.of(MESSAGE_TYPE[message.type]);
  return concat([type, message.type === 'user' ? message.bytes : writeStruct(fieldsOf(message))]);
}

/** Reads one message that fills `bytes`. What follows its struct is ignored, as Go does. */
export function decodeGossipMessage(bytes: Uint8Array): Decoded<GossipMessage, MemberlistFault> {
  if (bytes.length === 0) return { ok: false, reason: 'truncated' };
  if (bytes[0] === MESSAGE_TYPE.user) return { ok: true, value: { type: 'user', bytes: bytes.slice(1) } };
  const read = READERS.get(bytes[0] as number);
  if (!read) return { ok: false, reason: 'unknown-type' };
  const struct = readStruct(bytes, 1);
  if (!struct.ok) return struct;
  const fields = new StructReader(struct.value.fields);
  const message = read(fields);
  return fields.valid ? { ok: true, value: message } : { ok: false, reason: 'malformed' };
}

function fieldsOf(message: Exclude<GossipMessage, { type: 'user' }>): Record<string, Field | undefined> {
  switch (message.type) {
    case 'ping':
      return { Node: message.node, SeqNo: message.seqNo, ...sourceFields(message.source) };
    case 'indirectPing':
      return {
        Nack: message.nack,
        Node: message.node,
        Port: message.port,
        SeqNo: message.seqNo,
        Target: memberAddressBytes(message.target),
        ...sourceFields(message.source),
      };
    case 'ack':
      return { Payload: null, SeqNo: message.seqNo };
    case 'nack':
      return { SeqNo: message.seqNo };
    case 'suspect':
    case 'dead':
      return { From: message.from, Incarnation: message.incarnation, Node: message.node };
    case 'alive':
      return {
        Addr: memberAddressBytes(message.address),
        Incarnation: message.incarnation,
        Meta: message.meta.length === 0 ? null : message.meta,
        Node: message.node,
        Port: message.port,
        Vsn: Uint8Array.from(message.versions),
      };
  }
}

function sourceFields(source: GossipSource | undefined): Record<string, Field> {
  if (!source) return {};
  const fields = { SourceAddr: memberAddressBytes(source.address), SourcePort: source.port };
  return source.node === '' ? fields : { ...fields, SourceNode: source.node };
}

type ReadMessage = (fields: StructReader) => GossipMessage;

const READERS: ReadonlyMap<number, ReadMessage> = new Map<number, ReadMessage>([
  [MESSAGE_TYPE.ping, readPing],
  [MESSAGE_TYPE.indirectPing, readIndirectPing],
  [MESSAGE_TYPE.ack, (fields) => ({ type: 'ack', seqNo: fields.uint32('SeqNo') })],
  [MESSAGE_TYPE.nack, (fields) => ({ type: 'nack', seqNo: fields.uint32('SeqNo') })],
  [MESSAGE_TYPE.suspect, (fields) => readAccusation('suspect', fields)],
  [MESSAGE_TYPE.dead, (fields) => readAccusation('dead', fields)],
  [MESSAGE_TYPE.alive, readAlive],
]);

function readPing(fields: StructReader): Ping {
  return {
    type: 'ping',
    seqNo: fields.uint32('SeqNo'),
    node: fields.text('Node'),
    ...readSource(fields),
  };
}

function readIndirectPing(fields: StructReader): IndirectPing {
  return {
    type: 'indirectPing',
    seqNo: fields.uint32('SeqNo'),
    target: fields.address('Target'),
    port: fields.uint16('Port'),
    node: fields.text('Node'),
    nack: fields.boolean('Nack'),
    ...readSource(fields),
  };
}

function readAlive(fields: StructReader): Alive {
  return {
    type: 'alive',
    incarnation: fields.uint32('Incarnation'),
    node: fields.text('Node'),
    address: fields.address('Addr'),
    port: fields.uint16('Port'),
    meta: fields.bytes('Meta').slice(),
    versions: fields.versions('Vsn'),
  };
}

function readAccusation(type: 'suspect' | 'dead', fields: StructReader): Suspect | Dead {
  return {
    type,
    incarnation: fields.uint32('Incarnation'),
    node: fields.text('Node'),
    from: fields.text('From'),
  };
}

/** Go looks at the source only when both address and port are there. */
function readSource(fields: StructReader): { source?: GossipSource } {
  const [address, port] = [fields.bytes('SourceAddr'), fields.uint16('SourcePort')];
  if (address.length === 0 || port === 0) return {};
  return { source: { address: fields.address('SourceAddr'), port, node: fields.text('SourceNode') } };
}
