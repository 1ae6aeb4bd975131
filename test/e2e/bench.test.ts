import { availableParallelism } from 'node:os';
import { arp } from '../bench/arp.ts';
import { install } from '../bench/install.ts';
import { soak } from '../bench/soak.ts';

it('measures the kernel and our speaker answering ARP on the same network', async () => {
  const options = { quick: true, subjects: ['ours'], log: () => undefined } as const;
  const results = [];
  for await (const result of arp.run({ ...options, signal: new AbortController().signal })) {
    results.push(result);
  }
  const placements = availableParallelism() > 1 ? ['arp same-cpu', 'arp other-cpu'] : ['arp same-cpu'];
  expect(results.map(({ subject, benchmark }) => `${subject}: ${benchmark}`)).toEqual([
    ...placements.map((name) => expect.stringMatching(new RegExp(`^Linux \\S+: ${name}$`)) as unknown),
    ...placements.map((name) => expect.stringMatching(new RegExp(`^metallb-l2 \\S+: ${name}$`)) as unknown),
  ]);
  for (const { figures } of results) {
    expect(figures['p50Us']?.median).toBeGreaterThan(0);
    expect(figures['repliesPerSecond']?.median).toBeGreaterThan(0);
  }
}, 180_000);

it('measures our speaker at rest and under load, with one main thread blocked', async () => {
  const figures = new Map<string, number>();
  const signal = new AbortController().signal;
  for await (const result of soak.run({ quick: true, log: () => undefined, signal })) {
    for (const [name, { median }] of Object.entries(result.figures)) {
      figures.set(`${result.benchmark} ${name}`, median);
    }
  }
  expect(figures.get('soak at-rest rssMiB')).toBeGreaterThan(0);
  expect(figures.get('soak busy mainThreadStalls')).toBeGreaterThan(0);
  expect(figures.get('soak busy connects')).toBeGreaterThan(0);
  expect(figures.get('soak busy moves')).toBe(0);
  expect(figures.get('soak ipv6 neighbourLooks')).toBeGreaterThan(0);
  expect(figures.get('soak ipv6 neighbourLost')).toBe(0);
}, 300_000);

it('measures one `pulumi up` from an empty cluster to an address that is answered for', async () => {
  const options = { quick: true, subjects: ['ours'], log: () => undefined } as const;
  const results = [];
  for await (const result of install.run({ ...options, signal: new AbortController().signal })) {
    results.push(result);
  }
  expect(results).toHaveLength(1);
  expect(results[0]?.figures['answeredMs']?.median).toBeGreaterThan(0);
  expect(results[0]?.figures['failedCommands']?.median).toBe(0);
}, 180_000);
