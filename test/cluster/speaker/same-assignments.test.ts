import { compare } from '../../bench/allocate/rivals.ts';
import { Sequence } from '../../bench/allocate/sequence.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const OPERATIONS = 120;

it(
  'gives what upstream v0.16.1 gives, step by step',
  async () => {
    const task = { log: () => undefined, signal: new AbortController().signal };
    const { operations, differences } = await compare(new Sequence(seededRandom(3)), OPERATIONS, task);
    expect(operations).toBe(OPERATIONS);
    expect(differences).toEqual([]);
  },
  20 * 60_000,
);
