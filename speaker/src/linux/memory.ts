/**
 * Gives back what only the start has needed. V8 lets its heap grow while a program reads the cluster and compiles,
 * and collects nothing any more once the program is idle: two thirds of the heap would stay garbage for good.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '@metallb-l2/sdk/kube';
import { trimFreeMemory } from './libc.js';

/** By now, in milliseconds, a program has done what it does once. */
const STARTED_MS = 10_000;

type CollectGarbage = (options: { type: 'major'; flavor: 'last-resort' }) => void;

/** Collects the garbage of this thread, which takes tens of milliseconds, and returns its pages to the kernel. */
export function releaseMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as CollectGarbage;
  collect({ type: 'major', flavor: 'last-resort' });
  trimFreeMemory?.(0);
}

/** Releases the memory of this thread when it has started, and then every `everyMs` until `signal` is aborted. */
export async function keepMemorySmall(
  clock: Clock,
  signal: AbortSignal,
  { everyMs }: { everyMs: number },
): Promise<void> {
  try {
    await clock.sleep(STARTED_MS, signal);
    for (;;) {
      releaseMemory();
      await clock.sleep(everyMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
