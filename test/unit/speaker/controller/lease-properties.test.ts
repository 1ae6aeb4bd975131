import { DEFAULT_LEASE, type LeaseSettings } from '@metallb-l2/sdk/settings';
import { LeaseSimulation } from './lease-simulation.ts';

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed);
const TEN_MINUTES = 600_000;
const seconds = (duration: number, deadline: number, period: number): LeaseSettings => ({
  leaseDurationMs: duration * 1000,
  renewDeadlineMs: deadline * 1000,
  retryPeriodMs: period * 1000,
});
/** As in a rolling update that changes the settings. */
const MIXED = [DEFAULT_LEASE, seconds(30, 20, 5), seconds(6, 4, 1), DEFAULT_LEASE, seconds(60, 40, 10)];

/** What went wrong over all seeds, and how much happened. */
function runAll(timings: (seed: number) => readonly LeaseSettings[]) {
  const violations: string[] = [];
  const leaderless: number[] = [];
  let terms = 0;
  let writes = 0;
  for (const seed of SEEDS) {
    const simulation = new LeaseSimulation(seed, timings(seed));
    simulation.run(TEN_MINUTES);
    // Whoever is paused wakes within a minute, and the longest lease runs out within another one.
    simulation.run(180_000, { calm: true });
    violations.push(...simulation.violations.map((what) => `seed ${seed}, ${what}`));
    if (simulation.leaders().length !== 1) leaderless.push(seed);
    terms += simulation.terms;
    writes += simulation.writes;
  }
  return { violations, leaderless, terms, writes };
}

describe('a lease among contenders with bad luck', () => {
  it('never has two leaders, nor a write of one under another, and has one again when luck is back', () => {
    const { violations, leaderless, terms, writes } = runAll((seed) => MIXED.slice(0, 2 + (seed % 4)));
    expect(violations).toEqual([]);
    expect(leaderless).toEqual([]);
    expect(terms).toBeGreaterThan(10 * SEEDS.length);
    expect(writes).toBeGreaterThan(20 * SEEDS.length);
  });

  it('would have, if leaders went on for longer than others wait', () => {
    expect(runAll(() => [seconds(10, 15, 2), seconds(10, 15, 2)]).violations).not.toEqual([]);
  });
});
