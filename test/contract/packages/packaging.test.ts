/** The packages as npm would publish them: what a program finds that installs one. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Problem, checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

let folder: string;
const tarballs = new Map<string, string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metallb-l2-packages-'));
  const workspaces = ['sdk', 'component', 'speaker'].flatMap((name) => ['-w', name]);
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, ...workspaces], { cwd: root });
  for (const file of await readdir(folder)) {
    const [, name = ''] = /^metallb-l2-(.*?)-\d/.exec(file) ?? [];
    tarballs.set(name, join(folder, file));
  }
});

afterAll(() => rm(folder, { recursive: true }));

const tarball = (name: string) => tarballs.get(name) ?? '';

/**
 * The packages are modules only: `require` of them works from Node 22 on, which they ask for anyway, and
 * `resolution` of TypeScript's `node10`, which knows no `exports`, finds the main entry alone.
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
  it('gets the types of the SDK, and the examples of the README hold', async () => {
    const project = await consumer(JSON.stringify(Object.values(resolution)).replaceAll(/\W+/g, '-'));
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const examples = [...readme.matchAll(/^```ts\n(.*?)^```/gms)]
      .map(([, code = '']) => code)
      .filter((code) => code.includes(`'@metallb-l2/sdk'`));
    expect(examples.length).toBeGreaterThan(0);
    await writeFile(join(project, 'types.ts'), TYPES);
    for (const [index, code] of examples.entries()) {
      await writeFile(join(project, `readme-${index}.ts`), `${code}\nexport {};\n`);
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
  });
});

/** An empty project that has installed the SDK. */
async function consumer(name: string): Promise<string> {
  const project = join(folder, name);
  const sdk = join(project, 'node_modules/@metallb-l2/sdk');
  await mkdir(sdk, { recursive: true });
  await run('tar', ['-xzf', tarball('sdk'), '--strip-components=1', '-C', sdk]);
  const manifest = JSON.parse(await readFile(join(sdk, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  await mkdir(join(project, 'node_modules/@types'));
  await mkdir(join(project, 'node_modules/@kubernetes'));
  for (const dependency of [...Object.keys(manifest.dependencies), '@types/node']) {
    await symlink(join(root, 'node_modules', dependency), join(project, 'node_modules', dependency));
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
