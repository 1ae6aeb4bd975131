import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `probe` says yes, asking every 50 ms. For what happens outside the test's own process, where
 * nothing tells when it is done.
 *
 * @throws after `limitMs`, with `what` was waited for
 */
export async function until(what: string, probe: () => Promise<boolean>, limitMs = 30_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await probe())) {
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await sleep(50);
  }
}

/** Waits for `condition`, for what happens within moments; a wait in vain ends as that of {@link until}. */
export async function untilHolds(
  condition: () => boolean | Promise<boolean>,
  limitMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain: ${condition.toString()}`);
    await sleep(2);
  }
}
