import { CounterGrowth } from '../../../bench/soak/counter-growth.ts';

it.each([
  [[7], 0],
  [[7, 7, 9], 2],
  // Started anew, it had counted to three when it was looked at again.
  [[7, 9, 3, 4], 6],
])('a counter seen at %j has grown by %d', (values, expected) => {
  const growth = new CounterGrowth();
  for (const value of values) growth.take(value);
  expect(growth.growth).toBe(expected);
});
