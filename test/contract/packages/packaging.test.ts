/** The packages as npm would publish them: what a program finds that installs one. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Problem, checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { packPackages } from '../../support/packed-packages.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

let folder: string;
let tarballs: ReadonlyMap<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metallb-l2-packages-'));
  tarballs = await packPackages(folder);
});

afterAll(() => rm(folder, { recursive: true }));

const tarball = (name: string) => tarballs.get(name) ?? '';

/**
 * The packages are modules only: `require` of them works from Node 22 on, which they ask for anyway. TypeScript's
 * resolution of old, `node10`, knows no `exports`: `typesVersions` tells it where the types of the entries are, and
 * what runs is found by Node, which never had that resolution.
 */
function isMeant(problem: Problem): boolean {
  if (problem.kind === 'CJSResolvesToESM') return true;
  return 'resolutionKind' in problem && problem.resolutionKind === 'node10' && problem.entrypoint !== '.';
}

it.each(['sdk', 'component'])(
  "%s: each entry's types are found, and are of what is found at run time",
  async (name) => {
    const result = await checkPackage(createPackageFromTarballData(await readFile(tarball(name))));
    if (result.types === false) throw new Error('the package has no types');
    expect(result.problems.filter((problem) => !isMeant(problem))).toEqual([]);
  },
  60_000,
);

it.each(['sdk', 'component', 'speaker'])('%s: its manifest names only what it ships', async (name) => {
  const bytes = await readFile(tarball(name));
  const content = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: content }, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
});

const RESOLUTIONS = [
  { module: 'nodenext' },
  { module: 'node16' },
  { module: 'esnext', moduleResolution: 'bundler' },
] as const;

describe.each(RESOLUTIONS)('a program compiled with %j', (resolution) => {
  it('gets the types of the SDK, and every example of the documentation holds', async () => {
    const project = await consumer(JSON.stringify(Object.values(resolution)).replaceAll(/\W+/g, '-'));
    await writeFile(join(project, 'types.ts'), TYPES);
    await writeFile(join(project, 'surroundings.d.ts'), SURROUNDINGS);
    const examples = await documentedExamples();
    expect(examples.map(({ file }) => file)).toEqual(
      expect.arrayContaining(['README.md', 'sdk/README.md', 'component/README.md']),
    );
    for (const [index, { file, code }] of examples.entries()) {
      const name = `${index}-${file.replaceAll(/\W+/g, '-')}.ts`;
      await writeFile(join(project, name), wholeProgram(code));
    }
    const options = { ...resolution, target: 'es2022', strict: true, noEmit: true, types: ['node'] };
    const config = { compilerOptions: options, include: ['*.ts'] };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const output = await run(process.execPath, [tsc, '-p', project]).then(
      () => '',
      (error: unknown) => (error as { stdout: string }).stdout,
    );
    expect(output).toBe('');
  }, 600_000);
});

/** Every block of TypeScript in what a reader is shown. */
async function documentedExamples(): Promise<{ file: string; code: string }[]> {
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: root,
  });
  const files = stdout.split('\n').filter((file) => file !== '');
  const blocks = files.map(async (file) => {
    const text = await readFile(join(root, file), 'utf8');
    return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => ({ file, code }));
  });
  return (await Promise.all(blocks)).flat();
}

/** An excerpt as the program it is taken from: without what everybody imports, or nothing but arguments. */
function wholeProgram(code: string): string {
  const body = /^\w+: /.test(code) ? `export const args: MetalLBLayer2Args = {\n${code}};\n` : code;
  const imports = `import { MetalLBLayer2, type MetalLBLayer2Args } from '@metallb-l2/component';\n`;
  return `${code.includes(`'@metallb-l2/component'`) ? '' : imports}${body}\nexport {};\n`;
}

/** An empty project that has installed the packages a program imports; what these need is the workspace's. */
async function consumer(name: string): Promise<string> {
  const project = join(folder, name);
  const modules = join(project, 'node_modules');
  const dependencies = new Set(['@types/node', '@pulumi/pulumi', '@pulumi/kubernetes']);
  for (const name of ['sdk', 'component']) {
    const target = join(modules, '@metallb-l2', name);
    await mkdir(target, { recursive: true });
    await run('tar', ['-xzf', tarball(name), '--strip-components=1', '-C', target]);
    const manifest = JSON.parse(await readFile(join(target, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const dependency of Object.keys(manifest.dependencies)) dependencies.add(dependency);
  }
  for (const dependency of dependencies) {
    if (dependency.startsWith('@metallb-l2/')) continue;
    await mkdir(dirname(join(modules, dependency)), { recursive: true });
    await symlink(join(root, 'node_modules', dependency), join(modules, dependency));
  }
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  return project;
}

const TYPES = `
import { type Announcement, ServiceL2StatusClient, ServiceL2StatusError } from '@metallb-l2/sdk';
import { KubeError } from '@metallb-l2/sdk/kube';
import { type KubeConnection, connect } from '@metallb-l2/sdk/kube/connect';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';

const client = new ServiceL2StatusClient({ api: new InMemoryKubeApi() });
const answer = await client.whoAnnounces({ namespace: 'default', name: 'web' });
// @ts-expect-error nobody may announce it
const wrong: string = answer.node;
export const node: string = answer.certainty === 'nobody' ? 'nobody' : answer.node;
// @ts-expect-error the list of certainties is closed
if (answer.certainty === 'perhaps') console.log(wrong);
export const found: Announcement | undefined = client.cache().byService(answer.service);
export const code = (error: unknown) =>
  error instanceof ServiceL2StatusError || error instanceof KubeError ? error.code : undefined;
const connection: KubeConnection = connect({ kubeconfig: '' });
export const statuses: ServiceL2Status[] = (await connection.list(SERVICE_L2_STATUSES)).items;
for await (const event of client.watch()) if (event.type === 'moved') console.log(event.from, event.status.node);
`;

/** What an example may take from the program it stands in. */
const SURROUNDINGS = `
import type { MetalLBLayer2, Pool } from '@metallb-l2/component';
import type { core } from '@pulumi/kubernetes';
import type { Config, Output } from '@pulumi/pulumi';
declare global {
  const config: Config;
  const kubeconfig: Output<string>;
  const metallb: MetalLBLayer2;
  const pools: Pool[];
  const web: core.v1.Service;
}
`;
