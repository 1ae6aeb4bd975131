/** Who announces which service of the demo, kept by the SDK's watch, to be waited on. */
import type { ServiceL2StatusEvent, ServiceRef } from '@metallb-l2/sdk';
import { WORKLOAD_NAMESPACE } from './workload.ts';

type Nodes = ReadonlyMap<string, string>;

export class AnnouncementBoard {
  readonly #services: ReadonlySet<string>;
  readonly #nodes = new Map<string, string>();
  readonly #listeners = new Set<(event: ServiceL2StatusEvent) => void>();

  readonly #signal: AbortSignal;

  /** Waits end with the reason of `signal` when it is aborted. */
  constructor(services: readonly string[], signal: AbortSignal) {
    this.#services = new Set(services);
    this.#signal = signal;
  }

  /** The announcing node of each service that has one. */
  get nodes(): Nodes {
    return this.#nodes;
  }

  /** Takes events until they end; each about a service of the demo also goes to `print`. */
  async follow(
    events: AsyncIterable<ServiceL2StatusEvent>,
    print: (event: ServiceL2StatusEvent) => void,
  ): Promise<void> {
    for await (const event of events) {
      if (!this.#take(event)) continue;
      print(event);
      for (const listener of this.#listeners) listener(event);
    }
  }

  /** Resolves once `holds` is true of the nodes. */
  until(holds: (nodes: Nodes) => boolean, timeoutMs: number): Promise<void> {
    return this.#wait(() => (holds(this.#nodes) ? true : undefined), timeoutMs).then(() => undefined);
  }

  /** Resolves with `services` once each of them has moved away from `node`, from now on. */
  nextMoves(services: readonly string[], node: string, timeoutMs: number): Promise<string[]> {
    const waiting = new Set(services);
    return this.#wait((event) => {
      if (event?.type === 'moved' && event.from === node) waiting.delete(event.status.service.name);
      return waiting.size === 0 ? [...services] : undefined;
    }, timeoutMs);
  }

  #wait<T>(check: (event?: ServiceL2StatusEvent) => T | undefined, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const listener = (event?: ServiceL2StatusEvent) => {
        const result = check(event);
        if (result === undefined) return;
        stop();
        resolve(result);
      };
      const stop = () => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', onAbort);
        this.#listeners.delete(listener);
      };
      const onAbort = () => {
        stop();
        reject(this.#signal.reason as Error);
      };
      const timer = setTimeout(() => {
        stop();
        const known = [...this.#nodes].map(([name, node]) => `${name}: ${node}`).join(', ');
        reject(new Error(`waited ${timeoutMs / 1000} s in vain; announced now: ${known || 'nothing'}`));
      }, timeoutMs);
      this.#listeners.add(listener);
      if (this.#signal.aborted) onAbort();
      else this.#signal.addEventListener('abort', onAbort);
      listener();
    });
  }

  /** Whether the event is about a service of the demo. */
  #take(event: ServiceL2StatusEvent): boolean {
    if (event.type === 'desynced') return true;
    if (event.type === 'synced') {
      this.#nodes.clear();
      for (const { service, node } of event.statuses)
        if (this.#isOurs(service)) this.#nodes.set(service.name, node);
      return true;
    }
    const { service, node } = event.status;
    if (!this.#isOurs(service)) return false;
    if (event.type === 'withdrawn') this.#nodes.delete(service.name);
    else this.#nodes.set(service.name, node);
    return true;
  }

  #isOurs({ namespace, name }: ServiceRef): boolean {
    return namespace === WORKLOAD_NAMESPACE && this.#services.has(name);
  }
}
