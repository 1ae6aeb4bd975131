/** A clock that stands still until a test moves it. */
import type { Clock } from '@metallb-l2/sdk/kube';

interface Timer {
  readonly dueAt: number;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: number;
  #setBackMs = 0;

  /** @param now milliseconds since the epoch at which it stands first */
  constructor(now = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now = now;
  }

  now(): number {
    return this.#now - this.#setBackMs;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = () => {
        this.#timers.delete(timer);
        reject(signal?.reason as Error);
      };
      const fire = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const timer = { dueAt: this.#now + Math.max(ms, 0), fire };
      this.#timers.add(timer);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** How many sleepers there are: zero when everything that was started has ended. */
  get sleepers(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next sleeper wakes. */
  get nextInMs(): number | undefined {
    const next = this.#next();
    return next && next.dueAt - this.#now;
  }

  /**
   * Moves time on by `ms`, waking every sleeper at its moment, in order, and letting what it wakes run
   * (including what that puts to sleep again) before time goes on.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let timer = this.#next(); timer && timer.dueAt <= end; timer = this.#next()) {
      this.#now = Math.max(this.#now, timer.dueAt);
      this.#timers.delete(timer);
      timer.fire();
      await settle();
    }
    this.#now = end;
  }

  /** Lets time pass in which nothing runs, as for a process that is stopped: sleepers wake afterwards. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Sets the time of day back by `ms`, as an administrator or NTP may; sleepers do not notice. */
  setBack(ms: number): void {
    this.#setBackMs += ms;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (!first || timer.dueAt < first.dueAt) first = timer;
    return first;
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
}
