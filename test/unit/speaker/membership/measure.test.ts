import { writeFileSync, appendFileSync } from 'node:fs';
import { Group, nameOf, addressOf } from './group.ts';
import { PROFILES } from '../../../../speaker/src/membership/profile.js';
it('measures', async () => {
  for (const n of [2, 3, 5, 10, 20]) {
    const first: number[] = [],
      all: number[] = [];
    const t0 = performance.now();
    for (let seed = 1; seed <= 60; seed++) {
      const group = await Group.of(n, { seed, delayMs: [0, 1] });
      await group.clock.advance(2000 + seed * 37);
      group.network.cut(addressOf('m1'));
      const at = group.clock.now();
      const others = group.names.filter((x) => x !== 'm1');
      await group.until(() => group.isWhole(others), 10000);
      const times = others.map((o) => group.process(o).goneAt.get('m1')! - at).sort((a, b) => a - b);
      first.push(times[0]!);
      all.push(times.at(-1)!);
      await group.stop();
    }
    const q = (v: number[], p: number) => {
      v.sort((a, b) => a - b);
      return Math.round(v[Math.min(v.length - 1, Math.floor(p * v.length))]!);
    };
    appendFileSync(
      '/tmp/scratch-swim/measure.txt',
      `n=${n} first p50 ${q(first, 0.5)} (${q(first, 0)}-${q(first, 1)}) all p50 ${q(all, 0.5)} p95 ${q(all, 0.95)} (max ${q(all, 1)})  wall ${Math.round(performance.now() - t0)} ms\n`,
    );
  }
}, 600000);
