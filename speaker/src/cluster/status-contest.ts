/**
 * How a node behaves whose status objects another node takes although it announces the service itself: it
 * looks again after a second, then at growing intervals, since the other may be gone soon; but it takes the
 * object back once at first and then once a minute at most, so that two nodes that go on for hours write
 * next to nothing. When who is alive has changed, it starts anew: the two may see each other now, and the
 * one that yields must not be left to delete the object before it is taken.
 */
import { backoff, type Clock, type Random } from '@metallb-l2/sdk/kube';

/** Pause before the next look. */
const PAUSE = { initialMs: 1000, maxMs: 60_000, jitter: 0.5 };
/** Least time between two times of taking it back, in milliseconds. */
const RETAKE_MS = 60_000;
/** Without a loss for so long, in milliseconds, it is over. */
const OVER_MS = 300_000;

export class StatusContest {
  readonly #clock: Clock;
  readonly #random: Random;
  #pauses: ReturnType<typeof backoff>;
  #lostAt = -Infinity;
  #lookAt = -Infinity;
  #retakenAt = -Infinity;
  #isSaid = false;

  constructor({ clock, random }: { clock: Clock; random: Random }) {
    this.#clock = clock;
    this.#random = random;
    this.#pauses = backoff(PAUSE, random);
  }

  /** Whether an object was ever lost. */
  get hasBegun(): boolean {
    return this.#lostAt !== -Infinity;
  }

  /** Milliseconds until the next look; 0 when it is due. */
  get remainingMs(): number {
    return Math.max(this.#lookAt - this.#clock.monotonic(), 0);
  }

  /** The object is gone, or another node's. */
  lose(): void {
    const now = this.#clock.monotonic();
    if (now - this.#lostAt > OVER_MS) {
      this.#startAnew();
      this.#isSaid = false;
    }
    this.#lostAt = now;
    this.#pause();
  }

  /** Whoever has taken it may be gone: the next look is soon. */
  rivalGone(): void {
    if (!this.hasBegun) return;
    this.#startAnew();
    this.#pause();
  }

  /** Another node is seen to have it: whether to take it back. If not, the next look is later. */
  mayRetake(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#retakenAt < RETAKE_MS) {
      this.#pause();
      return false;
    }
    this.#retakenAt = now;
    return true;
  }

  /** Whether the contest is still to be told; once for each. */
  sayOnce(): boolean {
    const isNews = !this.#isSaid;
    this.#isSaid = true;
    return isNews;
  }

  #startAnew(): void {
    this.#pauses = backoff(PAUSE, this.#random);
    this.#retakenAt = -Infinity;
  }

  #pause(): void {
    this.#lookAt = this.#clock.monotonic() + this.#pauses.next().value;
  }
}
