/** The few calls of the C library that Node does not offer, and how their failures read. */
import koffi from 'koffi';

// The process itself: whatever C library Node is linked with, glibc or musl.
const libc = koffi.load(null);

const SOCK_FILTER = koffi.struct({ code: 'uint16_t', jt: 'uint8_t', jf: 'uint8_t', k: 'uint32_t' });
const SOCK_FPROG = koffi.struct({ len: 'uint16_t', filter: koffi.pointer(SOCK_FILTER) });

/** `struct sock_fprog`: a classic BPF program, see Documentation/networking/filter.rst. */
export interface FilterProgram {
  len: number;
  filter: readonly { code: number; jt: number; jf: number; k: number }[];
}

export const FILTER_PROGRAM_LENGTH = koffi.sizeof(SOCK_FPROG);

/** Byte order of the machines koffi and this image are built for: x64 and arm64. */
export const LITTLE_ENDIAN = true;

export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;

/** A file descriptor that Node knows nothing of, and so does not close when a thread ends. */
export type DescriptorChange = { readonly opened: number } | { readonly closed: number };

let onDescriptor: (change: DescriptorChange) => void = () => undefined;

/** Has `listener` hear of each descriptor of this thread, after it is opened and before it is closed. */
export function watchDescriptors(listener: (change: DescriptorChange) => void): void {
  onDescriptor = listener;
}

// Signatures are those of the man pages of section 2; failures return -1 and set errno.

const openSocket = libc.func('int socket(int domain, int type, int protocol)') as (
  domain: number,
  type: number,
  protocol: number,
) => number;

export function socket(domain: number, type: number, protocol: number): number {
  const fd = openSocket(domain, type, protocol);
  if (fd >= 0) onDescriptor({ opened: fd });
  return fd;
}

/** `setsockopt` with a `struct sock_fprog`, for SO_ATTACH_FILTER. */
export const setFilter = libc.func('setsockopt', 'int', [
  'int',
  'int',
  'int',
  koffi.pointer(SOCK_FPROG),
  'uint32_t',
]) as (fd: number, level: number, name: number, program: FilterProgram, length: number) => number;
export const setOption = libc.func(
  'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
) as (fd: number, level: number, name: number, value: Uint8Array, length: number) => number;
export const getOption = libc.func(
  'int getsockopt(int fd, int level, int name, void *value, void *length)',
) as (fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array) => number;
export const bind = libc.func('int bind(int fd, const void *address, uint32_t length)') as (
  fd: number,
  address: Uint8Array,
  length: number,
) => number;
export const recvfrom = libc.func(
  'intptr_t recvfrom(int fd, void *buffer, size_t length, int flags, void *address, void *addressLength)',
) as (
  fd: number,
  buffer: Uint8Array,
  length: number,
  flags: number,
  address: Uint8Array,
  addressLength: Uint8Array,
) => number;
/** `messages` are `struct mmsghdr`s, filled in. */
export const recvmmsg = libc.func(
  'int recvmmsg(int fd, void *messages, uint32_t count, int flags, void *timeout)',
) as (fd: number, messages: Uint8Array, count: number, flags: number, timeout: null) => number;
export const send = libc.func('intptr_t send(int fd, const void *buffer, size_t length, int flags)') as (
  fd: number,
  buffer: Uint8Array,
  length: number,
  flags: number,
) => number;
const closeDescriptor = libc.func('int close(int fd)') as (fd: number) => number;

export function close(fd: number): number {
  onDescriptor({ closed: fd });
  return closeDescriptor(fd);
}

/** `advice` on whole pages, by their address; see madvise(2). */
export const madvise = libc.func('int madvise(uintptr_t address, size_t length, int advice)') as (
  address: number,
  length: number,
  advice: number,
) => number;

/** Gives memory that is free back to the kernel, as far as the C library can: musl cannot. */
export const trimFreeMemory = optionalFunction('int malloc_trim(size_t pad)') as
  ((pad: number) => number) | undefined;

/** Undefined when the C library has no such function. */
function optionalFunction(signature: string): unknown {
  try {
    return libc.func(signature);
  } catch {
    return undefined;
  }
}

/** A failed call to the kernel. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  /** Such as `EPERM`; `errno N` for one without a known name. */
  readonly code: string;

  constructor(call: string, code: string, hint?: string) {
    super(hint === undefined ? `${call}: ${code}` : `${call}: ${code} (${hint})`);
    this.code = code;
  }
}

/** The name of the last call's error, such as `EAGAIN`. Ask right after the call that failed. */
export function lastErrorCode(): string {
  const errno = koffi.errno();
  return ERROR_NAMES.get(errno) ?? `errno ${errno}`;
}

const ERROR_NAMES = new Map(Object.entries(koffi.os.errno).map(([name, value]) => [value, name]));
// Linux gives both names the same number, and this is the one the man pages explain.
ERROR_NAMES.set(koffi.os.errno['EAGAIN'] as number, 'EAGAIN');
