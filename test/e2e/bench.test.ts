import { arp } from '../bench/arp.ts';

it('measures the kernel and our speaker answering ARP on the same network', async () => {
  const options = { quick: true, subjects: ['ours'], log: () => undefined } as const;
  const results = [];
  for await (const result of arp.run({ ...options, signal: new AbortController().signal })) {
    results.push(result);
  }
  expect(results.map(({ subject }) => subject)).toEqual([
    expect.stringMatching(/^Linux \d/),
    expect.stringMatching(/^metallb-l2 \d/),
  ]);
  for (const { figures } of results) {
    expect(figures['p50Us']?.median).toBeGreaterThan(0);
    expect(figures['repliesPerSecond']?.median).toBeGreaterThan(0);
  }
}, 180_000);
