import { StallClock } from '../../../../speaker/src/membership/stall-clock.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { SimulatedGossip } from '../../../support/simulated-gossip.ts';

describe('StallClock', () => {
  function rig() {
    const time = new FakeClock();
    const network = new SimulatedGossip({ clock: time, random: () => 0 });
    const stalls: number[] = [];
    const clock = new StallClock(network.clock('a'), 60, (ms) => stalls.push(ms));
    const standStill = async (ms: number) => {
      network.pause('a');
      await time.advance(ms);
      network.resume('a');
      await settle();
    };
    return { time, clock, stalls, standStill };
  }

  it('says nothing of a sleep that takes as long as it was to take', async () => {
    const { time, clock, stalls } = rig();
    const slept = clock.sleep(100);
    await time.advance(100);
    await slept;
    expect(stalls).toEqual([]);
    expect(clock.stalls).toBe(0);
  });

  it('does not mind being a little late', async () => {
    const { clock, stalls, standStill } = rig();
    void clock.sleep(100);
    await standStill(160);
    expect(stalls).toEqual([]);
  });

  it('tells once how long everybody overslept', async () => {
    const { clock, stalls, standStill } = rig();
    for (const ms of [100, 300, 250]) void clock.sleep(ms);
    await standStill(1_000);
    expect(stalls).toEqual([900]);
    expect(clock.stalls).toBe(1);
  });

  it('tells of each time', async () => {
    const { clock, stalls, standStill } = rig();
    void clock.sleep(100);
    await standStill(1_000);
    void clock.sleep(100);
    await standStill(500);
    expect(stalls).toEqual([900, 400]);
  });
});
