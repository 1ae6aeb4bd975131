/**
 * LAN threads that are none: the real service of the thread in this process, on a simulated network, with
 * every message cloned as between threads.
 */
import type { Clock } from '@metallb-l2/sdk/kube';
import { serveLan } from '../../speaker/src/lan/lan-service.js';
import type { WorkerPort } from '../../speaker/src/lan/lan-session.js';
import { LocalLan, type LocalLanOptions } from '../../speaker/src/lan/local-lan.js';
import type { FromLanThread, ToLanThread } from '../../speaker/src/lan/protocol.js';
import { relayLog } from '../../speaker/src/lan/relay-log.js';
import { RelayMeter } from '../../speaker/src/lan/relay-meter.js';
import type { SimulatedHost } from './simulated-lan.ts';
import { seededRandom } from './seeded-random.ts';

type Events = 'message' | 'error' | 'exit';

/** One thread; what it does when it hears something is up to the subclass. */
export abstract class FakeThread implements WorkerPort {
  /** What the main thread has said. */
  readonly heard: ToLanThread[] = [];
  hasEnded = false;
  readonly #listeners: Record<Events, ((value: never) => void)[]> = { message: [], error: [], exit: [] };

  postMessage(message: ToLanThread): void {
    if (this.hasEnded) return;
    const copy = structuredClone(message);
    this.heard.push(copy);
    queueMicrotask(() => this.hear(copy));
  }

  on(event: Events, listener: (value: never) => void): void {
    this.#listeners[event].push(listener);
  }

  /** Says something to the main thread. */
  say(message: FromLanThread): void {
    if (this.hasEnded) return;
    const copy = structuredClone(message);
    queueMicrotask(() => this.#emit('message', copy));
  }

  /** Ends as a thread does in which an error was thrown. */
  die(error?: Error): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    if (error !== undefined) this.#emit('error', error);
    this.#emit('exit', 1);
  }

  terminate(): Promise<void> {
    this.die();
    return Promise.resolve();
  }

  protected abstract hear(message: ToLanThread): void;

  #emit(event: Events, value: unknown): void {
    for (const listener of this.#listeners[event]) listener(value as never);
  }
}

/** A thread that hears nothing and says nothing. */
export class DeafThread extends FakeThread {
  protected hear(): void {}
}

/** A thread that answers on the network of `host`. */
export class SimulatedThread extends FakeThread {
  readonly meter = new RelayMeter();
  readonly log = relayLog('debug', (line) => this.say(line));
  #listener: ((message: ToLanThread) => void) | undefined;

  constructor(clock: Clock, host: SimulatedHost, options: LocalLanOptions = {}) {
    super();
    const { log, meter } = this;
    const ports = { clock, random: seededRandom(1), log, meter };
    const lan = new LocalLan(
      { ...ports, links: host, openSocket: host.openSocket, openGroups: host.openGroups },
      options,
    );
    const port = {
      postMessage: (message: FromLanThread) => this.say(message),
      on: (_: 'message', listener: (message: ToLanThread) => void) => {
        this.#listener = listener;
      },
    };
    void serveLan({ lan, port, meter, clock }).then(() => this.die());
  }

  override die(error?: Error): void {
    super.die(error);
    this.#listener?.({ type: 'stop' }); // closes the sockets, as the end of a real thread does
  }

  protected hear(message: ToLanThread): void {
    this.#listener?.(message);
  }
}
