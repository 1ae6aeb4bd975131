/** The full state of a member: a header, so many members, and bytes of its user, one after the other. */
import type { Decoded } from '../decoded.js';
import type { MemberlistFault } from './fault.js';
import { memberAddressBytes } from './member-address.js';
import type { MemberState, PushedMember, PushPull } from './messages.js';
import { concat, readStruct, writeStruct } from './msgpack.js';
import { StructReader } from './struct-reader.js';

/** Members in one state; Kubernetes itself ends at 5,000 nodes. */
const MAX_MEMBERS = 8192;
/** Bytes of user state; MetalLB has none. */
const MAX_USER_STATE = 64 * 1024;
/** Bytes one struct may take; a member's name and meta data are at most some hundred. */
const MAX_STRUCT = 16 * 1024;

/** In the order of their numbers on the wire. */
const STATES: readonly MemberState[] = ['alive', 'suspect', 'dead', 'left'];

/** The state without its type byte. @throws RangeError when an address is none */
export function encodePushPull({ join, members, userState }: PushPull): Uint8Array {
  const header = { Join: join, Nodes: { int: members.length }, UserStateLen: { int: userState.length } };
  return concat([writeStruct(header), ...members.map(encodeMember), userState]);
}

function encodeMember(member: PushedMember): Uint8Array {
  return writeStruct({
    Addr: memberAddressBytes(member.address),
    Incarnation: member.incarnation,
    Meta: member.meta.length === 0 ? null : member.meta,
    Name: member.name,
    Port: member.port,
    State: { int: STATES.indexOf(member.state) },
    Vsn: Uint8Array.from(member.versions),
  });
}

interface Header {
  readonly join: boolean;
  readonly memberCount: number;
  readonly userStateLength: number;
}

/** Reads one state out of bytes that keep coming, each byte once. */
export class PushPullReader {
  /** One for each member that was left out: others must not be lost for the sake of one. */
  readonly faults: MemberlistFault[] = [];
  #offset = 0;
  #header: Header | undefined;
  #membersRead = 0;
  readonly #members: PushedMember[] = [];

  /**
   * @param bytes all of the state that has come so far, from its first byte
   * @returns `truncated` while more is needed
   */
  read(bytes: Uint8Array): Decoded<PushPull, MemberlistFault> {
    if (this.#header === undefined) {
      const fields = this.#next(bytes);
      if (!fields.ok) return fields;
      const header = readHeader(fields.value);
      if (!fields.value.valid) return { ok: false, reason: 'malformed' };
      if (header.memberCount > MAX_MEMBERS || header.userStateLength > MAX_USER_STATE) return TOO_LARGE;
      this.#header = header;
    }
    for (; this.#membersRead < this.#header.memberCount; this.#membersRead++) {
      const fields = this.#next(bytes);
      if (!fields.ok) return fields;
      const member = readMember(fields.value);
      if (fields.value.valid) this.#members.push(member);
      else this.faults.push('malformed');
    }
    const userState = bytes.slice(this.#offset, this.#offset + this.#header.userStateLength);
    if (userState.length < this.#header.userStateLength) return { ok: false, reason: 'truncated' };
    return {
      ok: true,
      value: { type: 'pushPull', join: this.#header.join, members: this.#members, userState },
    };
  }

  #next(bytes: Uint8Array): Decoded<StructReader, MemberlistFault> {
    const struct = readStruct(bytes, this.#offset);
    if (struct.ok) {
      this.#offset = struct.value.end;
      return { ok: true, value: new StructReader(struct.value.fields) };
    }
    const isEndless = struct.reason === 'truncated' && bytes.length - this.#offset > MAX_STRUCT;
    return isEndless ? TOO_LARGE : struct;
  }
}

const TOO_LARGE = { ok: false, reason: 'too-large' } as const;

function readHeader(fields: StructReader): Header {
  return {
    join: fields.boolean('Join'),
    memberCount: fields.uint32('Nodes'),
    userStateLength: fields.uint32('UserStateLen'),
  };
}

function readMember(fields: StructReader): PushedMember {
  return {
    name: fields.text('Name'),
    address: fields.address('Addr'),
    port: fields.uint16('Port'),
    meta: fields.bytes('Meta').slice(),
    incarnation: fields.uint32('Incarnation'),
    state: STATES[fields.uint('State', STATES.length - 1)] as MemberState,
    versions: fields.versions('Vsn'),
  };
}
