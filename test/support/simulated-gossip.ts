/**
 * The network between members of a gossip, in memory and on any clock: datagrams get lost, late and out of
 * order, hosts lose power, groups lose sight of each other, processes stand still. All chance comes from the
 * `random` passed in, so a seeded run repeats itself.
 */
import type { Clock, Random } from '@metallb-l2/sdk/kube';
import type {
  GossipEndpoint,
  GossipHandler,
  GossipStream,
  GossipTransport,
} from '../../speaker/src/ports.js';

export interface SimulatedGossipOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Shortest and longest way of a datagram in milliseconds; each takes its own. @default [0, 0] */
  readonly delayMs?: readonly [number, number];
  /** Share of the datagrams that get lost, 0 to 1. @default 0 */
  readonly loss?: number;
  /** How long a stream may stay open, in milliseconds. @default 10 000, memberlist's TCPTimeout */
  readonly streamTimeoutMs?: number;
}

/** A process that receives on one address and port. */
interface Listener {
  readonly handler: GossipHandler;
  readonly streams: Set<SimulatedStream>;
  readonly die: (error: Error) => void;
}

/** What TCP waits before it sends a lost segment again; Linux' lower bound, in milliseconds. */
const RETRANSMIT_MS = 200;

export class SimulatedGossip {
  /** Current delay in milliseconds; may be changed at any time. */
  delayMs: readonly [number, number];
  /** Current share of lost datagrams; may be changed at any time. */
  loss: number;
  /** Datagrams sent so far, those that got lost among them. */
  datagrams = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #streamTimeoutMs: number;
  readonly #hosts = new Set<string>();
  readonly #listeners = new Map<string, Listener>();
  readonly #cut = new Set<string>();
  readonly #taken = new Set<string>();
  /** What waits for a paused host to go on, by address. */
  readonly #paused = new Map<string, (() => void)[]>();
  #groups: readonly (readonly string[])[] = [];

  constructor({
    clock,
    random,
    delayMs = [0, 0],
    loss = 0,
    streamTimeoutMs = 10_000,
  }: SimulatedGossipOptions) {
    this.#clock = clock;
    this.#random = random;
    this.delayMs = delayMs;
    this.loss = loss;
    this.#streamTimeoutMs = streamTimeoutMs;
  }

  /** The sockets of a process on `address`; they receive while `run` does. */
  endpoint(address: string, port = 7946): GossipTransport {
    this.#hosts.add(address);
    const self = { address, port };
    return {
      send: (to, datagram) => this.#send(self, to, datagram),
      connect: (to, options) => this.#connect(self, to, options),
      run: (handler, signal) => this.#run(self, handler, signal),
    };
  }

  /** The time of a process on `address`: while the host is paused its sleepers do not wake. */
  clock(address: string): Clock {
    return {
      now: () => this.#clock.now(),
      monotonic: () => this.#clock.monotonic(),
      sleep: async (ms, signal) => {
        await this.#clock.sleep(ms, signal);
        await new Promise<void>((resolve) => this.#whenRunning(address, resolve));
        signal?.throwIfAborted();
      },
    };
  }

  /** Pulls the plug of a host: nothing gets in or out, and nobody is told. */
  cut(address: string): void {
    this.#cut.add(address);
  }

  restore(address: string): void {
    this.#cut.delete(address);
  }

  /** Takes an address from its host: sockets on it die, and none can be opened. */
  takeAddress(address: string): void {
    this.#taken.add(address);
    for (const [key, { die }] of this.#listeners) {
      if (key.startsWith(`${address} `)) die(failure('EADDRNOTAVAIL', { address, port: 0 }));
    }
  }

  giveAddressBack(address: string): void {
    this.#taken.delete(address);
  }

  /** Separates the hosts of different groups, in place of an earlier partition; a host in none reaches all. */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#groups = groups;
  }

  /** Ends the partition. */
  heal(): void {
    this.#groups = [];
  }

