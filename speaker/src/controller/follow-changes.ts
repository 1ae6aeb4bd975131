import type { Clock } from '@metallb-l2/sdk/kube';
import { Notify } from '../notify.js';

export interface Follower {
  readonly clock: Clock;
  /** Milliseconds in which changes are collected before the next step. */
  readonly pauseMs: number;
  /** What to follow. */
  readonly sources: readonly { subscribe(listener: () => void): () => void }[];
  /** Gives the milliseconds after which it is to be called again though nothing changes, if it is. */
  readonly step: () => Promise<number | undefined>;
}

/** Calls `step` at first and after changes, however many there were since, until `signal` is aborted. */
export async function followChanges(follower: Follower, signal: AbortSignal): Promise<void> {
  const { clock, pauseMs, sources, step } = follower;
  const changed = new Notify();
  const unfollow = changed.follow(sources);
  try {
    while (!signal.aborted) {
      const againInMs = await step();
      if (againInMs === undefined) await changed.notified(signal);
      else await changed.notifiedWithin(againInMs, clock, signal);
      await clock.sleep(pauseMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    unfollow();
  }
}
