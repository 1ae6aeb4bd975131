/** Repeats one trial on a rig and gives its figures as one result. */
import { type Result, spreadOf } from '../benchmark.ts';
import type { Rig } from './rig.ts';

/** Figures of one trial by name, with the unit at its end. */
export type Figures = Readonly<Record<string, number>>;

/** The rig has settled before each trial, and once more at the end. */
export async function measure(
  rig: Rig,
  benchmark: string,
  trials: number,
  trial: (rig: Rig) => Promise<Figures>,
): Promise<Result> {
  const { subject, task } = rig;
  const all = new Map<string, number[]>();
  for (let number = 1; number <= trials; number++) {
    const figures = Object.entries(await trial(rig));
    const words = figures.map(([name, value]) => `${name} ${value.toFixed(0)}`).join(', ');
    const order = rig.answeringNodes().join(', ');
    task.log(`${subject.title}, ${benchmark} ${number}/${trials}: ${words} (answered: ${order})`);
    for (const [name, value] of figures) all.set(name, [...(all.get(name) ?? []), value]);
    await rig.settle();
  }
  const spreads = [...all].map(([name, values]) => [name, spreadOf(values)] as const);
  return {
    benchmark,
    subject: subject.title,
    runs: trials,
    parameters: {},
    figures: Object.fromEntries(spreads),
  };
}
