import { electOwner } from '@metallb-l2/sdk/election';
import type { DemoResult } from '../../demo/demo.ts';
import { simulatedDemo } from '../../demo/simulated.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const ADDRESSES = {
  'web-1': '192.0.2.100',
  'web-2': '192.0.2.101',
  'web-3': '192.0.2.102',
  'web-4': '192.0.2.103',
  'web-5': '192.0.2.104',
  'web-6': '192.0.2.105',
};

/** Runs the demo on a clock that is moved until it has ended, a minute at most. */
async function play(stop = new AbortController()) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const demo = simulatedDemo(
    { log: (line) => lines.push(line), signal: stop.signal },
    { clock, random: seededRandom(7) },
  );
  const state = { ended: false };
  const end = () => void (state.ended = true);
  demo.then(end, end);
  const started = clock.now();
  while (!state.ended && clock.now() - started < 60_000) await clock.advance(10);
  if (!state.ended) throw new Error(`the demo hangs after:\n${lines.join('\n')}`);
  return { demo, lines, clock, tookMs: clock.now() - started };
}

describe('the simulated demo', () => {
  let result: DemoResult;
  let lines: string[];
  let clock: FakeClock;
  let tookMs: number;

  beforeAll(async () => {
    const played = await play();
    ({ lines, clock, tookMs } = played);
    result = await played.demo;
  });

  const movedIn = (title: RegExp) => {
    const from = lines.findIndex((line) => title.test(line));
    const to = lines.findIndex((line, i) => i > from && line.includes('done in'));
    return lines.slice(from, to).filter((line) => / moved from node\d to node\d/.test(line));
  };

  it('announces each service from the node that is elected for its address', () => {
    const elected = Object.entries(ADDRESSES).map(([name, address]) => [
      name,
      electOwner(['node1', 'node2', 'node3'], address),
    ]);
    expect(result.ready).toBe(true);
    expect(result.services).toBe(6);
    expect(result.announcedBy).toEqual(Object.fromEntries(elected));
  });

  it('moves what the node announced when its pod is deleted, and when its power is cut', () => {
    const nodes = Object.values(result.announcedBy);
    const most = Math.max(...nodes.map((node) => nodes.filter((each) => each === node).length));
    expect(result.moved).toEqual({ podDeleted: most, powerCut: most });
    expect(movedIn(/pod on node\d is deleted/)).toHaveLength(most);
    expect(movedIn(/takes over again/)).toHaveLength(most);
    expect(movedIn(/the power of node\d is cut/)).toHaveLength(most);
  });

  it('asks the LAN for every address before and after, and shows the explanation of one', () => {
    expect(lines.filter((line) => /ARP is answered by node\d \(/.test(line))).toHaveLength(12);
    expect(lines.join('\n')).toMatch(/whoAnnounces: node\d, settled/);
    expect(lines.join('\n')).toMatch(/explain: metallb-l2-demo\/web-\d is announced by node\d\./);
    expect(lines.filter((line) => /✗|error:/.test(line))).toEqual([]);
  });

  it('is over in ten seconds, and leaves nothing running', () => {
    expect(tookMs).toBeLessThan(10_000);
    expect(clock.sleepers).toBe(0);
  });

  it('ends when it is stopped, with the reason', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped by the user'));
    const { demo, clock: stopped } = await play(stop);
    await expect(demo).rejects.toThrow('stopped by the user');
    expect(stopped.sleepers).toBe(0);
  });
});
