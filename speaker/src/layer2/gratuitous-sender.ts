/**
 * Tells one network about addresses, unasked and not faster than the network likes it. What was just taken
 * over goes first, then its repetitions, then what is merely refreshed.
 */
import type { Clock } from '@metallb-l2/sdk/kube';
import type { AnnouncedAddress } from './announced-address.js';
import { framesFor, ROUND_SPACING_MS, roundsFor } from './gratuitous.js';
import { TokenBucket } from './token-bucket.js';

export interface GratuitousSenderDeps {
  clock: Clock;
  /** Whether `address` still is what this node announces here. */
  isCurrent(address: AnnouncedAddress): boolean;
  /** Sends the frames of one round. */
  send(address: AnnouncedAddress): void;
}

/** Milliseconds between two looks when there is more to send than may be sent; a timer each is enough. */
const PAUSE_MS = 10;

export class GratuitousSender {
  readonly #deps: GratuitousSenderDeps;
  readonly #bucket: TokenBucket;
  /** Rounds still to go, by address, in the order of their turns. */
  readonly #takeOvers = new Map<AnnouncedAddress, number>();
  readonly #repeats = new Map<AnnouncedAddress, number>();
  readonly #refreshes = new Map<AnnouncedAddress, number>();
  /** Taken over, and not told as often as they are to be. */
  readonly #busy = new Set<AnnouncedAddress>();
  readonly #closed = new AbortController();
  #isPaused = false;

  constructor(deps: GratuitousSenderDeps, framesPerSecond: number) {
    this.#deps = deps;
    this.#bucket = new TokenBucket(framesPerSecond, deps.clock.now());
  }

  /** Tells at once, and again in the seconds that follow, as long as the address stays current. */
  takeOver(addresses: Iterable<AnnouncedAddress>): void {
    for (const address of addresses) {
      this.#busy.add(address);
      this.#refreshes.delete(address);
      this.#takeOvers.set(address, roundsFor(address.bytes));
    }
    this.#send();
  }

  /** Tells once. */
  refresh(addresses: Iterable<AnnouncedAddress>): void {
    for (const address of addresses) {
      if (!this.#busy.has(address)) this.#refreshes.set(address, 1);
    }
    this.#send();
  }

  /** Sends nothing any more. */
  close(): void {
    this.#closed.abort();
  }

  /** Sends what may be sent now; the rest when more is allowed. */
  #send(): void {
    if (this.#closed.signal.aborted || this.#isPaused) return;
    const again = new Map<AnnouncedAddress, number>();
    for (const [queue, address, rounds] of this.#turns()) {
      const isCurrent = this.#deps.isCurrent(address);
      if (isCurrent && !this.#bucket.take(framesFor(address.bytes), this.#deps.clock.now())) {
        this.#pause();
        break;
      }
      queue.delete(address);
      if (isCurrent) this.#deps.send(address);
      if (isCurrent && rounds > 1) again.set(address, rounds - 1);
      else this.#busy.delete(address);
    }
    if (again.size > 0) void this.#repeat(again);
  }

  /** Everything that waits, the most urgent first, with its queue and the rounds still to go. */
  *#turns(): Generator<[Map<AnnouncedAddress, number>, AnnouncedAddress, number]> {
    for (const queue of [this.#takeOvers, this.#repeats, this.#refreshes]) {
      for (const [address, rounds] of queue) yield [queue, address, rounds];
    }
  }

  #pause(): void {
    this.#isPaused = true;
    const waitMs = Math.max(PAUSE_MS, this.#bucket.waitMs(this.#deps.clock.now()));
    void this.#after(waitMs, () => {
      this.#isPaused = false;
      this.#send();
    });
  }

  #repeat(rounds: ReadonlyMap<AnnouncedAddress, number>): Promise<void> {
    return this.#after(ROUND_SPACING_MS, () => {
      for (const [address, left] of rounds) this.#repeats.set(address, left);
      this.#send();
    });
  }

  /** Does `task` in `ms` milliseconds, unless this is closed before. */
  #after(ms: number, task: () => void): Promise<void> {
    return this.#deps.clock.sleep(ms, this.#closed.signal).then(task, () => undefined);
  }
}
