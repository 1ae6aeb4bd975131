import { SystemCallError } from '../../speaker/src/linux/libc.js';
import { openPacketSocket } from '../../speaker/src/linux/packet-socket.js';

/** Why real packet sockets on interfaces of its own cannot be tried here; only a missing permission counts. */
export function missingPermission(): string | undefined {
  try {
    openPacketSocket({ index: 1, name: 'lo' }, 'arp', {
      onFrame: () => undefined,
      onDown: () => undefined,
    }).close();
    return process.getuid?.() === 0 ? undefined : 'needs root to add interfaces and namespaces';
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'EPERM') return error.message;
    throw error;
  }
}