  /** Stops a host's processes as SIGSTOP does: the kernel still takes what comes in. See {@link clock}. */
  pause(address: string): void {
    if (!this.#paused.has(address)) this.#paused.set(address, []);
  }

  resume(address: string): void {
    const waiting = this.#paused.get(address) ?? [];
    this.#paused.delete(address);
    for (const go of waiting) go();
  }

  /** Carries what `arrive` does from one host to another in `delayMs`; it is lost where there is no way. */
  carry(from: string, to: string, delayMs: number, arrive: () => void): void {
    if (!this.#isOpen(from, to)) return;
    const land = () => {
      if (this.#isOpen(from, to)) this.#whenRunning(to, arrive);
    };
    if (delayMs === 0) queueMicrotask(land);
    else void this.#clock.sleep(delayMs).then(land);
  }

  /** How long a segment of TCP takes, sent again until it gets through. */
  segmentDelayMs(): number {
    let delay = this.#delay();
    for (let tries = 1; tries < 6 && this.#random() < this.loss; tries++) delay += RETRANSMIT_MS * tries;
    return delay;
  }

  #run(self: GossipEndpoint, handler: GossipHandler, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#listeners.has(keyOf(self))) {
        reject(failure('EADDRINUSE', self));
        return;
      }
      if (this.#taken.has(self.address)) {
        reject(failure('EADDRNOTAVAIL', self));
        return;
      }
      const close = () => {
        this.#listeners.delete(keyOf(self));
        for (const stream of [...listener.streams]) stream.close();
      };
      const stop = () => {
        close();
        resolve();
      };
      const die = (error: Error) => {
        signal.removeEventListener('abort', stop);
        close();
        reject(error);
      };
      const listener: Listener = { handler, streams: new Set(), die };
      if (signal.aborted) {
        resolve();
        return;
      }
      this.#listeners.set(keyOf(self), listener);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  #send(from: GossipEndpoint, to: GossipEndpoint, datagram: Uint8Array): void {
    this.datagrams++;
    if (this.#random() < this.loss) return;
    const copy = datagram.slice();
    this.carry(from.address, to.address, this.#delay(), () => {
      this.#listeners.get(keyOf(to))?.handler.onDatagram(copy, from);
    });
  }

  async #connect(
    from: GossipEndpoint,
    to: GossipEndpoint,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<GossipStream> {
    signal.throwIfAborted();
    const roundTripMs = this.segmentDelayMs() + this.segmentDelayMs();
    if (!this.#hosts.has(to.address) || !this.#isOpen(from.address, to.address) || roundTripMs > timeoutMs) {
      await this.#clock.sleep(timeoutMs, signal);
      throw failure('ETIMEDOUT', to);
    }
    if (roundTripMs > 0) await this.#clock.sleep(roundTripMs, signal);
    const listener = this.#listeners.get(keyOf(to));
    if (!listener) throw failure('ECONNREFUSED', to);

    const near = new SimulatedStream(this, from.address, to.address);
    const far = new SimulatedStream(this, to.address, from.address);
    near.join(far);
    far.join(near);
    listener.streams.add(far);
    this.#limit(near, signal, () => undefined);
    this.#limit(far, undefined, () => listener.streams.delete(far));
    // An ephemeral port: nobody listens there.
    const caller = { address: from.address, port: 32_768 + Math.floor(this.#random() * 28_000) };
    this.#whenRunning(to.address, () => {
      if (this.#listeners.get(keyOf(to)) === listener) listener.handler.onStream(far, caller);
    });
    return near;
  }

  /** Breaks `stream` when it is open for too long, and closes it when its owner ends. */
  #limit(stream: SimulatedStream, signal: AbortSignal | undefined, onClose: () => void): void {
    const over = new AbortController();
    const onAbort = () => stream.close();
    signal?.addEventListener('abort', onAbort, { once: true });
    stream.onClose = () => {
      over.abort();
      signal?.removeEventListener('abort', onAbort);
      onClose();
    };
    this.#clock.sleep(this.#streamTimeoutMs, over.signal).then(
      () => stream.break(new Error(`ETIMEDOUT: a stream was open for ${this.#streamTimeoutMs} ms`)),
      () => undefined,
    );
  }

  #whenRunning(address: string, go: () => void): void {
    const waiting = this.#paused.get(address);
    if (waiting) waiting.push(go);
    else go();
  }

  #isOpen(from: string, to: string): boolean {
    if ([from, to].some((host) => this.#cut.has(host) || this.#taken.has(host))) return false;
    const groupOf = (address: string) => this.#groups.find((group) => group.includes(address));
    const [one, other] = [groupOf(from), groupOf(to)];
    return one === undefined || other === undefined || one === other;
  }

  #delay(): number {
    const [shortest, longest] = this.delayMs;
    return shortest + Math.floor(this.#random() * (longest - shortest + 1));
  }
}

/** One end of a connection. Segments arrive in the order they were sent in. */
class SimulatedStream implements GossipStream {
  onClose: () => void = () => undefined;
  readonly #network: SimulatedGossip;
  readonly #from: string;
  readonly #to: string;
  readonly #received: Uint8Array[] = [];
  /** Sent and not yet arrived; `undefined` is the end. */
  readonly #outbox: (Uint8Array | undefined)[] = [];
  #peer: SimulatedStream | undefined;
  #closed = false;
  #ended = false;
  #broken: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(network: SimulatedGossip, from: string, to: string) {
    this.#network = network;
    this.#from = from;
    this.#to = to;
  }

  join(peer: SimulatedStream): void {
    this.#peer = peer;
  }

  async *receive(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#closed) return;
      const bytes = this.#received.shift();
      if (bytes) {
        yield bytes;
        continue;
      }
      if (this.#broken) throw this.#broken;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#broken) throw this.#broken;
    if (this.#closed) throw new Error('EPIPE: the stream is closed');
    this.#transmit(bytes.slice());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#transmit(undefined);
    this.onClose();
    this.#wake();
  }

  break(error: Error): void {
    this.#broken = error;
    this.onClose();
    this.#wake();
  }

  arrive(segment: Uint8Array | undefined): void {
    if (segment) this.#received.push(segment);
    else this.#ended = true;
    this.#wake();
  }

  #transmit(segment: Uint8Array | undefined): void {
    this.#outbox.push(segment);
    // Each arrival delivers the oldest, so that order holds whatever way each segment takes.
    this.#network.carry(this.#from, this.#to, this.#network.segmentDelayMs(), () => {
      this.#peer?.arrive(this.#outbox.shift());
    });
  }
}

function keyOf({ address, port }: GossipEndpoint): string {
  return `${address} ${port}`;
}

function failure(code: string, { address, port }: GossipEndpoint): Error {
  return Object.assign(new Error(`${code}: ${address} port ${port}`), { code });
}
