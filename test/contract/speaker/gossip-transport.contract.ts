/** What every {@link GossipTransport} does, the simulated and the real one. */
import type {
  GossipEndpoint,
  GossipHandler,
  GossipStream,
  GossipTransport,
} from '../../../speaker/src/ports.js';
import { untilHolds } from '../../support/until.ts';

/** One member's sockets and where others reach them. */
export interface GossipEnd {
  readonly at: GossipEndpoint;
  readonly transport: GossipTransport;
}

interface Heard {
  readonly datagrams: { bytes: number[]; from: GossipEndpoint }[];
  readonly streams: { stream: GossipStream; from: GossipEndpoint }[];
}

const ARE_UP = new Uint8Array([0]);

/** @param network three ends of a network that loses nothing, made with a limit of `streamTimeoutMs` */
export function gossipTransportContract(
  name: string,
  network: (options: { streamTimeoutMs: number }) => Promise<readonly [GossipEnd, GossipEnd, GossipEnd]>,
): void {
  describe(name, () => {
    let near: GossipEnd, far: GossipEnd, silent: GossipEnd;
    let stop: AbortController;
    let running: Promise<void>[];

    beforeEach(async () => {
      [near, far, silent] = await network({ streamTimeoutMs: 10_000 });
      stop = new AbortController();
      running = [];
    });
    afterEach(async () => {
      stop.abort(new Error('the test is over'));
      await Promise.all(running);
    });

    /** Lets `end` receive, and waits until it does. */
    async function listen(end: GossipEnd, onStream?: GossipHandler['onStream']): Promise<Heard> {
      const heard: Heard = { datagrams: [], streams: [] };
      let toItself = 0;
      running.push(
        end.transport.run(
          {
            onDatagram: (bytes, from) => {
              if (from.address === end.at.address && from.port === end.at.port) toItself++;
              else heard.datagrams.push({ bytes: [...bytes], from });
            },
            onStream: (stream, from) => {
              heard.streams.push({ stream, from });
              onStream?.(stream, from);
            },
          },
          stop.signal,
        ),
      );
      while (toItself === 0) {
        end.transport.send(end.at, ARE_UP);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return heard;
    }

    const open = (to: GossipEnd) => near.transport.connect(to.at, { timeoutMs: 5_000, signal: stop.signal });

    it('delivers a datagram whole, with the address to answer', async () => {
      const [there, here] = [await listen(far), await listen(near)];
      near.transport.send(far.at, new Uint8Array([1, 2, 3]));
      await untilHolds(() => there.datagrams.length > 0);
      expect(there.datagrams).toEqual([{ bytes: [1, 2, 3], from: near.at }]);
      far.transport.send(there.datagrams[0]!.from, new Uint8Array([4]));
      await untilHolds(() => here.datagrams.length > 0);
      expect(here.datagrams).toEqual([{ bytes: [4], from: far.at }]);
    });

    it('does not see what becomes of the bytes after they were sent', async () => {
      const there = await listen(far);
      await listen(near);
      const bytes = new Uint8Array(1400).fill(7);
      near.transport.send(far.at, bytes);
      await untilHolds(() => there.datagrams.length > 0);
      expect(there.datagrams[0]!.bytes).toEqual(Array.from({ length: 1400 }, () => 7));
    });

    it('sends to nobody, to no port and while closed without a word', async () => {
      near.transport.send(far.at, ARE_UP);
      await listen(near);
      near.transport.send(silent.at, ARE_UP);
      near.transport.send({ address: far.at.address, port: 0 }, ARE_UP);
      near.transport.send({ address: far.at.address, port: 70_000 }, ARE_UP);
      near.transport.send({ address: 'no address', port: 1 }, ARE_UP);
    });

    it('carries a stream both ways, in order, and ends it when one side closes', async () => {
      await listen(near);
      await listen(far, (stream) => {
        void (async () => {
          // Answers when the question is complete, as push-pull does: nothing says that it ends there.
          let length = 0;
          for await (const bytes of stream.receive()) if ((length += bytes.length) >= 300_000) break;
          await stream.send(new Uint8Array([length & 0xff, (length >> 8) & 0xff, length >> 16]));
          stream.close();
        })();
      });
      const stream = await open(far);
      for (let part = 0; part < 3; part++) await stream.send(new Uint8Array(100_000).fill(part));
      const answer: number[] = [];
      for await (const bytes of stream.receive()) answer.push(...bytes);
      stream.close();
      expect(answer).toEqual([0xe0, 0x93, 0x04]);
    });

    it('says from which address a stream comes', async () => {
      await listen(near);
      const there = await listen(far);
      (await open(far)).close();
      await untilHolds(() => there.streams.length > 0);
      expect(there.streams[0]!.from.address).toBe(near.at.address);
    });

    it('ends receiving on a stream that its own side closes', async () => {
      await listen(far);
      const stream = await open(far);
      const ended = (async () => {
        for await (const bytes of stream.receive()) expect(bytes).toBeUndefined();
      })();
      stream.close();
      stream.close();
      await ended;
      await expect(stream.send(ARE_UP)).rejects.toThrow();
    });

    it('refuses a stream to where nobody listens', async () => {
      await listen(near);
      await expect(open(silent)).rejects.toThrow(/ECONNREFUSED/);
    });

    it('gives a stream up on abort', async () => {
      await listen(far);
      const abort = new AbortController();
      const stream = await near.transport.connect(far.at, { timeoutMs: 5_000, signal: abort.signal });
      abort.abort(new Error('no longer wanted'));
      await expect(stream.send(ARE_UP)).rejects.toThrow();
      await expect(
        near.transport.connect(far.at, { timeoutMs: 5_000, signal: abort.signal }),
      ).rejects.toThrow('no longer wanted');
    });

    it('breaks a stream that lasts too long, on both sides', async () => {
      const [caller, callee] = await network({ streamTimeoutMs: 50 });
      const there = await listen(callee);
      const stream = await caller.transport.connect(callee.at, { timeoutMs: 5_000, signal: stop.signal });
      const drain = async (from: GossipStream) => {
        for await (const bytes of from.receive()) expect(bytes).toBeUndefined();
      };
      await untilHolds(() => there.streams.length > 0);
      const ends = await Promise.allSettled([drain(stream), drain(there.streams[0]!.stream)]);
      // Whichever side is first breaks it; the other one hears of the end or breaks it too.
      expect(ends.some(({ status }) => status === 'rejected')).toBe(true);
      await expect(stream.send(ARE_UP)).rejects.toThrow();
    });

    it('closes the streams it accepted when it stops, and its address is free again', async () => {
      const first = new AbortController();
      const accepted: GossipStream[] = [];
      const handler: GossipHandler = {
        onDatagram: () => undefined,
        onStream: (stream) => accepted.push(stream),
      };
      const run = far.transport.run(handler, first.signal);
      let stream: GossipStream | undefined;
      while (!stream) stream = await open(far).catch(() => undefined);
      await untilHolds(() => accepted.length > 0);
      first.abort(new Error('over'));
      await run;
      for await (const bytes of stream.receive()) expect(bytes).toBeUndefined();
      await listen(far);
    });

    it('fails to receive where somebody else does, and says where', async () => {
      await listen(far);
      const again = far.transport.run(
        { onDatagram: () => undefined, onStream: () => undefined },
        stop.signal,
      );
      await expect(again).rejects.toThrow(
        new RegExp(`${far.at.address.replaceAll('.', '\\.')} port ${far.at.port}`),
      );
      await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
    });

    it('has nothing to do when it is stopped before it starts', async () => {
      const handler = { onDatagram: () => undefined, onStream: () => undefined };
      await near.transport.run(handler, AbortSignal.abort());
    });
  });
}
