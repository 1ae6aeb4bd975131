/** The kernel's interfaces as rtnetlink(7) tells of them: a {@link LinkSource} by events, not by looking. */
import { isDeepStrictEqual } from 'node:util';
import { backoff, type Clock, Listeners, type Random } from '@metallb-l2/sdk/kube';
import { Notify } from '../notify.js';
import type { Link, LinkSource, Log } from '../ports.js';
import { decodeRouteMessages, encodeLinkDumpRequest } from '../wire/rtnetlink.js';
import { type NetlinkSocket, type OpenNetlinkSocket, openNetlinkSocket } from './netlink-socket.js';
import { NetlinkTable } from './netlink-table.js';

export interface NetlinkLinksDeps {
  clock: Clock;
  random: Random;
  log: Log;
  /** @default a socket of the kernel */
  openSocket?: OpenNetlinkSocket;
}

/** So long without a fault, in milliseconds, and the next one is met at once again. */
const CALM_MS = 10_000;

/** Interfaces of the network namespace of the thread that calls {@link run}. */
export class NetlinkLinks implements LinkSource {
  readonly #deps: NetlinkLinksDeps;
  readonly #listeners = new Listeners();
  readonly #faults = new Notify();
  #socket: NetlinkSocket | undefined;
  #table = new NetlinkTable();
  #links: readonly Link[] = [];
  #sequence = 0;

  constructor(deps: NetlinkLinksDeps) {
    this.#deps = deps;
  }

  links(): readonly Link[] {
    return this.#links;
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Knows the interfaces when it first waits; then follows every change until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    try {
      let waits = this.#retryWaits();
      while (!signal.aborted) {
        const askedAt = clock.now();
        this.#ask();
        await this.#faults.notified(signal);
        if (clock.now() - askedAt > CALM_MS) waits = this.#retryWaits();
        await clock.sleep(waits.next().value, signal).catch(() => undefined);
      }
    } finally {
      this.#socket?.close();
      this.#socket = undefined;
    }
  }

  /** Asks for all interfaces, on a new socket when there is none. */
  #ask(): void {
    try {
      this.#socket ??= this.#open();
      this.#sequence++;
      this.#table.beginDump(this.#sequence);
      this.#socket.send(encodeLinkDumpRequest(this.#sequence));
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'cannot list the network interfaces');
      this.#socket?.close();
      this.#socket = undefined;
      this.#faults.notify();
    }
  }

  #open(): NetlinkSocket {
    const { openSocket = openNetlinkSocket } = this.#deps;
    return openSocket({
      onDatagram: (bytes) => this.#take(bytes),
      onLoss: () => this.#faults.notify(),
      onDrained: () => this.#publish(),
      onDown: (error) => {
        this.#deps.log.warn({ err: error }, 'the kernel stopped telling of network interfaces');
        this.#socket = undefined;
        this.#faults.notify();
      },
    });
  }

  #take(bytes: Uint8Array): void {
    const decoded = decodeRouteMessages(bytes);
    if (!decoded.ok) {
      this.#deps.log.warn({ reason: decoded.reason }, 'cannot read what the kernel says of an interface');
      this.#faults.notify();
      return;
    }
    for (const message of decoded.value) {
      if (message.kind === 'error' && message.errno !== 0) {
        this.#deps.log.warn({ errno: message.errno }, 'the kernel does not list the network interfaces');
      }
      if (this.#table.apply(message)) this.#faults.notify();
    }
  }

  #publish(): void {
    const links = this.#table.links();
    if (isDeepStrictEqual(links, this.#links)) return;
    this.#links = links;
    this.#listeners.call();
  }

  #retryWaits() {
    return backoff({ initialMs: 10, maxMs: 5000 }, this.#deps.random);
  }
}
