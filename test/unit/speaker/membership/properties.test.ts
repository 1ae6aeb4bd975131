/** What must hold for every group, however chance plays: loss, delay, reordering, partitions, pauses. */
import { jest } from '@jest/globals';
import { addressOf, Group } from './group.ts';

const TEN_MINUTES = 600_000;
const seeds = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const others = (group: Group, ...without: string[]) => group.names.filter((name) => !without.includes(name));

/** The value below which a share of `values` is. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

jest.setTimeout(300_000);

describe('under 10 % loss and up to 40 ms for a round trip', () => {
  it.each([
    { members: 2, runs: 4, forMs: TEN_MINUTES },
    { members: 3, runs: 2, forMs: TEN_MINUTES },
    { members: 5, runs: 1, forMs: TEN_MINUTES },
    { members: 10, runs: 1, forMs: TEN_MINUTES / 4 },
  ])(
    '$members members lose none of each other in $forMs ms ($runs seeds)',
    async ({ members, runs, forMs }) => {
      for (const seed of seeds(runs)) {
        const group = await Group.of(members, { seed, loss: 0.1, delayMs: [0, 20] });
        await group.clock.advance(forMs);
        expect({ seed, removals: group.removals, whole: group.isWhole() }).toEqual({
          seed,
          removals: 0,
          whole: true,
        });
        await group.stop();
      }
    },
  );
});

describe('a member without power', () => {
  // To the first probe up to one interval, then the verdict on it, then the suspicion.
  it.each([
    { members: 2, runs: 30, p50: 900, max: 1_150 },
    { members: 3, runs: 30, p50: 900, max: 1_150 },
    { members: 5, runs: 20, p50: 900, max: 1_150 },
    { members: 10, runs: 15, p50: 900, max: 1_150 },
    { members: 20, runs: 20, p50: 1_050, max: 1_300 },
  ])('is known to all $members within $max ms, $p50 ms at the median ($runs seeds)', async (expected) => {
    const delays: number[] = [];
    for (const seed of seeds(expected.runs)) {
      const group = await Group.of(expected.members, { seed });
      await group.clock.advance(1_000 + seed * 37);
      group.network.cut(addressOf('m1'));
      const cutAt = group.clock.now();
      await group.until(() => group.isWhole(others(group, 'm1')), 5_000);
      delays.push(group.delays('m1', cutAt).at(-1)!);
      await group.stop();
    }
    expect(quantile(delays, 0.5)).toBeLessThanOrEqual(expected.p50);
    expect(quantile(delays, 1)).toBeLessThanOrEqual(expected.max);
  });

  // Some of them are side by side on the ring, and hide each other until the first is found.
  it('is known soon though half of the members went with it (8 seeds)', async () => {
    const dead = ['m1', 'm2', 'm3', 'm4', 'm5'];
    const delays: number[] = [];
    for (const seed of seeds(8)) {
      const group = await Group.of(10, { seed });
      await group.clock.advance(1_000 + seed * 37);
      for (const name of dead) group.network.cut(addressOf(name));
      delays.push(await group.until(() => group.isWhole(others(group, ...dead)), 5_000));
      await group.stop();
    }
    expect(quantile(delays, 0.5)).toBeLessThanOrEqual(2_000);
    expect(quantile(delays, 1)).toBeLessThanOrEqual(2_300);
  });

  it('is noticed under 10 % loss too (10 seeds)', async () => {
    for (const seed of seeds(10)) {
      const group = await Group.of(5, { seed, loss: 0.1, delayMs: [0, 20] });
      group.network.cut(addressOf('m1'));
      await group.until(() => group.isWhole(others(group, 'm1')), 4_000);
      await group.stop();
    }
  });
});

describe('a split group', () => {
  it('is two groups, and one again within 2.5 s, however long it was split (8 seeds)', async () => {
    for (const seed of seeds(8)) {
      const group = await Group.of(6, { seed, delayMs: [0, 5] });
      const [left, right] = [
        ['m1', 'm2', 'm3'],
        ['m4', 'm5', 'm6'],
      ] as const;
      group.network.partition(left.map(addressOf), right.map(addressOf));
      await group.until(() => group.isWhole(left) && group.isWhole(right), 5_000);
      await group.clock.advance(seed % 2 === 0 ? 3_000 : 45_000);
      group.network.heal();
      await group.until(() => group.isWhole(), 2_500);
      await group.clock.advance(5_000);
      expect(group.isWhole()).toBe(true);
      await group.stop();
    }
  });
});

describe('a process that stands still', () => {
  it('is gone while it does, accuses nobody when it wakes, and is back (10 seeds)', async () => {
    for (const seed of seeds(10)) {
      const group = await Group.of(4, { seed });
      group.network.pause(addressOf('m1'));
      await group.until(() => group.isWhole(others(group, 'm1')), 5_000);
      await group.clock.advance(seed * 700);
      const before = group.removals;
      group.network.resume(addressOf('m1'));
      await group.until(() => group.isWhole(), 1_000);
      await group.clock.advance(5_000);
      expect({ seed, whole: group.isWhole(), removals: group.removals - before }).toEqual({
        seed,
        whole: true,
        removals: 0,
      });
      await group.stop();
    }
  });

  it('for 300 ms in each second is never taken for dead, nor are the others by it (4 seeds)', async () => {
    for (const seed of seeds(4)) {
      const group = await Group.of(3, { seed });
      for (let second = 0; second < 120; second++) {
        group.network.pause(addressOf('m1'));
        await group.clock.advance(300);
        group.network.resume(addressOf('m1'));
        await group.clock.advance(700);
      }
      expect({ seed, removals: group.removals }).toEqual({ seed, removals: 0 });
      await group.stop();
    }
  });
});

describe('members that come and go at random', () => {
  it('agree on who is there soon after it is quiet (6 seeds)', async () => {
    for (const seed of seeds(6)) {
      const group = await Group.of(8, { seed, loss: 0.05, delayMs: [0, 10] });
      for (let turn = 0; turn < 12; turn++) {
        const name = `m${1 + Math.floor(group.random() * 8)}`;
        if (!group.names.includes(name)) group.start(name);
        else if (group.random() < 0.5) await group.process(name).kill();
        else {
          const left = group.process(name).memberlist.leave(new AbortController().signal);
          await group.clock.advance(1_100);
          await left;
          await group.process(name).kill();
        }
        await group.clock.advance(group.random() * 2_000);
      }
      if (group.names.length === 0) group.start('m1');
      await group.until(() => group.isWhole(), 10_000);
      await group.stop();
    }
  });
});
