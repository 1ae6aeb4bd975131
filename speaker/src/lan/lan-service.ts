/** The LAN thread's side of the line: has a {@link Lan} do what the main thread asks, and reports back. */
import type { Clock } from '@metallb-l2/sdk/kube';
import type { InterfaceScope } from '../layer2/announcer.js';
import { Notify } from '../notify.js';
import { runTogether } from '../run-together.js';
import type { Lan } from './lan.js';
import type { FromLanThread, ThreadPort, ToLanThread } from './protocol.js';
import type { RelayMeter } from './relay-meter.js';

export interface LanServiceDeps {
  lan: Lan;
  port: ThreadPort<FromLanThread, ToLanThread>;
  /** Where `lan` counts. */
  meter: RelayMeter;
  clock: Clock;
}

/** Changes come in crowds; so long, in milliseconds, one waits for others. */
const COALESCE_MS = 20;

/** Serves until the main thread says `stop` and everything is closed. */
export function serveLan(deps: LanServiceDeps): Promise<void> {
  return new LanService(deps).run();
}

class LanService {
  readonly #deps: LanServiceDeps;
  readonly #stop = new AbortController();
  readonly #changes = new Notify();
  readonly #announced = new Map<string, InterfaceScope>();
  /** What was said last to answer for an address, names joined; nothing for one that is answered nowhere. */
  readonly #said = new Map<string, string>();
  #saidListening = false;

  constructor(deps: LanServiceDeps) {
    this.#deps = deps;
  }

  async run(): Promise<void> {
    const { lan, port } = this.#deps;
    const unsubscribes = [
      lan.subscribe(() => this.#changes.notify()),
      lan.onConflict((conflict) => port.postMessage({ type: 'conflict', conflict })),
    ];
    const running = runTogether(
      this.#stop.signal,
      (ended) => lan.run(ended),
      (ended) => this.#reportAnswers(ended),
      (ended) => this.#reportMembers(ended),
    );
    // Only now: by the first message the interfaces are known.
    port.on('message', (message) => this.#take(message));
    try {
      await running;
    } finally {
      for (const unsubscribe of unsubscribes) unsubscribe();
      this.#sayMetrics();
    }
  }

  #take(message: ToLanThread): void {
    const { lan, port } = this.#deps;
    switch (message.type) {
      case 'announce': {
        for (const ip of message.drop) this.#announced.delete(ip);
        for (const [ip, scope] of message.put) this.#announced.set(ip, scope);
        void lan.apply(this.#announced, new Set(message.moved)).then(() => {
          this.#sayAnswers([...message.drop, ...message.put.map(([ip]) => ip)]);
          port.postMessage({ type: 'announced', revision: message.revision });
        });
        return;
      }
      case 'hand-over':
        this.#announced.clear();
        void lan.handedOver(this.#stop.signal).then(() => {
          port.postMessage({ type: 'handed-over' });
        });
        return;
      case 'peers':
        lan.gossip?.setPeers(message.peers);
        return;
      case 'leave':
        void lan.gossip?.leave(this.#stop.signal).then(() => {
          port.postMessage({ type: 'left' });
        });
        return;
      case 'ping':
        // With it, so that they wake neither thread on their own.
        this.#sayMetrics();
        port.postMessage({ type: 'pong' });
        return;
      case 'stop':
        this.#stop.abort();
    }
  }

  async #reportAnswers(signal: AbortSignal): Promise<void> {
    await this.#changes.notified(signal);
    while (!signal.aborted) {
      this.#sayAnswers(new Set([...this.#said.keys(), ...this.#announced.keys()]));
      await this.#deps.clock.sleep(COALESCE_MS, signal).catch(() => undefined);
      await this.#changes.notified(signal);
    }
  }

  #sayAnswers(ips: Iterable<string>): void {
    const { lan, port } = this.#deps;
    const changes: (readonly [string, readonly string[]])[] = [];
    for (const ip of ips) {
      const interfaces = lan.answering(ip);
      const names = interfaces.join('\0');
      if (names === (this.#said.get(ip) ?? '')) continue;
      if (interfaces.length === 0) this.#said.delete(ip);
      else this.#said.set(ip, names);
      changes.push([ip, interfaces]);
    }
    const { listening } = lan;
    if (changes.length === 0 && listening === this.#saidListening) return;
    this.#saidListening = listening;
    port.postMessage({ type: 'answers', changes, listening });
  }

  async #reportMembers(signal: AbortSignal): Promise<void> {
    const { lan, port } = this.#deps;
    const { gossip } = lan;
    if (gossip === undefined) return;
    const changes = new Notify();
    const unsubscribe = gossip.subscribe(() => changes.notify());
    try {
      await gossip.ready(signal);
      while (!signal.aborted) {
        port.postMessage({ type: 'members', names: gossip.members() });
        await changes.notified(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      unsubscribe();
    }
  }

  #sayMetrics(): void {
    const { meter, port } = this.#deps;
    const batch = meter.take();
    if (batch !== undefined) port.postMessage(batch);
  }
}
