import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A port that neither UDP nor TCP uses on `address` right now. */
export async function freePort(address: string): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, address);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const free = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, address, () => resolve(true));
    });
    await Promise.all([
      new Promise<void>((resolve) => udp.close(() => resolve())),
      new Promise((resolve) => server.close(resolve)),
    ]);
    if (free) return port;
  }
}
