import { StatusContest } from '../../../../speaker/src/cluster/status-contest.js';
import { FakeClock } from '../../../support/fake-clock.ts';

describe('a contest for a status', () => {
  const start = () => {
    const clock = new FakeClock();
    return { clock, contest: new StatusContest({ clock, random: () => 0 }) };
  };

  it('begins with the first loss, and a look after a second', () => {
    const { contest } = start();
    expect(contest.hasBegun).toBe(false);
    contest.lose();
    expect(contest.hasBegun).toBe(true);
    expect(contest.remainingMs).toBe(1000);
  });

  it('allows to take the object back at once, and then only after a minute of looks that grow apart', async () => {
    const { clock, contest } = start();
    contest.lose();
    await clock.advance(contest.remainingMs);
    expect(contest.mayRetake()).toBe(true);
    contest.lose();
    const pauses: number[] = [];
    do {
      pauses.push(contest.remainingMs);
      await clock.advance(contest.remainingMs);
    } while (!contest.mayRetake());
    expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000]);
  });

  it('looks again soon, and may take the object back at once, when who is alive has changed', async () => {
    const { clock, contest } = start();
    contest.lose();
    await clock.advance(contest.remainingMs);
    contest.mayRetake();
    contest.lose();
    expect(contest.remainingMs).toBe(2000);
    contest.rivalGone();
    expect(contest.remainingMs).toBe(1000);
    expect(contest.mayRetake()).toBe(true);
  });

  it('does not begin with a change of who is alive', () => {
    const { contest } = start();
    contest.rivalGone();
    expect([contest.hasBegun, contest.remainingMs]).toEqual([false, 0]);
  });

  it('is told once', () => {
    const { contest } = start();
    contest.lose();
    expect([contest.sayOnce(), contest.sayOnce()]).toEqual([true, false]);
    contest.lose();
    expect(contest.sayOnce()).toBe(false);
  });

  it('is over after five minutes without a loss: the next one is a new contest', async () => {
    const { clock, contest } = start();
    contest.lose();
    contest.lose();
    contest.sayOnce();
    expect(contest.mayRetake()).toBe(true);
    await clock.advance(300_001);
    contest.lose();
    expect(contest.remainingMs).toBe(1000);
    expect([contest.mayRetake(), contest.sayOnce()]).toEqual([true, true]);
  });

  it('lasts no longer when the clock is set back', async () => {
    const { clock, contest } = start();
    contest.lose();
    clock.setBack(3_600_000);
    expect(contest.remainingMs).toBe(1000);
    await clock.advance(1000);
    expect(contest.mayRetake()).toBe(true);
    clock.setBack(3_600_000);
    await clock.advance(60_000);
    expect(contest.mayRetake()).toBe(true);
  });
});
