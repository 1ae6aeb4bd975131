import * as pulumi from '@pulumi/pulumi';
import type { MetalLBLayer2Args } from '../../../component/src/args/args.js';
import { DEFAULT_BASE, type ParsedArgs, parseArgs } from '../../../component/src/args/parse-args.js';
import { GOOD, IMAGE, problemsOf } from './good-arguments.ts';

/** Plain JavaScript can pass anything. */
function parse(args: unknown): ParsedArgs {
  return parseArgs(args as MetalLBLayer2Args) as ParsedArgs;
}

/**
 * The value of an input, or its refusal. An output has further promises that fail with it; left alone they would end
 * the process, as they are meant to in a program.
 */
function valueOf<T>(input: pulumi.Input<T>): Promise<T> {
  if (!pulumi.Output.isInstance(input)) return Promise.resolve(input as T);
  const output = input as unknown as Record<'isKnown' | 'isSecret', Promise<unknown>> &
    Record<'promise' | 'allResources', () => Promise<unknown>>;
  for (const promise of [output.isKnown, output.isSecret, output.allResources()])
    promise.catch(() => undefined);
  const value = output.promise() as Promise<T>;
  value.catch(() => undefined);
  return value;
}

describe('arguments', () => {
  it('build for both platforms on the default base', () => {
    const args = { ...GOOD, image: { build: { repository: 'r.example.com/l2' } } };
    expect(parse(args).image).toEqual({
      build: {
        repository: 'r.example.com/l2',
        base: DEFAULT_BASE,
        platforms: ['linux/amd64', 'linux/arm64'],
        insecure: false,
        credentials: undefined,
      },
    });
  });

  it('are refused for a password that is no text without showing it', () => {
    // As `pulumi config set --path build.password 12345678` has it.
    const build = { repository: 'r.example.com/l2', username: 'ann', password: 12_345_678 };
    expect(problemsOf(() => parse({ ...GOOD, image: { build } }))).toEqual([
      { path: 'image.build.password', message: 'a number given; write the password of that user, as text' },
    ]);
  });

  it('announce nothing when the advertisements are an empty list', () => {
    expect(parse({ ...GOOD, advertisements: [] }).advertisements).toEqual([]);
  });

  it('that are no object are refused', () => {
    expect(problemsOf(() => parse(undefined)).map(({ path }) => path)).toEqual(['args']);
  });

  it.each<[string, unknown, string, string]>([
    ['args', pulumi.output(GOOD), 'args', 'an output given; write the object itself'],
    [
      'image',
      { ...GOOD, image: pulumi.output(GOOD.image) },
      'image',
      'an output given; write the object itself',
    ],
    ['pools', { ...GOOD, pools: pulumi.output([]) }, 'pools', 'an output given; write a list of pools'],
    [
      'createNamespace',
      { ...GOOD, createNamespace: Promise.resolve(true) },
      'createNamespace',
      'a promise given; write true or false',
    ],
  ])('are refused by what they are when they come later and must not (%s)', (_what, args, path, message) => {
    const problems = problemsOf(() => parse(args));
    expect(problems).toEqual([{ path, message: expect.stringContaining(message) as string }]);
  });

  it('are refused for everything at once, in one error Pulumi shows without a stack', () => {
    const bad = {
      ...GOOD,
      namespace: 'Bad',
      logLevel: 'loud',
      pools: [
        { name: 'a', addresses: ['10.0.0.300/24'] },
        { name: 'a', addresses: [] },
      ],
    };
    const paths = ['namespace', 'pools[0].addresses[0]', 'pools[1].addresses', 'logLevel', 'pools[1].name'];
    expect(problemsOf(() => parse(bad)).map(({ path }) => path)).toEqual(paths);
    try {
      parse(bad);
    } catch (error) {
      expect(pulumi.RunError.isInstance(error)).toBe(true);
      for (const path of paths) expect(String(error)).toContain(`\n  ${path}: `);
    }
  });
});

