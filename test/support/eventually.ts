import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `check` no longer throws, for tests that wait for a condition and not for a time.
 *
 * @throws what `check` threw last, after `timeoutMs`
 */
export async function eventually(check: () => Promise<void>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(250);
  }
}
