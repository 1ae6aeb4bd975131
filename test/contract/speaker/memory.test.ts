import { readFileSync } from 'node:fs';
import { keepMemorySmall, releaseMemory } from '../../../speaker/src/linux/memory.js';
import { FakeClock } from '../../support/fake-clock.ts';

const describeOnLinux = (name: string, tests: () => void) => {
  if (process.platform === 'linux') describe(name, tests);
  else describe.skip(`${name} (needs Linux)`, tests);
};
const MIB = 2 ** 20;

/** Fills the heap with objects that nobody holds, as reading a large list does. */
function litter(): void {
  const kept: object[] = [];
  for (let i = 0; i < 1_000_000; i++) kept.push({ name: `service-${i}`, index: i });
  if (kept.length === 0) throw new Error('unreachable');
}

/** What is resident of files, in bytes. */
function residentOfFiles(): number {
  const kilobytes = /^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

const residentAtStart = process.platform === 'linux' ? residentOfFiles() : 0;

describeOnLinux('memory that is needed no longer', () => {
  it('is given back', () => {
    litter();
    const before = process.memoryUsage().rss;
    releaseMemory();
    expect(process.memoryUsage().rss).toBeLessThan(before - 32 * MIB);
  });

  it('is given back of the program itself, which goes on', () => {
    releaseMemory();
    expect(residentOfFiles()).toBeLessThan(residentAtStart - 8 * MIB);
    expect(JSON.parse('{"goes":"on"}')).toEqual({ goes: 'on' });
  });

  it('is given back once a program has started, and whenever its heap has grown, until it ends', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    let ended = false;
    const kept = keepMemorySmall(clock, stop.signal, { everyMs: 60_000 }).then(() => (ended = true));
    for (const ms of [10_000, 60_000]) {
      litter();
      const before = process.memoryUsage().rss;
      await clock.advance(ms - 1);
      expect(process.memoryUsage().rss).toBeGreaterThan(before - 32 * MIB);
      await clock.advance(1);
      expect(process.memoryUsage().rss).toBeLessThan(before - 32 * MIB);
    }
    expect(ended).toBe(false);
    stop.abort();
    await kept;
  });
});
