/**
 * AF_PACKET sockets, packet(7): {@link LinkSocket} on a real interface. Needs CAP_NET_RAW and nothing
 * else. No parsing here: frames are handed on as they came.
 */
import koffi from 'koffi';
import type { Link, LinkSocket, LinkSocketHandler, PacketType, ReceivedFrame } from '../ports.js';
import { ETHER_TYPE } from '../wire/ethernet.js';
import * as libc from './libc.js';
import { lastErrorCode, SystemCallError } from './libc.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;

/** Byte order of the machines koffi and this image are built for: x64 and arm64. */
const LITTLE_ENDIAN = true;

/** `struct sockaddr_ll`: family, protocol (big endian), ifindex, hatype, pkttype, halen, addr[8]. */
const SOCKADDR_LL_LENGTH = 20;
const IFINDEX_OFFSET = 4;
const PKTTYPE_OFFSET = 10;

/** `sll_pkttype`, in the order of its numbers. */
const PACKET_TYPES: readonly PacketType[] = ['host', 'broadcast', 'multicast', 'otherhost', 'outgoing'];

/** Longest frame worth reading: ARP takes 42 bytes, the rest is padding. */
const SNAP_LENGTH = 128;

/** `if (frame.type == ARP) return SNAP_LENGTH; else return 0`, in classic BPF. */
const ARP_FILTER = [
  { code: 0x28, jt: 0, jf: 0, k: 12 }, // ldh [12]
  { code: 0x15, jt: 0, jf: 1, k: ETHER_TYPE.arp }, // jeq #arp, next, +1
  { code: 0x06, jt: 0, jf: 0, k: SNAP_LENGTH }, // ret
  { code: 0x06, jt: 0, jf: 0, k: 0 }, // ret
];

/** Frames read in one go before other work gets its turn; poll reports the rest at once. */
const FRAMES_PER_WAKE = 256;

/**
 * Opens a socket on `link` that delivers ARP frames only.
 *
 * @throws SystemCallError `EPERM` without CAP_NET_RAW, `ENODEV` when the link is gone
 */
export function openPacketSocket(link: Pick<Link, 'index' | 'name'>, handler: LinkSocketHandler): LinkSocket {
  // Protocol 0 receives nothing, so no frame of another interface slips in before the filter and bind.
  const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    const code = lastErrorCode();
    throw new SystemCallError(
      'socket(AF_PACKET)',
      code,
      code === 'EPERM' ? 'the capability NET_RAW is missing' : undefined,
    );
  }
  try {
    attachArpFilter(fd);
    bindTo(fd, link);
    return new PacketSocket(fd, handler);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

class PacketSocket implements LinkSocket {
  readonly #fd: number;
  readonly #handler: LinkSocketHandler;
  readonly #poll: ReturnType<typeof koffi.node.poll>;
  readonly #buffer = new Uint8Array(SNAP_LENGTH);
  readonly #address = new Uint8Array(SOCKADDR_LL_LENGTH);
  readonly #addressView = new DataView(this.#address.buffer);
  readonly #addressLength = new Uint8Array(Uint32Array.of(SOCKADDR_LL_LENGTH).buffer);
  #open = true;

  constructor(fd: number, handler: LinkSocketHandler) {
    this.#fd = fd;
    this.#handler = handler;
    this.#poll = koffi.node.poll(fd, { readable: true }, () => this.#receive());
  }

  send(frame: Uint8Array): boolean {
    return this.#open && libc.send(this.#fd, frame, frame.length, 0) === frame.length;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#poll.close();
    libc.close(this.#fd);
  }

  #receive(): void {
    for (let count = 0; this.#open && count < FRAMES_PER_WAKE; count++) {
      const frame = this.#read();
      if (frame === undefined) return;
      this.#handler.onFrame(frame);
    }
  }

  #read(): ReceivedFrame | undefined {
    const length = libc.recvfrom(this.#fd, this.#buffer, SNAP_LENGTH, 0, this.#address, this.#addressLength);
    if (length < 0) {
      const code = lastErrorCode();
      if (code !== 'EAGAIN' && code !== 'EINTR') this.#fail(new SystemCallError('recvfrom', code));
      return undefined;
    }
    return {
      bytes: this.#buffer.subarray(0, length),
      packetType: PACKET_TYPES[this.#address[PKTTYPE_OFFSET] as number] ?? 'otherhost',
      interfaceIndex: this.#addressView.getInt32(IFINDEX_OFFSET, LITTLE_ENDIAN),
    };
  }

  #fail(error: Error): void {
    this.close();
    this.#handler.onDown(error);
  }
}

function bindTo(fd: number, link: Pick<Link, 'index' | 'name'>): void {
  const address = new DataView(new ArrayBuffer(SOCKADDR_LL_LENGTH));
  address.setUint16(0, AF_PACKET, LITTLE_ENDIAN);
  address.setUint16(2, ETHER_TYPE.arp);
  address.setInt32(IFINDEX_OFFSET, link.index, LITTLE_ENDIAN);
  if (libc.bind(fd, new Uint8Array(address.buffer), SOCKADDR_LL_LENGTH) < 0) {
    throw new SystemCallError(`bind to ${link.name} (index ${link.index})`, lastErrorCode());
  }
}

function attachArpFilter(fd: number): void {
  const program = { len: ARP_FILTER.length, filter: ARP_FILTER };
  if (libc.setFilter(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, libc.FILTER_PROGRAM_LENGTH) < 0) {
    throw new SystemCallError('setsockopt(SO_ATTACH_FILTER)', lastErrorCode());
  }
}
