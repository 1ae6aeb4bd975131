/**
 * Gives back what is needed no longer. V8 lets its heap grow while a program reads the cluster and compiles, and
 * collects nothing any more once the program is idle: two thirds of the heap would stay garbage for good.
 */
import { readFileSync } from 'node:fs';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '@metallb-l2/sdk/kube';
import { madvise, trimFreeMemory } from './libc.js';
import { cleanMappings } from './mappings.js';

/** By now, in milliseconds, a program has done what it does once. */
const STARTED_MS = 10_000;
/** A heap that has grown to so many times what it was after the last collection is worth another one. */
const GROWTH = 1.25;

/** For a mapping of a file: the pages are read from it again when they are needed. */
const MADV_DONTNEED = 4;

type CollectGarbage = (options: { type: 'major'; flavor: 'last-resort' }) => void;

/** Collects the garbage of this thread, which takes tens of milliseconds, and returns its pages to the kernel. */
export function releaseMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as CollectGarbage;
  collect({ type: 'major', flavor: 'last-resort' });
  trimFreeMemory?.(0);
  forgetProgramPages();
}

/**
 * Lets go of the pages of Node's binary and libraries, of which a start reads three times as much as is needed
 * after it. What is needed comes back, a page fault each time, from the page cache or the file.
 */
function forgetProgramPages(): void {
  for (const { start, length } of cleanMappings(readMappings())) madvise(start, length, MADV_DONTNEED);
}

/** Empty where it may not be read, as in a sandbox: the pages then stay, and nothing else is lost. */
function readMappings(): string {
  try {
    return readFileSync('/proc/self/smaps', 'utf8');
  } catch {
    return '';
  }
}

/**
 * Spares this process V8's last and best compiler: both programs run too little code too rarely to be worth it,
 * and it takes some 5 MiB, most of it pages of Node's binary.
 */
export function compileQuickly(): void {
  setFlagsFromString('--no-turbofan');
}

/**
 * Releases the memory of this thread when it has started, and then when its heap has grown, which is looked at
 * every `everyMs` until `signal` is aborted.
 */
export async function keepMemorySmall(
  clock: Clock,
  signal: AbortSignal,
  { everyMs }: { everyMs: number },
): Promise<void> {
  try {
    await clock.sleep(STARTED_MS, signal);
    for (let released = 0; ;) {
      if (heapSize() >= GROWTH * released) {
        releaseMemory();
        released = heapSize();
      }
      await clock.sleep(everyMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function heapSize(): number {
  return getHeapStatistics().total_heap_size;
}
