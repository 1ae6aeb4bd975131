import type { GossipEndpoint, GossipStream } from '../../../speaker/src/ports.js';
import { FakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { SimulatedGossip, type SimulatedGossipOptions } from '../../support/simulated-gossip.ts';

/** A network with members on 192.0.2.1 and up, all of which note what they get and when. */
function network(members: number, options: Partial<SimulatedGossipOptions> = {}) {
  const clock = new FakeClock(0);
  const gossip = new SimulatedGossip({ clock, random: seededRandom(1), ...options });
  const stop = new AbortController();
  const hosts = Array.from({ length: members }, (_, i) => {
    const at: GossipEndpoint = { address: `192.0.2.${i + 1}`, port: 7946 };
    const transport = gossip.endpoint(at.address);
    const got: { byte: number; atMs: number }[] = [];
    const streams: GossipStream[] = [];
    const running = transport.run(
      {
        onDatagram: ([byte = -1]) => got.push({ byte, atMs: clock.now() }),
        onStream: (stream) => streams.push(stream),
      },
      stop.signal,
    );
    const send = (to: { at: GossipEndpoint }, byte = 1) => transport.send(to.at, Uint8Array.of(byte));
    const connect = (to: { at: GossipEndpoint }, timeoutMs = 1000) =>
      transport.connect(to.at, { timeoutMs, signal: stop.signal });
    return { at, got, streams, running, send, connect };
  });
  const end = async () => {
    stop.abort();
    await Promise.all(hosts.map(({ running }) => running));
  };
  return { clock, gossip, hosts, end };
}

describe('the simulated gossip', () => {
  it('loses the share of datagrams it is told to', async () => {
    const { clock, hosts, gossip } = network(2, { loss: 0.1 });
    const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
    for (let i = 0; i < 1000; i++) a.send(b);
    await clock.advance(1);
    expect(gossip.datagrams).toBe(1000);
    expect(b.got.length).toBeGreaterThan(860);
    expect(b.got.length).toBeLessThan(940);
  });

  it('takes each datagram its own time, so that some overtake others', async () => {
    const { clock, hosts } = network(2, { delayMs: [10, 20] });
    const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
    for (let i = 0; i < 50; i++) a.send(b, i);
    await clock.advance(100);
    const order = b.got.map(({ byte }) => byte);
    expect(order).not.toEqual([...order].sort((x, y) => x - y));
    expect(new Set(order).size).toBe(50);
    expect(Math.min(...b.got.map(({ atMs }) => atMs))).toBe(10);
    expect(Math.max(...b.got.map(({ atMs }) => atMs))).toBe(20);
    expect(clock.sleepers).toBe(0);
  });

  it('is the same in every run of the same seed', async () => {
    const runs = [];
    for (let run = 0; run < 2; run++) {
      const { clock, hosts } = network(2, { delayMs: [0, 9], loss: 0.3 });
      const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
      for (let i = 0; i < 50; i++) a.send(b, i);
      await clock.advance(100);
      runs.push(b.got);
    }
    expect(runs[0]).toEqual(runs[1]);
  });

  it('cuts a host off, what is on its way included, until it is restored', async () => {
    const { clock, gossip, hosts } = network(2, { delayMs: [5, 5] });
    const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
    a.send(b);
    await clock.advance(4);
    gossip.cut(b.at.address);
    await clock.advance(10);
    a.send(b);
    b.send(a);
    await clock.advance(10);
    expect([...a.got, ...b.got]).toEqual([]);
    const connecting = expect(a.connect(b, 300)).rejects.toThrow('ETIMEDOUT');
    await clock.advance(300);
    await connecting;
    gossip.restore(b.at.address);
    a.send(b);
    await clock.advance(5);
    expect(b.got).toHaveLength(1);
  });

  it('separates groups, and not those who are in none', async () => {
    const { clock, gossip, hosts, end } = network(3);
    const [a, b, c] = hosts as [(typeof hosts)[0], (typeof hosts)[0], (typeof hosts)[0]];
    const seen = async () => {
      for (const from of hosts) for (const to of hosts) if (from !== to) from.send(to);
      await clock.advance(1);
      return hosts.map(({ got }) => got.splice(0).length);
    };
    expect(await seen()).toEqual([2, 2, 2]);
    gossip.partition([a.at.address], [b.at.address]);
    expect(await seen()).toEqual([1, 1, 2]);
    gossip.partition([a.at.address, b.at.address], [c.at.address]);
    expect(await seen()).toEqual([1, 1, 0]);
    gossip.heal();
    expect(await seen()).toEqual([2, 2, 2]);
    await end();
  });

  it('keeps for a paused host what comes in, and its sleepers asleep', async () => {
    const { clock, gossip, hosts } = network(2);
    const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
    let awake = false;
    void gossip
      .clock(b.at.address)
      .sleep(10)
      .then(() => (awake = true));
    gossip.pause(b.at.address);
    a.send(b, 1);
    const stream = await a.connect(b);
    a.send(b, 2);
    await clock.advance(1000);
    expect([awake, b.got.length, b.streams.length]).toEqual([false, 0, 0]);
    gossip.resume(b.at.address);
    await clock.advance(0);
    expect([awake, b.got.map(({ byte }) => byte), b.streams.length]).toEqual([true, [1, 2], 1]);
    stream.close();
  });

  it('keeps the order of a stream, whatever each segment takes, and gets it through loss', async () => {
    const { clock, hosts, end } = network(2, { delayMs: [0, 50], loss: 0.2 });
    const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
    const connecting = a.connect(b, 10_000);
    await clock.advance(5000);
    const stream = await connecting;
    for (let i = 0; i < 20; i++) await stream.send(Uint8Array.of(i));
    const read: number[] = [];
    const reading = (async () => {
      for await (const [byte = -1] of b.streams[0]!.receive()) read.push(byte);
    })();
    stream.close();
    await clock.advance(4000);
    await reading;
    expect(read).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await end();
    await clock.advance(4000);
    expect(clock.sleepers).toBe(0);
  });
});
