/** Tells when there is something to read from a descriptor, on the event loop of this thread. */
import koffi from 'koffi';

/**
 * Calls `onReadable` whenever something waits at `fd`, were it an error, until closed; that has to be before `fd` is,
 * and may be in the call itself.
 */
export function watchReadable(fd: number, onReadable: () => void): { close(): void } {
  let isOpen = true;
  const look = (...[status]: unknown[]) => {
    onReadable();
    // libuv watches a descriptor no longer once an error has waited there, though with an error such as ENOBUFS,
    // which is over when it is read, nothing has ended.
    if (isOpen && typeof status === 'number' && status < 0) handle.start({ readable: true }, look);
  };
  const handle = koffi.node.poll(fd, { readable: true }, look);
  return {
    close: () => {
      isOpen = false;
      handle.close();
    },
  };
}
