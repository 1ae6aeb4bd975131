/**
 * An AF_NETLINK socket, netlink(7), that hears every change of the network interfaces. Needs no
 * capability. No parsing here: datagrams are handed on as they came.
 */
import * as libc from './libc.js';
import {
  lastErrorCode,
  LITTLE_ENDIAN,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SystemCallError,
} from './libc.js';
import { watchReadable } from './readable.js';

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const RTMGRP_LINK = 1;

/** With this flag `recvfrom` gives the length the datagram had, also when the buffer is shorter. */
const MSG_TRUNC = 0x20;

/** `struct sockaddr_nl`: u16 family, u16 pad, u32 port, u32 groups. */
const SOCKADDR_NL_LENGTH = 12;
const PORT_OFFSET = 4;
const GROUPS_OFFSET = 8;

/** The kernel fills no datagram of a dump beyond this. */
const BUFFER_LENGTH = 32_768;

/** Datagrams read in one go before other work gets its turn; poll reports the rest at once. */
const DATAGRAMS_PER_WAKE = 256;

/** What a {@link NetlinkSocket} tells its owner. */
export interface NetlinkHandler {
  /** Datagrams came in, all that were there; they are valid only during the call. */
  onDatagram(bytes: Uint8Array): void;
  /** The kernel dropped datagrams because this program was too slow: what is known may be wrong. */
  onLoss(): void;
  /** All that was there has been handed over. */
  onDrained(): void;
  /** The socket is dead and closes itself; called at most once. */
  onDown(error: Error): void;
}

export interface NetlinkSocket {
  /** Sends one request to the kernel. @throws SystemCallError */
  send(request: Uint8Array): void;
  /** Idempotent. No handler is called afterwards. */
  close(): void;
}

export type OpenNetlinkSocket = (handler: NetlinkHandler) => NetlinkSocket;

/**
 * Opens a socket in the group of the links of this thread's network namespace.
 *
 * @throws SystemCallError
 */
export const openNetlinkSocket: OpenNetlinkSocket = (handler) => {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) throw new SystemCallError('socket(AF_NETLINK)', lastErrorCode());
  try {
    const address = new DataView(new ArrayBuffer(SOCKADDR_NL_LENGTH));
    address.setUint16(0, AF_NETLINK, LITTLE_ENDIAN);
    address.setUint32(GROUPS_OFFSET, RTMGRP_LINK, LITTLE_ENDIAN);
    if (libc.bind(fd, new Uint8Array(address.buffer), SOCKADDR_NL_LENGTH) < 0) {
      throw new SystemCallError('bind(AF_NETLINK)', lastErrorCode());
    }
    return new RouteSocket(fd, handler);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
};

class RouteSocket implements NetlinkSocket {
  readonly #fd: number;
  readonly #handler: NetlinkHandler;
  readonly #watch: ReturnType<typeof watchReadable>;
  readonly #buffer = new Uint8Array(BUFFER_LENGTH);
  readonly #address = new Uint8Array(SOCKADDR_NL_LENGTH);
  readonly #addressView = new DataView(this.#address.buffer);
  readonly #addressLength = new Uint32Array(1);
  readonly #addressLengthBytes = new Uint8Array(this.#addressLength.buffer);
  #open = true;

  constructor(fd: number, handler: NetlinkHandler) {
    this.#fd = fd;
    this.#handler = handler;
    this.#watch = watchReadable(fd, () => this.#receive());
  }

  send(request: Uint8Array): void {
    if (libc.send(this.#fd, request, request.length, 0) !== request.length) {
      throw new SystemCallError('send(AF_NETLINK)', lastErrorCode());
    }
    // The kernel has answered by now; what it said is known when this returns.
    this.#receive();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#watch.close();
    libc.close(this.#fd);
  }

  #receive(): void {
    for (let count = 0; this.#open && count < DATAGRAMS_PER_WAKE; count++) if (!this.#readOne()) break;
    if (this.#open) this.#handler.onDrained();
  }

  /** Whether there may be more. */
  #readOne(): boolean {
    this.#addressLength[0] = SOCKADDR_NL_LENGTH;
    const length = libc.recvfrom(
      this.#fd,
      this.#buffer,
      BUFFER_LENGTH,
      MSG_TRUNC,
      this.#address,
      this.#addressLengthBytes,
    );
    if (length < 0) {
      const code = lastErrorCode();
      if (code === 'ENOBUFS') this.#handler.onLoss();
      else if (code !== 'EAGAIN' && code !== 'EINTR') this.#fail(new SystemCallError('recvfrom', code));
      return code === 'ENOBUFS' || code === 'EINTR';
    }
    // Any process may send to a netlink socket; only the kernel's port is 0.
    if (this.#addressView.getUint32(PORT_OFFSET, LITTLE_ENDIAN) !== 0) return true;
    if (length > BUFFER_LENGTH) this.#handler.onLoss();
    else this.#handler.onDatagram(this.#buffer.subarray(0, length));
    return true;
  }

  #fail(error: Error): void {
    this.close();
    this.#handler.onDown(error);
  }
}