describe('arguments another resource computes', () => {
  it('are taken when they turn out right', async () => {
    const parsed = parse({
      ...GOOD,
      namespace: pulumi.output('lb'),
      image: { reference: pulumi.output(IMAGE) },
      pools: [
        { name: 'a', addresses: pulumi.output(['10.0.0.0/24']) },
        { name: 'b', addresses: ['10.0.1.0/24', pulumi.output('10.0.2.0/24')] },
      ],
    });
    await expect(valueOf(parsed.namespace)).resolves.toBe('lb');
    await expect(valueOf('reference' in parsed.image ? parsed.image.reference : '')).resolves.toBe(IMAGE);
    await expect(valueOf(parsed.pools[1]?.addresses ?? [])).resolves.toEqual(['10.0.1.0/24', '10.0.2.0/24']);
  });

  it('are refused by their path when they turn out wrong', async () => {
    const parsed = parse({
      ...GOOD,
      namespace: pulumi.output('Bad'),
      image: { reference: pulumi.output('Bad') },
      logLevel: pulumi.output('loud'),
    });
    const [namespace, image, logLevel] = [
      valueOf(parsed.namespace),
      valueOf('reference' in parsed.image ? parsed.image.reference : ''),
      valueOf(parsed.logLevel),
    ];
    await expect(namespace).rejects.toThrow('\n  namespace: "Bad"');
    await expect(image).rejects.toThrow('image.reference: "Bad"');
    await expect(logLevel).rejects.toThrow('logLevel: "loud"');
  });

  it.each([
    [pulumi.output(['linux/riscv64']), 'image.build.platforms[0]: "linux/riscv64"'],
    [['linux/amd64', pulumi.output('linux/arm')], 'image.build.platforms[1]: "linux/arm"'],
    [pulumi.output([]), 'image.build.platforms: the list is empty'],
  ])('are refused when a platform turns out to be none', async (platforms, message) => {
    const { image } = parse({ ...GOOD, image: { build: { repository: 'r.io/l2', platforms } } });
    if (!('build' in image)) throw new Error('there is no build');
    await expect(valueOf(image.build.platforms)).rejects.toThrow(message);
  });

  it('are refused when who pushes the image, or how, turns out to be none', async () => {
    const build = {
      repository: 'r.io/l2',
      insecure: pulumi.output('yes'),
      username: pulumi.output(undefined),
      password: pulumi.secret(12_345_678),
    };
    const { image } = parse({ ...GOOD, image: { build } });
    if (!('build' in image)) throw new Error('there is no build');
    const { insecure, credentials } = image.build;
    await expect(valueOf(insecure)).rejects.toThrow('image.build.insecure: "yes" given; write true or false');
    await expect(valueOf(credentials?.username)).rejects.toThrow('image.build.username: nothing given');
    await expect(valueOf(credentials?.password)).rejects.toThrow('image.build.password: a number given');
  });

  it('are refused when a flag of a pool turns out to be none', async () => {
    const flags = { autoAssign: pulumi.output('no'), avoidBuggyIPs: pulumi.output(1) };
    const [pool] = parse({ ...GOOD, pools: [{ name: 'a', addresses: ['10.0.0.0/24'], ...flags }] }).pools;
    await expect(valueOf(pool?.autoAssign)).rejects.toThrow('pools[0].autoAssign: "no" given');
    await expect(valueOf(pool?.avoidBuggyIPs)).rejects.toThrow('pools[0].avoidBuggyIPs: 1 given');
  });

  it.each([
    [[], 'pools[1].addresses: the pool is empty'],
    [['10.0.0.300/24'], 'pools[1].addresses[0]'],
    [['192.168.10.7/32'], 'shares addresses with "192.168.10.0/24" of pools[0].addresses[0]'],
  ])('are refused when the pool turns out to be %j', async (addresses, message) => {
    const pools = [GOOD.pools?.[0], { name: 'b', addresses: pulumi.output(addresses) }];
    const parsed = parse({ ...GOOD, pools });
    await expect(valueOf(parsed.pools[1]?.addresses ?? [])).rejects.toThrow(message);
  });

  it('are refused by their path wherever they are', async () => {
    const parsed = parse({
      ...GOOD,
      labels: { 'example.com/part-of': pulumi.output('two words') },
      advertisements: [{ name: 'x', interfaces: pulumi.output(['eth0', 'eth 1']) }],
      speaker: {
        gratuitousIntervalSeconds: pulumi.output(-1),
        tolerations: [{ key: 'dedicated', effect: pulumi.output('Never') }],
      },
      controller: { resources: { limits: { memory: pulumi.output('much') } } },
      networkPolicy: { apiServerPorts: [pulumi.output(0)] },
    });
    const refusals: [pulumi.Input<unknown>, string][] = [
      [parsed.labels, 'labels.example.com/part-of: "two words"'],
      [parsed.advertisements[0]?.interfaces, 'advertisements[0].interfaces[1]: "eth 1"'],
      [parsed.speaker.gratuitousIntervalSeconds, 'speaker.gratuitousIntervalSeconds: -1'],
      [parsed.speaker.tolerations, 'speaker.tolerations[0].effect: "Never"'],
      [parsed.controller.resources.limits, 'controller.resources.limits.memory: "much"'],
      [parsed.networkPolicy?.apiServerPorts, 'networkPolicy.apiServerPorts[0]: 0'],
    ];
    for (const [value, message] of refusals) await expect(valueOf(value)).rejects.toThrow(message);
  });
});
