import { createServer, type Socket } from 'node:net';
import { systemClock } from '@metallb-l2/sdk/kube';
import { GivenPeers } from '../../../speaker/src/lan/gossip.js';
import { joinGossip } from '../../../speaker/src/lan/join-gossip.js';
import { createGossipSockets, GossipBindError } from '../../../speaker/src/linux/gossip-sockets.js';
import type { GossipEndpoint, GossipStream, GossipTransport } from '../../../speaker/src/ports.js';
import { describeAsRoot } from '../../support/describe-as-root.ts';
import { freePort } from '../../support/free-port.ts';
import { ip } from '../../support/network-interfaces.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { RecordedMeter } from '../../support/recorded-meter.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { SimulatedGossip } from '../../support/simulated-gossip.ts';
import { untilHolds } from '../../support/until.ts';
import { type GossipEnd, gossipTransportContract } from './gossip-transport.contract.ts';

for (const delayMs of [[0, 0] as const, [0, 5] as const]) {
  gossipTransportContract(
    `the simulated gossip with ${delayMs.join(' to ')} ms of delay`,
    async (options) => {
      const network = new SimulatedGossip({
        clock: systemClock,
        random: seededRandom(7946),
        delayMs,
        ...options,
      });
      const end = (address: string): GossipEnd => ({
        at: { address, port: 7946 },
        transport: network.endpoint(address),
      });
      return [end('192.0.2.1'), end('192.0.2.2'), end('192.0.2.3')];
    },
  );
}

for (const address of ['127.0.0.1', '::1']) {
  gossipTransportContract(`sockets on ${address}`, async (options) => {
    const end = async (): Promise<GossipEnd> => {
      const at = { address, port: await freePort(address) };
      return { at, transport: createGossipSockets({ ...at, ...options }) };
    };
    return [await end(), await end(), await end()];
  });
}

