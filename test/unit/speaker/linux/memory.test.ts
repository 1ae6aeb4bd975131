import { jest } from '@jest/globals';
import { FakeClock } from '../../../support/fake-clock.ts';

const unreadable = (): never => {
  throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
};
jest.unstable_mockModule('node:fs', () => ({ readFileSync: unreadable }));
jest.unstable_mockModule('../../../../speaker/src/linux/libc.js', () => ({
  madvise: () => 0,
  trimFreeMemory: undefined,
}));
const { keepMemorySmall } = await import('../../../../speaker/src/linux/memory.js');

describe('keeping memory small', () => {
  it('does without the pages of the program where its mappings may not be read', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    let failure: unknown;
    const kept = keepMemorySmall(clock, stop.signal, { everyMs: 60_000 }).catch((error: unknown) => {
      failure = error;
    });
    await clock.advance(10_000);
    expect([failure, clock.sleepers]).toEqual([undefined, 1]);
    stop.abort();
    await kept;
  });
});
