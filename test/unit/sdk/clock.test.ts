import { jest } from '@jest/globals';
import { systemClock } from '@metallb-l2/sdk/kube';

it('a sleep that is longer than a timer can be is no short one', async () => {
  const timer = jest.spyOn(globalThis, 'setTimeout');
  const over = new AbortController();
  const sleep = systemClock.sleep(1000 * 3600_000, over.signal);
  expect(timer.mock.calls.at(-1)?.[1]).toBe(2 ** 31 - 1);
  over.abort(new Error('over'));
  await expect(sleep).rejects.toThrow('over');
  timer.mockRestore();
});
