import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What `beforeSend` threw, on its way through the request. */
export class HeldBack extends Error {
  constructor(cause: unknown) {
    super('held back', { cause });
  }
}

/** A new connection may take long, and this process may stand still meanwhile: asks when nothing is left to wait for. */
export function sendOnceConnected(
  request: ClientRequest,
  body: string | undefined,
  beforeSend: () => void,
): void {
  const send = () => {
    try {
      beforeSend();
    } catch (error) {
      request.destroy(new HeldBack(error));
      return;
    }
    request.end(body);
  };
  request.once('socket', (socket: Socket) => {
    const isSecure = socket instanceof TLSSocket;
    const isShakingHands = isSecure && [null, 'unknown'].includes(socket.getProtocol());
    if (socket.connecting || isShakingHands) socket.once(isSecure ? 'secureConnect' : 'connect', send);
    else send();
  });
}