describe('gossip sockets', () => {
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  afterAll(async () => {
    stop.abort();
    await Promise.all(running);
  });

  /** Receives with the limits given; what it accepted stands in the list. */
  async function listen(limits: { maxStreams?: number; maxStreamBytes?: number }) {
    const at = { address: '127.0.0.1', port: await freePort('127.0.0.1') };
    const sockets = createGossipSockets({ ...at, ...limits });
    const accepted: GossipStream[] = [];
    running.push(
      sockets.run({ onDatagram: () => undefined, onStream: (s) => accepted.push(s) }, stop.signal),
    );
    return { accepted, open: () => openSoon(sockets, at) };
  }

  /** Connects as soon as the other side listens. */
  async function openSoon(sockets: GossipTransport, to: GossipEndpoint): Promise<GossipStream> {
    for (;;) {
      const opening = sockets.connect(to, { timeoutMs: 5_000, signal: stop.signal });
      const stream = await opening.catch(() => undefined);
      if (stream) return stream;
    }
  }

  it('close what comes beyond their number of streams', async () => {
    const { accepted, open } = await listen({ maxStreams: 2 });
    const [first, , third] = [await open(), await open(), await open()];
    await ends(third.receive());
    expect(accepted).toHaveLength(2);
    accepted[0]!.close();
    await ends(first.receive());
    await open();
    await untilHolds(() => accepted.length > 2);
  });

  it('leave it to the member to count the streams it has no time for', async () => {
    const self = { name: 'm1', address: '127.0.0.1', port: await freePort('127.0.0.1') };
    const meter = new RecordedMeter();
    const peers = new GivenPeers();
    peers.give([]);
    const member = joinGossip(
      { clock: systemClock, random: seededRandom(1), log: new RecordedLog(), meter },
      { self, profile: 'fast', secret: undefined },
      peers,
    );
    running.push(member.run(stop.signal));
    const caller = createGossipSockets({ address: '127.0.0.1', port: await freePort('127.0.0.1') });
    const streams = [await openSoon(caller, self)];
    while (streams.length < 70) streams.push(await openSoon(caller, self));
    const dropped = 'metallb_speaker_memberlist_packets_dropped';
    await untilHolds(() => meter.value(dropped, { reason: 'too-many-streams' }) > 0);
    for (const stream of streams) stream.close();
  });

  it('break a stream that brings too much', async () => {
    const { accepted, open } = await listen({ maxStreamBytes: 1000 });
    await (await open()).send(new Uint8Array(1001));
    await untilHolds(() => accepted.length > 0);
    await expect(ends(accepted[0]!.receive())).rejects.toThrow('more than 1000 bytes');
  });

  it('give a peer up that takes the connection no further', async () => {
    const stuck: Socket[] = [];
    const server = createServer((socket) => stuck.push(socket)).listen(0, '127.0.0.1');
    await untilHolds(() => server.listening);
    const { port } = server.address() as { port: number };
    const sockets = createGossipSockets({ address: '127.0.0.1', port: 1, streamTimeoutMs: 50 });
    const to = { address: '127.0.0.1', port };
    const stream = await sockets.connect(to, { timeoutMs: 5_000, signal: stop.signal });
    await expect(ends(stream.receive())).rejects.toThrow('open for more than 50 ms');
    for (const socket of stuck) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('say that the machine does not have the address', async () => {
    const sockets = createGossipSockets({ address: '192.0.2.1', port: 7946 });
    const run = sockets.run({ onDatagram: () => undefined, onStream: () => undefined }, stop.signal);
    await expect(run).rejects.toThrow(GossipBindError);
    await expect(run).rejects.toThrow(
      'cannot receive UDP on 192.0.2.1 port 7946: EADDRNOTAVAIL, this machine does not have the address',
    );
  });

  it('give the UDP port back when the TCP port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await untilHolds(() => server.listening);
    const { port } = server.address() as { port: number };
    const sockets = createGossipSockets({ address: '127.0.0.1', port });
    const handler = { onDatagram: () => undefined, onStream: () => undefined };
    await expect(sockets.run(handler, stop.signal)).rejects.toThrow(/TCP on .*another program uses it/);
    await new Promise((resolve) => server.close(resolve));
    running.push(sockets.run(handler, stop.signal));
    await openSoon(sockets, { address: '127.0.0.1', port });
  });

  it('reach a member whose IPv4 address came in sixteen bytes', async () => {
    const port = await freePort('127.0.0.1');
    const sockets = createGossipSockets({ address: '127.0.0.1', port });
    const heard: number[] = [];
    const handler = {
      onDatagram: (bytes: Uint8Array) => heard.push(...bytes),
      onStream: (stream: GossipStream) => stream.close(),
    };
    running.push(sockets.run(handler, stop.signal));
    const to = { address: '::ffff:127.0.0.1', port };
    await ends((await openSoon(sockets, to)).receive());
    sockets.send(to, new Uint8Array([9]));
    await untilHolds(() => heard.length > 0);
    expect(heard).toEqual([9]);
  });
});

describeAsRoot('gossip sockets on an address that is taken from the machine', () => {
  const link = `mlg${process.pid}`;
  const address = '198.51.100.7';
  beforeAll(() => {
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', `${link}z`);
    ip('addr', 'add', `${address}/32`, 'dev', link);
  });
  afterAll(() => ip('link', 'del', link));

  it('die as soon as a connection is to be made from it', async () => {
    const { signal } = new AbortController();
    const sockets = createGossipSockets({ address, port: 7946 });
    const ended = sockets.run({ onDatagram: () => undefined, onStream: (s) => s.close() }, signal);
    const died = expect(ended).rejects.toThrow(GossipBindError);
    const connect = () => sockets.connect({ address, port: 7946 }, { timeoutMs: 1_000, signal });
    await untilHolds(async () => {
      const stream = await connect().catch(() => undefined);
      stream?.close();
      return stream !== undefined;
    });
    ip('addr', 'del', `${address}/32`, 'dev', link);
    await expect(connect()).rejects.toThrow('EADDRNOTAVAIL');
    await died;
  });
});

async function ends(received: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of received) expect(bytes.length).toBeGreaterThan(0);
}
