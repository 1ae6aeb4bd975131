/** The component for programs in other languages: the schema they see, and what Pulumi makes of it. */
import { execFile } from 'node:child_process';
import { readFile, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { linkLanguageHosts } from '../../support/language-hosts.ts';
import { generatePluginSchema, type PluginSchema } from '../../support/plugin-schema.ts';
import { type Pulumi, openPulumi } from '../../support/pulumi-project.ts';
import { cacheFolder } from '../../toolchain/cache.ts';
import { createOwnedFolder } from '../../toolchain/owned-folder.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SCHEMA = join(ROOT, 'component/plugin/schema.json');
const MINUTE = 60_000;

const readSchema = async () => JSON.parse(await readFile(SCHEMA, 'utf8')) as PluginSchema;

it('has the schema that is checked in', async () => {
  // Changed on purpose? `schema.program.ts` beside this file says how to write it anew.
  expect(await generatePluginSchema()).toEqual(await readSchema());
});

it('shows other languages nothing private', async () => {
  const { types, resources } = await readSchema();
  const names = [
    ...Object.values(types).flatMap(({ properties = {} }) => Object.keys(properties)),
    ...Object.values(resources).flatMap(({ properties, inputProperties }) =>
      Object.keys({ ...properties, ...inputProperties }),
    ),
  ];
  expect(names.filter((name) => !/^[a-z][A-Za-z]*$/.test(name))).toEqual([]);
  expect(Object.keys(resources).sort()).toEqual([
    'metallb-l2:index:AddressPool',
    'metallb-l2:index:L2Advertisement',
    'metallb-l2:index:MetalLBLayer2',
  ]);
  const { properties } = resources['metallb-l2:index:MetalLBLayer2']!;
  expect(Object.keys(properties).sort()).toEqual(['crdNames', 'image', 'namespace', 'ready']);
});

it.each([
  ['yaml', 'examples/yaml/Pulumi.yaml'],
  ['go', 'examples/go/main.go'],
])('shows its users the program in %s that is tested', async (language, program) => {
  const docs = await readFile(join(ROOT, 'docs/component.md'), 'utf8');
  expect(docs).toContain(`\`\`\`${language}\n${await readFile(join(ROOT, program), 'utf8')}\`\`\``);
});

describe('an SDK', () => {
  let folder: string;
  let pulumi: Pulumi;

  beforeAll(async () => {
    const log = (line: string) => process.stderr.write(`${line}\n`);
    folder = await createOwnedFolder(join(cacheFolder(process.env), 'consumers'));
    const path = join(folder, 'hosts');
    await linkLanguageHosts(path, ['go', 'python', 'nodejs'], { log, signal: new AbortController().signal });
    pulumi = await openPulumi({ log: () => undefined, path });
  }, 20 * MINUTE);

  afterAll(async () => {
    await pulumi.dispose();
    await rm(folder, { recursive: true });
  });

  async function generate(language: string): Promise<string> {
    const args = ['package', 'gen-sdk', SCHEMA, '--language', language, '--out', folder];
    await pulumi.runChecked(folder, args);
    return join(folder, language);
  }

  it.each([
    ['go', 'metallbl2', ['addressPool.go', 'l2advertisement.go', 'metalLBLayer2.go']],
    ['python', 'pulumi_metallb_l2', ['address_pool.py', 'l2_advertisement.py', 'metal_lb_layer2.py']],
    ['nodejs', '.', ['addressPool.ts', 'l2advertisement.ts', 'metalLBLayer2.ts']],
  ])(
    'for %s has all resources',
    async (language, inside, files) => {
      const generated = await readdir(join(await generate(language), inside));
      expect(generated).toEqual(expect.arrayContaining(files));
    },
    MINUTE,
  );

  it(
    'in TypeScript compiles',
    async () => {
      const sdk = await generate('nodejs');
      await symlink(join(ROOT, 'node_modules'), join(sdk, 'node_modules'));
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
      // Its own tsconfig.json is for TypeScript 4.
      const options = [
        '--noEmit',
        '--strict',
        '--target',
        'es2022',
        '--module',
        'nodenext',
        '--skipLibCheck',
      ];
      const compile = promisify(execFile)(process.execPath, [tsc, '--ignoreConfig', ...options, 'index.ts'], {
        cwd: sdk,
      });
      await expect(compile).resolves.toEqual({ stdout: '', stderr: '' });
    },
    MINUTE,
  );
});
