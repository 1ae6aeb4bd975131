import { inWords, spreadOf } from '../../bench/benchmark.ts';

describe('the figures of a benchmark', () => {
  it.each([
    [[3], { median: 3, min: 3, max: 3 }],
    [[10, 2, 4], { median: 4, min: 2, max: 10 }],
    [[4, 1, 2, 10], { median: 3, min: 1, max: 10 }],
  ])('of %j are median, least and most', (values, expected) => {
    expect(spreadOf(values)).toEqual(expected);
  });

  it('make one line', () => {
    const line = inWords({
      benchmark: 'statuses',
      subject: 'ours 1.0.0',
      runs: 5,
      parameters: { objects: 10 },
      figures: { listMs: { median: 210.4, min: 99.96, max: 231 } },
    });
    expect(line.replaceAll(/ {2,}/g, '  ')).toBe(
      'statuses  ours 1.0.0  listMs 210 (100.0–231)  10 objects, 5 runs',
    );
  });
});
