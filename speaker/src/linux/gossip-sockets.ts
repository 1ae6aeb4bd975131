/** UDP and TCP on one address and port: {@link GossipTransport} on real sockets. No parsing here. */
import { createSocket, type Socket as UdpSocket, type SocketOptions } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, isIPv4, isIPv6, type Server, type Socket } from 'node:net';
import type { GossipEndpoint, GossipHandler, GossipStream, GossipTransport } from '../ports.js';

export interface GossipSocketsOptions {
  /** The IP address to receive on, and to call from. */
  readonly address: string;
  readonly port: number;
  /** How long one connection may last, in milliseconds. @default 10 000, memberlist's TCPTimeout */
  readonly streamTimeoutMs?: number;
  /**
   * Connections accepted at a time; more are closed at once, and nobody hears of them.
   * @default 128, twice what a member reads, so that it is the member that refuses and counts
   */
  readonly maxStreams?: number;
  /** Bytes received on one connection before it is broken off. @default 2 MiB, more than any message has */
  readonly maxStreamBytes?: number;
}

/** The sockets cannot be opened: `code` is the system's (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`). */
export class GossipBindError extends Error {
  readonly code: string;

  constructor(protocol: 'UDP' | 'TCP', { address, port }: GossipEndpoint, cause: NodeJS.ErrnoException) {
    const code = cause.code ?? 'unknown error';
    const hint = BIND_HINTS[code];
    super(`cannot receive ${protocol} on ${address} port ${port}: ${code}${hint ? `, ${hint}` : ''}`, {
      cause,
    });
    this.name = 'GossipBindError';
    this.code = code;
  }
}

const BIND_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses it',
  EADDRNOTAVAIL: 'this machine does not have the address',
};

/** As memberlist asks for; the kernel gives at most `net.core.rmem_max`. A burst waits there, not on the wire. */
const UDP_RECEIVE_BUFFER = 2 * 1024 * 1024;

export function createGossipSockets(options: GossipSocketsOptions): GossipTransport {
  return new GossipSockets(options);
}

class GossipSockets implements GossipTransport {
  readonly #self: GossipEndpoint;
  readonly #streamTimeoutMs: number;
  readonly #maxStreams: number;
  readonly #maxStreamBytes: number;
  #udp: UdpSocket | undefined;
  /** Ends {@link run} with an error, as long as it lasts. */
  #fail: (error: Error) => void = () => undefined;

  constructor(options: GossipSocketsOptions) {
    this.#self = { address: options.address, port: options.port };
    this.#streamTimeoutMs = options.streamTimeoutMs ?? 10_000;
    this.#maxStreams = options.maxStreams ?? 128;
    this.#maxStreamBytes = options.maxStreamBytes ?? 2 * 1024 * 1024;
  }

  send(to: GossipEndpoint, datagram: Uint8Array): void {
    // Address and port come from other members; dgram throws for a port that is none.
    if (!isPort(to.port)) return;
    // Without a callback: whether it arrives, nobody knows, and each would take a turn of the loop.
    this.#udp?.send(datagram, to.port, socketAddress(to.address));
  }

