import { allocate } from '../../bench/allocate.ts';

it('measures both controllers under a burst of services, and over those that have addresses', async () => {
  const options = { quick: true, scenarios: ['burst', 'many'], log: () => undefined };
  const results = [];
  for await (const result of allocate.run({ ...options, signal: new AbortController().signal })) {
    results.push(result);
  }
  expect(results.map(({ benchmark, subject }) => `${benchmark}: ${subject}`)).toEqual([
    expect.stringMatching(/^allocate burst: metallb-l2 \d/),
    expect.stringMatching(/^allocate burst: MetalLB v\d/),
    expect.stringMatching(/^allocate many: metallb-l2 \d/),
    expect.stringMatching(/^allocate many: MetalLB v\d/),
  ]);
  const [ours, upstream, ...many] = results.map(({ figures }) => figures);
  expect(ours?.['serviceWritesEach']?.median).toBe(1);
  expect(upstream?.['serviceWritesEach']?.median).toBeGreaterThan(1);
  for (const figures of many) expect(figures['rssMiB']?.median).toBeGreaterThan(0);
}, 300_000);
