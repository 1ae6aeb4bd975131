import * as pulumi from '@pulumi/pulumi';
import { ArgsError } from '../../../component/src/args-error.js';
import type { MetalLBLayer2Args } from '../../../component/src/args.js';
import { DEFAULT_BASE, parseArgs } from '../../../component/src/parse-args.js';

const IMAGE = 'registry.example.com/metallb-l2:1';
const GOOD: MetalLBLayer2Args = {
  image: { reference: IMAGE },
  pools: [
    { name: 'production', addresses: ['192.168.10.0/24'] },
    { name: 'lab', addresses: ['192.168.20.5-192.168.20.9', 'fd00::/120'] },
  ],
};

/** Plain JavaScript can pass anything. */
function parse(args: unknown) {
  return parseArgs(args as MetalLBLayer2Args, 'x64');
}

function problemsOf(args: unknown) {
  try {
    parse(args);
  } catch (error) {
    if (error instanceof ArgsError) return error.problems;
    throw error;
  }
  return [];
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
  it('get defaults for what they leave out', () => {
    expect(parse({ image: { reference: IMAGE }, pools: [] })).toEqual({
      namespace: 'metallb-system',
      createNamespace: true,
      image: { reference: IMAGE },
      pools: [],
      advertisements: [{ name: 'default', pools: [], interfaces: [], nodeSelectors: [] }],
      logLevel: 'info',
      admissionPolicy: true,
    });
  });

  it.each([
    ['x64', 'linux/amd64'],
    ['arm64', 'linux/arm64'],
  ])('build for this machine, %s, on the default base', (arch, platform) => {
    const args = { ...GOOD, image: { build: { repository: 'r.example.com/l2' } } };
    expect(parseArgs(args, arch).image).toEqual({
      build: {
        repository: 'r.example.com/l2',
        base: DEFAULT_BASE,
        platform,
        insecure: false,
        credentials: undefined,
      },
    });
  });

  it('announce nothing when the advertisements are an empty list', () => {
    expect(parse({ ...GOOD, advertisements: [] }).advertisements).toEqual([]);
  });

  it.each<[string, object, string, string[]]>([
    [
      'an address that is none',
      { pools: [{ name: 'a', addresses: ['10.0.0.300/24'] }] },
      'pools[0].addresses[0]',
      ['10.0.0.300', 'between 0 and 255'],
    ],
    [
      'a range that ends before it starts',
      { pools: [{ name: 'a', addresses: ['10.0.1.0/24', '10.0.0.9-10.0.0.1'] }] },
      'pools[0].addresses[1]',
      ['10.0.0.9-10.0.0.1', 'write "10.0.0.1-10.0.0.9"'],
    ],
    [
      'an empty pool',
      { pools: [{ name: 'a', addresses: [] }] },
      'pools[0].addresses',
      ['empty', 'at least one'],
    ],
    [
      'a single address as a range',
      { pools: [{ name: 'a', addresses: ['10.0.0.1'] }] },
      'pools[0].addresses[0]',
      ['"10.0.0.1"', '10.0.0.1/32'],
    ],
    [
      'two pools of one name',
      {
        pools: [
          { name: 'a', addresses: ['10.0.0.0/24'] },
          { name: 'a', addresses: ['10.0.1.0/24'] },
        ],
      },
      'pools[1].name',
      ['"a"', 'pools[0]', 'must differ'],
    ],
    [
      'pools that overlap',
      {
        pools: [
          { name: 'a', addresses: ['10.0.0.0/24'] },
          { name: 'b', addresses: ['10.0.9.0/24', '10.0.0.200-10.0.1.5'] },
        ],
      },
      'pools[1].addresses[1]',
      ['"10.0.0.200-10.0.1.5"', '"10.0.0.0/24"', 'pools[0].addresses[0]'],
    ],
    [
      'a pool that overlaps with itself',
      { pools: [{ name: 'a', addresses: ['10.0.0.0/24', '10.0.0.7/32'] }] },
      'pools[0].addresses[1]',
      ['10.0.0.7/32'],
    ],
    [
      'a pool name Kubernetes refuses',
      { pools: [{ name: 'My Pool', addresses: ['10.0.0.0/24'] }] },
      'pools[0].name',
      ['"My Pool"', 'lower-case'],
    ],
    ['pools that are no list', { pools: { a: ['10.0.0.0/24'] } }, 'pools', ['an object', 'a list of pools']],
    ['no pools at all', { pools: undefined }, 'pools', ['nothing', 'a list of pools']],
    [
      'an advertisement of an unknown pool',
      { advertisements: [{ name: 'x', pools: ['production', 'staging'] }] },
      'advertisements[0].pools[1]',
      ['"staging"', '"production", "lab"'],
    ],
    [
      'two advertisements of one name',
      { advertisements: [{ name: 'x' }, { name: 'x' }] },
      'advertisements[1].name',
      ['"x"', 'advertisements[0]'],
    ],
    [
      'an interface name Linux refuses',
      { advertisements: [{ name: 'x', interfaces: ['eth0', 'eth 1'] }] },
      'advertisements[0].interfaces[1]',
      ['"eth 1"', 'at most 15'],
    ],
    [
      'a selector with an unknown operator',
      {
        advertisements: [
          { name: 'x', nodeSelectors: [{ matchExpressions: [{ key: 'k', operator: 'Is' }] }] },
        ],
      },
      'advertisements[0].nodeSelectors[0].matchExpressions[0].operator',
      ['"Is"', '"NotIn"'],
    ],
    [
      'an image given and built',
      { image: { reference: IMAGE, build: { repository: 'r.io/a' } } },
      'image',
      ['keep one'],
    ],
    ['no image', { image: {} }, 'image', ['neither']],
    ['an image that is a text', { image: IMAGE }, 'image', [IMAGE, '"reference" or "build"']],
    [
      'an image name that is none',
      { image: { reference: 'Registry/App' } },
      'image.reference',
      ['"Registry/App"', 'lower-case'],
    ],
    [
      'a repository with a tag',
      { image: { build: { repository: 'r.example.com/l2:latest' } } },
      'image.build.repository',
      ['"r.example.com/l2:latest"', 'leave it out'],
    ],
    [
      'a platform without native code',
      { image: { build: { repository: 'r.io/l2', platform: 'linux/s390x' } } },
      'image.build.platform',
      ['"linux/s390x"', '"linux/arm64"'],
    ],
    [
      'a user without a password',
      { image: { build: { repository: 'r.io/l2', username: 'ann' } } },
      'image.build.password',
      ['go together'],
    ],
    ['a bad namespace', { namespace: 'MetalLB_System' }, 'namespace', ['"MetalLB_System"', 'lower-case']],
    ['a namespace that is too long', { namespace: 'n'.repeat(64) }, 'namespace', ['at most 63']],
    [
      'an unknown log level',
      { logLevel: 'verbose' },
      'logLevel',
      ['"verbose"', '"debug" or "info" or "warn" or "error"'],
    ],
    ['a flag that is a text', { createNamespace: 'yes' }, 'createNamespace', ['"yes"', 'true or false']],
    ['a misspelt argument', { adress: [] }, 'adress', ['no such field', 'pools']],
    [
      'a misspelt field of a pool',
      { pools: [{ name: 'a', addresses: ['10.0.0.0/24'], auto: true }] },
      'pools[0].auto',
      ['no such field', 'autoAssign'],
    ],
    [
      'a misspelt field of an image',
      { image: { reference: IMAGE, tag: 'x' } },
      'image.tag',
      ['no such field', 'reference, build'],
    ],
  ])('are refused for %s, by the path of the field', (_, change, path, words) => {
    const problems = problemsOf({ ...GOOD, ...change });
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    for (const word of words) expect(problems[0]?.message).toContain(word);
  });

  it('that are no object are refused', () => {
    expect(problemsOf(undefined).map(({ path }) => path)).toEqual(['args']);
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
    expect(problemsOf(bad).map(({ path }) => path)).toEqual(paths);
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
    [[], 'pools[1].addresses: the pool is empty'],
    [['10.0.0.300/24'], 'pools[1].addresses[0]'],
    [['192.168.10.7/32'], 'shares addresses with "192.168.10.0/24" of pools[0].addresses[0]'],
  ])('are refused when the pool turns out to be %j', async (addresses, message) => {
    const pools = [GOOD.pools[0], { name: 'b', addresses: pulumi.output(addresses) }];
    const parsed = parse({ ...GOOD, pools });
    await expect(valueOf(parsed.pools[1]?.addresses ?? [])).rejects.toThrow(message);
  });
});
