/** The health of work that comes to an end while the program goes on: then nothing of it counts any more. */
import type { Health } from '../ports.js';

export class ScopedHealth implements Health {
  readonly #health: Health;
  readonly #parts = new Set<string>();
  readonly #loops = new Set<string>();

  constructor(health: Health) {
    this.#health = health;
  }

  notReady(part: string, reason: string): void {
    this.#parts.add(part);
    this.#health.notReady(part, reason);
  }

  ready(part: string): void {
    this.#health.ready(part);
  }

  busy(loop: string): void {
    this.#loops.add(loop);
    this.#health.busy(loop);
  }

  idle(loop: string): void {
    this.#health.idle(loop);
  }

  /** Takes back all that was said. */
  end(): void {
    for (const part of this.#parts) this.#health.ready(part);
    for (const loop of this.#loops) this.#health.idle(loop);
  }
}
