/**
 * AF_PACKET sockets, packet(7): {@link LinkSocket} on a real interface. Needs CAP_NET_RAW and nothing
 * else. No parsing here: frames are handed on as they came.
 */
import type { Link, LinkProtocol, LinkSocket, LinkSocketHandler } from '../ports.js';
import { FrameBatch } from './frame-batch.js';
import * as libc from './libc.js';
import { lastErrorCode, LITTLE_ENDIAN, SOL_SOCKET, SystemCallError } from './libc.js';
import { LINK_FILTERS, type LinkFilter } from './link-filter.js';
import { watchReadable } from './readable.js';
import { SOCKADDR_LL } from './sockaddr-ll.js';

const AF_PACKET = 17;
const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;

/** `struct tpacket_stats`: packets and drops since the last look, 32 bits each. */
const STATISTICS_LENGTH = 8;
const DROPS_OFFSET = 4;

/** Bytes; some 5,000 small frames. The kernel gives at most what `net.core.rmem_max` allows. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** Frames read in one call. */
const BATCH = 32;
/** Calls in one go before other work gets its turn; poll reports the rest at once. */
const BATCHES_PER_WAKE = 8;

/**
 * Opens a socket on `link` that delivers the frames of one protocol.
 *
 * @throws SystemCallError `EPERM` without CAP_NET_RAW, `ENODEV` when the link is gone
 */
export function openPacketSocket(
  link: Pick<Link, 'index' | 'name'>,
  protocol: LinkProtocol,
  handler: LinkSocketHandler,
): LinkSocket {
  const filter = LINK_FILTERS[protocol];
  // Protocol 0 receives nothing, so no frame of another interface slips in before the filter and bind.
  const fd = libc.socket(AF_PACKET, libc.SOCK_RAW | libc.SOCK_NONBLOCK | libc.SOCK_CLOEXEC, 0);
  if (fd < 0) {
    const code = lastErrorCode();
    throw new SystemCallError(
      'socket(AF_PACKET)',
      code,
      code === 'EPERM' ? 'the capability NET_RAW is missing' : undefined,
    );
  }
  try {
    attach(fd, filter);
    libc.setOption(fd, SOL_SOCKET, SO_RCVBUF, int32(RECEIVE_BUFFER), Int32Array.BYTES_PER_ELEMENT);
    bindTo(fd, link, filter);
    return new PacketSocket(fd, handler, filter.snapLength);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

class PacketSocket implements LinkSocket {
  readonly #fd: number;
  readonly #handler: LinkSocketHandler;
  readonly #watch: ReturnType<typeof watchReadable>;
  readonly #batch: FrameBatch;
  #open = true;

  constructor(fd: number, handler: LinkSocketHandler, snapLength: number) {
    this.#fd = fd;
    this.#handler = handler;
    this.#batch = new FrameBatch(BATCH, snapLength);
    this.#watch = watchReadable(fd, () => this.#receive());
  }

  send(frame: Uint8Array): boolean {
    return this.#open && libc.send(this.#fd, frame, frame.length, 0) === frame.length;
  }

  takeDrops(): number {
    if (!this.#open) return 0;
    const statistics = new Uint8Array(STATISTICS_LENGTH);
    const length = int32(STATISTICS_LENGTH);
    // Reading them starts them anew.
    if (libc.getOption(this.#fd, SOL_PACKET, PACKET_STATISTICS, statistics, length) < 0) return 0;
    return new DataView(statistics.buffer).getUint32(DROPS_OFFSET, LITTLE_ENDIAN);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#watch.close();
    libc.close(this.#fd);
  }

  #receive(): void {
    for (let call = 0; call < BATCHES_PER_WAKE; call++) {
      const count = this.#batch.receive(this.#fd);
      if (count < 0) {
        const code = lastErrorCode();
        if (code !== 'EAGAIN' && code !== 'EINTR') this.#fail(new SystemCallError('recvmmsg', code));
        return;
      }
      for (let i = 0; i < count; i++) {
        this.#handler.onFrame(this.#batch.frame(i));
        if (!this.#open) return;
      }
      if (count < BATCH) return;
    }
  }

  #fail(error: Error): void {
    this.close();
    this.#handler.onDown(error);
  }
}

function bindTo(fd: number, link: Pick<Link, 'index' | 'name'>, { etherType }: LinkFilter): void {
  const address = new DataView(new ArrayBuffer(SOCKADDR_LL.length));
  address.setUint16(SOCKADDR_LL.family, AF_PACKET, LITTLE_ENDIAN);
  address.setUint16(SOCKADDR_LL.protocol, etherType);
  address.setInt32(SOCKADDR_LL.interfaceIndex, link.index, LITTLE_ENDIAN);
  if (libc.bind(fd, new Uint8Array(address.buffer), SOCKADDR_LL.length) < 0) {
    throw new SystemCallError(`bind to ${link.name} (index ${link.index})`, lastErrorCode());
  }
}

function attach(fd: number, { program }: LinkFilter): void {
  if (libc.setFilter(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, libc.FILTER_PROGRAM_LENGTH) < 0) {
    throw new SystemCallError('setsockopt(SO_ATTACH_FILTER)', lastErrorCode());
  }
}

/** An `int` as the kernel reads it. */
function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