  async connect(
    to: GossipEndpoint,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<GossipStream> {
    signal.throwIfAborted();
    if (!isPort(to.port)) throw new Error(`cannot connect to ${to.address}: ${to.port} is no port`);
    const localAddress = isWildcard(this.#self.address) ? undefined : this.#self.address;
    const socket = connect({
      host: socketAddress(to.address),
      port: to.port,
      noDelay: true,
      ...(localAddress !== undefined && { localAddress }),
    });
    ignoreErrors(socket);
    const onAbort = () => socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
    const slow = setTimeout(() => {
      socket.destroy(new Error(`${to.address} port ${to.port} did not answer in ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      await once(socket, 'connect');
    } catch (error) {
      // Sockets stay bound to an address that is taken from the machine, and go deaf: only here it shows.
      const cause = error as NodeJS.ErrnoException;
      // The same code of `connect` would say that there is no free port.
      if (cause.code === 'EADDRNOTAVAIL' && cause.syscall === 'bind') {
        this.#fail(new GossipBindError('TCP', this.#self, cause));
      }
      throw error;
    } finally {
      clearTimeout(slow);
    }
    return this.#stream(socket);
  }

  async run(handler: GossipHandler, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const udp = await this.#bindUdp();
    const connections = new Set<Socket>();
    let tcp: Server | undefined;
    try {
      tcp = await this.#listenTcp(connections, handler);
      this.#udp = udp;
      udp.on('message', (bytes, { address, port }) => handler.onDatagram(bytes, { address, port }));
      const failed = new Promise<never>((_, reject) => (this.#fail = reject));
      await Promise.race([failed, untilDeadOrAborted([udp, tcp], signal)]);
    } finally {
      this.#fail = () => undefined;
      this.#udp = undefined;
      udp.close();
      tcp?.close();
      for (const connection of connections) connection.destroy();
    }
  }

  async #bindUdp(): Promise<UdpSocket> {
    const { address, port } = this.#self;
    const type = isIPv6(address) ? 'udp6' : 'udp4';
    const udp = createSocket({ type, recvBufferSize: UDP_RECEIVE_BUFFER, lookup: takeAsItIs });
    try {
      const listening = once(udp, 'listening');
      udp.bind(port, address);
      await listening;
      ignoreErrors(udp);
      return udp;
    } catch (error) {
      udp.close();
      throw new GossipBindError('UDP', this.#self, error as NodeJS.ErrnoException);
    }
  }

  async #listenTcp(connections: Set<Socket>, handler: GossipHandler): Promise<Server> {
    const { address, port } = this.#self;
    const tcp = createServer({ noDelay: true }, (socket) => {
      ignoreErrors(socket);
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
      const stream = this.#stream(socket);
      const { remoteAddress, remotePort } = socket;
      // Gone already: an address is known only while there is a connection.
      if (remoteAddress === undefined || remotePort === undefined) stream.close();
      else handler.onStream(stream, { address: remoteAddress, port: remotePort });
    });
    tcp.maxConnections = this.#maxStreams;
    try {
      tcp.listen(port, address);
      await once(tcp, 'listening');
      return tcp;
    } catch (error) {
      throw new GossipBindError('TCP', this.#self, error as NodeJS.ErrnoException);
    }
  }

  #stream(socket: Socket): GossipStream {
    const limitMs = this.#streamTimeoutMs;
    const over = setTimeout(() => {
      socket.destroy(new Error(`a connection was open for more than ${limitMs} ms`));
    }, limitMs);
    socket.once('close', () => clearTimeout(over));
    return {
      receive: () => receive(socket, this.#maxStreamBytes),
      send: (bytes) =>
        new Promise((resolve, reject) => {
          socket.write(bytes, (error) => (error ? reject(error) : resolve()));
        }),
      close: () => socket.destroySoon(),
    };
  }
}

/** Whoever reads from it or writes to it hears of an error; one without a listener would end the program. */
function ignoreErrors(socket: Socket | UdpSocket): void {
  socket.on('error', () => undefined);
}

async function* receive(socket: Socket, limit: number): AsyncGenerator<Uint8Array> {
  let received = 0;
  try {
    // A reader that has all it needs stops reading, and may still have to answer.
    for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
      received += (bytes as Uint8Array).length;
      if (received > limit) throw new Error(`a connection brought more than ${limit} bytes`);
      yield bytes as Uint8Array;
    }
  } catch (error) {
    // Closed by this side.
    if ((error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    socket.destroy();
    throw error;
  }
}

/** Resolves on abort, rejects when one of the sockets breaks. */
function untilDeadOrAborted(sockets: readonly (UdpSocket | Server)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const socket of sockets) socket.on('error', reject);
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** No name is ever looked up: members have addresses, and Node's own way costs a turn of the loop for each. */
const takeAsItIs: NonNullable<SocketOptions['lookup']> = (address, _options, callback) => {
  callback(null, address, isIPv6(address) ? 6 : 4);
};

/** The address as a socket of its family takes it: a member that speaks IPv4 may come as `::ffff:192.0.2.1`. */
function socketAddress(address: string): string {
  const mapped = address.toLowerCase().startsWith('::ffff:') ? address.slice('::ffff:'.length) : '';
  return isIPv4(mapped) ? mapped : address;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65_535;
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
