/**
 * Frames as recvmmsg(2) brings them, all that wait in one call. To ask after each whether there is another one
 * would take a second call for most, and a sender on the same CPU does not have its answer before that.
 */
import koffi from 'koffi';
import type { PacketType, ReceivedFrame } from '../ports.js';
import { LITTLE_ENDIAN, recvmmsg } from './libc.js';
import { SOCKADDR_LL } from './sockaddr-ll.js';

/** `struct mmsghdr` where pointers have 64 bits: where lies what is used of it. */
const MESSAGE = { length: 64, name: 0, nameLength: 8, parts: 16, partCount: 24, received: 56 } as const;
/** `struct iovec`. */
const PART = { length: 16, address: 0, size: 8 } as const;
/** Bytes from one address to the next: each begins at a multiple of 8. */
const ADDRESS_STRIDE = Math.ceil(SOCKADDR_LL.length / 8) * 8;

/** `sll_pkttype`, in the order of its numbers. */
const PACKET_TYPES: readonly PacketType[] = ['host', 'broadcast', 'multicast', 'otherhost', 'outgoing'];

export class FrameBatch {
  readonly #size: number;
  readonly #snapLength: number;
  /** All of the structures, then the frames. */
  readonly #memory: ArrayBuffer;
  /** The messages, one after the other. */
  readonly #messages: Uint8Array;
  readonly #view: DataView;
  readonly #addressesAt: number;
  readonly #framesAt: number;
  /** Views of the frames by slot and length, so that a frame allocates nothing. */
  readonly #frames: Uint8Array[][];

  /** @param snapLength bytes of a frame that are kept */
  constructor(size: number, snapLength: number) {
    this.#size = size;
    this.#snapLength = snapLength;
    const partsAt = size * MESSAGE.length;
    this.#addressesAt = partsAt + size * PART.length;
    this.#framesAt = this.#addressesAt + size * ADDRESS_STRIDE;
    this.#memory = new ArrayBuffer(this.#framesAt + size * snapLength);
    this.#messages = new Uint8Array(this.#memory, 0, partsAt);
    this.#view = new DataView(this.#memory);
    this.#frames = Array.from({ length: size }, () => []);
    // The memory of an ArrayBuffer stays where it is for as long as there is one.
    const start = koffi.address(this.#memory);
    for (let i = 0; i < size; i++) {
      const message = i * MESSAGE.length;
      const part = partsAt + i * PART.length;
      this.#put(message + MESSAGE.name, start + BigInt(this.#addressesAt + i * ADDRESS_STRIDE));
      this.#view.setUint32(message + MESSAGE.nameLength, SOCKADDR_LL.length, LITTLE_ENDIAN);
      this.#put(message + MESSAGE.parts, start + BigInt(part));
      this.#put(message + MESSAGE.partCount, 1n);
      this.#put(part + PART.address, start + BigInt(this.#framesAt + i * snapLength));
      this.#put(part + PART.size, BigInt(snapLength));
    }
  }

  /** How many frames were received of those that wait at the socket `fd`; negative for none, or another failure. */
  receive(fd: number): number {
    return recvmmsg(fd, this.#messages, this.#size, 0, null);
  }

  /** The `i`th of the frames received last; valid until {@link receive} is called again. */
  frame(i: number): ReceivedFrame {
    const length = this.#view.getUint32(i * MESSAGE.length + MESSAGE.received, LITTLE_ENDIAN);
    const address = this.#addressesAt + i * ADDRESS_STRIDE;
    const views = this.#frames[i] as Uint8Array[];
    return {
      bytes: (views[length] ??= new Uint8Array(this.#memory, this.#framesAt + i * this.#snapLength, length)),
      packetType: PACKET_TYPES[this.#view.getUint8(address + SOCKADDR_LL.packetType)] ?? 'otherhost',
      interfaceIndex: this.#view.getInt32(address + SOCKADDR_LL.interfaceIndex, LITTLE_ENDIAN),
    };
  }

  #put(offset: number, value: bigint): void {
    this.#view.setBigUint64(offset, value, LITTLE_ENDIAN);
  }
}
