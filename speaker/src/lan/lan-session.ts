/** The life of one LAN thread, from its start to its exit, as the main thread sees it. */
import type { Clock } from '@metallb-l2/sdk/kube';
import type { AddressConflict } from '../layer2/announcer.js';
import type { GossipEndpoint, Log, Meter } from '../ports.js';
import type { FromLanThread, ThreadPort, ToLanThread } from './protocol.js';
import { MeterReplay } from './relay-meter.js';

/** A thread that was started; a `Worker` of node:worker_threads is one. */
export interface WorkerPort extends ThreadPort<ToLanThread, FromLanThread> {
  on(event: 'message', listener: (message: FromLanThread) => void): unknown;
  /** Something was thrown that nobody caught; `exit` follows. */
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  /** Ends it wherever it is; resolves when it has ended. */
  terminate(): Promise<unknown>;
}

export interface LanSessionDeps {
  clock: Clock;
  log: Log;
  meter: Meter;
  /** Closes a descriptor that the thread left open when it was ended. */
  closeDescriptor: (fd: number) => void;
}

/** What a session tells its owner. */
export interface LanSessionHost {
  /** Something that the session shows has changed. */
  onChange(): void;
  onConflict(conflict: AddressConflict): void;
  /** It gives no sign of life and is ended, which lasts as long as the kernel holds on to the thread. */
  onStall(): void;
}

/** Why a session ended. */
export type SessionEnd =
  | 'stopped' // it was asked to
  | 'exited' // by itself
  | 'stalled'; // it gave no sign of life and was ended

/** Milliseconds between two questions for a sign of life, and so between two batches of metrics. */
const PING_INTERVAL_MS = 2000;
/** A thread is given up when so many questions in a row have no answer; they, not time, are counted, since
 * the main thread may be the one that stands still. */
const STALLED_PINGS = 3;
/** As many for one that has not begun to listen: on a busy machine that takes a while. */
const STARTING_PINGS = 10;
/** How long, in milliseconds, a thread may take to close everything. */
const STOP_MS = 2000;

export class LanSession {
  readonly #deps: LanSessionDeps;
  readonly #host: LanSessionHost;
  readonly #port: WorkerPort;
  readonly #replay: MeterReplay;
  readonly #exited = Promise.withResolvers<undefined>();
  readonly #handedOver = Promise.withResolvers<undefined>();
  readonly #left = Promise.withResolvers<undefined>();
  readonly #answers = new Map<string, readonly string[]>();
  readonly #descriptors = new Set<number>();
  #listening = false;
  #members: ReadonlySet<string> | undefined;
  #revision = 0;
  #unanswered = 0;
  #isListening = false;

  constructor(deps: LanSessionDeps, host: LanSessionHost, port: WorkerPort) {
    this.#deps = deps;
    this.#host = host;
    this.#port = port;
    this.#replay = new MeterReplay(deps.meter);
    port.on('message', (message) => this.#take(message));
    port.on('error', (error) => deps.log.error({ err: error }, 'the LAN thread failed'));
    port.on('exit', () => this.#exited.resolve(undefined));
  }

  /** The last `announce` that is in force; 0 for none. */
  get revision(): number {
    return this.#revision;
  }

  get listening(): boolean {
    return this.#listening;
  }

  answering(ip: string): readonly string[] {
    return this.#answers.get(ip) ?? [];
  }

  /** Members of the gossip; undefined until they can be relied on. */
  get members(): ReadonlySet<string> | undefined {
    return this.#members;
  }

  announce(message: Omit<Extract<ToLanThread, { type: 'announce' }>, 'type'>): void {
    this.#port.postMessage({ type: 'announce', ...message });
  }

  /** Resolves when nothing is answered any more, which is also when the thread has ended. */
  handOver(): Promise<void> {
    this.#port.postMessage({ type: 'hand-over' });
    return Promise.race([this.#handedOver.promise, this.#exited.promise]);
  }

  setPeers(peers: readonly GossipEndpoint[]): void {
    this.#port.postMessage({ type: 'peers', peers });
  }

  /** Resolves when the others were told, or when the thread has ended. */
  leave(): Promise<void> {
    this.#port.postMessage({ type: 'leave' });
    return Promise.race([this.#left.promise, this.#exited.promise]);
  }

  /** Watches over the thread until it has ended; asks it to when `signal` is aborted. */
  async run(signal: AbortSignal): Promise<SessionEnd> {
    const hasExited = new AbortController();
    void this.#exited.promise.then(() => hasExited.abort());
    const isStalled = await this.#watch(AbortSignal.any([signal, hasExited.signal]));
    const end: SessionEnd = isStalled ? 'stalled' : hasExited.signal.aborted ? 'exited' : 'stopped';
    if (end === 'stalled') this.#host.onStall();
    if (end === 'stopped') await this.#stop(hasExited.signal);
    if (!hasExited.signal.aborted) await this.#port.terminate();
    for (const fd of this.#descriptors) this.#deps.closeDescriptor(fd);
    this.#replay.end();
    return end;
  }

  /** Whether the thread gave no sign of life, as long as `signal` was not aborted. */
  async #watch(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (this.#unanswered >= (this.#isListening ? STALLED_PINGS : STARTING_PINGS)) return true;
      this.#unanswered++;
      this.#port.postMessage({ type: 'ping' });
      await this.#deps.clock.sleep(PING_INTERVAL_MS, signal).catch(() => undefined);
    }
    return false;
  }

  async #stop(hasExited: AbortSignal): Promise<void> {
    this.#port.postMessage({ type: 'stop' });
    await this.#deps.clock.sleep(STOP_MS, hasExited).catch(() => undefined);
  }

  #take(message: FromLanThread): void {
    switch (message.type) {
      case 'announced':
        this.#revision = message.revision;
        this.#host.onChange();
        return;
      case 'answers':
        for (const [ip, interfaces] of message.changes) {
          if (interfaces.length === 0) this.#answers.delete(ip);
          else this.#answers.set(ip, interfaces);
        }
        this.#listening = message.listening;
        this.#host.onChange();
        return;
      case 'conflict':
        this.#host.onConflict(message.conflict);
        return;
      case 'handed-over':
        this.#handedOver.resolve(undefined);
        return;
      case 'members':
        this.#members = message.names;
        this.#host.onChange();
        return;
      case 'left':
        this.#left.resolve(undefined);
        return;
      case 'pong':
        this.#unanswered = 0;
        this.#isListening = true;
        return;
      case 'descriptor':
        if (message.isOpen) this.#descriptors.add(message.fd);
        else this.#descriptors.delete(message.fd);
        return;
      case 'log':
        this.#deps.log[message.level](message.fields, message.message);
        return;
      case 'metrics':
        this.#replay.apply(message);
    }
  }
}
