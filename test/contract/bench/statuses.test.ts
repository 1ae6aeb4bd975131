import { statuses } from '../../bench/statuses.ts';

it('measures the SDK and client-node reading the same statuses', async () => {
  const results = [];
  for await (const result of statuses.run({
    quick: true,
    log: () => undefined,
    signal: new AbortController().signal,
  })) {
    results.push(result);
  }
  expect(results.map(({ subject }) => subject)).toEqual([
    expect.stringMatching(/^@metallb-l2\/sdk \d/),
    expect.stringMatching(/^@kubernetes\/client-node \d/),
  ]);
  for (const { figures } of results) {
    expect(figures['listMs']?.median).toBeGreaterThan(0);
    expect(figures['heapMiB']).toBeDefined();
  }
});
