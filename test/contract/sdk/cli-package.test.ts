/** The command line as a user has it: packed, unpacked, and called by the names of its bins. */
import { chmod, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { run, runChecked } from '../../lab/run.ts';
import { resolveTool } from '../../toolchain/resolve.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SDK = join(ROOT, 'sdk');

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly bin: Record<string, string>;
  readonly dependencies: Record<string, string>;
}

let folder: string;
let env: NodeJS.ProcessEnv;
let manifest: Manifest;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metallb-l2-cli-'));
  const task = {
    log: (line: string) => process.stderr.write(`${line}\n`),
    signal: new AbortController().signal,
  };
  const kubectl = await resolveTool('kubectl', task);
  await runChecked([process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', SDK]);
  const packed = await runChecked(['npm', 'pack', SDK, '--json', '--pack-destination', folder]);
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  const modules = join(folder, 'node_modules');
  const unpacked = join(modules, '@metallb-l2/sdk');
  await mkdir(unpacked, { recursive: true });
  await runChecked(['tar', '-xzf', join(folder, filename), '--strip-components=1', '-C', unpacked]);
  manifest = JSON.parse(await readFile(join(unpacked, 'package.json'), 'utf8')) as Manifest;

  // What `npm install` does with the package, without a registry: dependencies and bins are links.
  for (const name of Object.keys(manifest.dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  const bins = join(modules, '.bin');
  await mkdir(bins);
  for (const [name, file] of Object.entries(manifest.bin)) {
    await chmod(join(unpacked, file), 0o755);
    await symlink(join(unpacked, file), join(bins, name));
  }
  const path = [bins, dirname(process.execPath), dirname(kubectl), process.env['PATH']].join(delimiter);
  env = { ...process.env, PATH: path, KUBECONFIG: join(folder, 'no-kubeconfig') };
}, 20 * 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const call = (...argv: string[]) => run(argv, { env, timeoutMs: 60_000 });

describe('the package', () => {
  it.each([
    [['metallb-l2'], 'Usage: metallb-l2 '],
    [['kubectl', 'l2'], 'Usage: kubectl l2 '],
  ])('is called as %j', async (name, usage) => {
    const { code, stdout, stderr } = await call(...name, '--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.startsWith(usage)).toBe(true);
    expect(await call(...name, '--version')).toMatchObject({ stdout: `${manifest.version}\n`, code: 0 });
  });

  it('is found by npx', async () => {
    const { code, stdout } = await run(['sh', '-c', `cd ${folder} && npx --no metallb-l2 who --help`], {
      env,
    });
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'Usage: metallb-l2 who [options] <service>']);
  });

  it('speaks of itself by the name it was called, and ends with the codes it documents', async () => {
    const { code, stderr } = await call('kubectl', 'l2', 'status', '--colour');
    expect([code, stderr]).toEqual([2, "kubectl l2: unknown option '--colour'; see `kubectl l2 --help`\n"]);
    const unconnected = await call('metallb-l2', 'status');
    expect(unconnected).toMatchObject({ code: 3, stdout: '' });
    expect(unconnected.stderr).toMatch(/^metallb-l2: no kubeconfig found: .*--kubeconfig or KUBECONFIG\n$/);
  });

  it('says that its output cannot be written, and does not end as if it were', async () => {
    const full = await call('sh', '-c', 'metallb-l2 --help > /dev/full');
    expect([full.code, full.stderr]).toEqual([
      74,
      expect.stringMatching(/^metallb-l2: the output cannot be written: ENOSPC.*\n$/),
    ]);
  });

  it('says which Node it needs when it meets an older one', async () => {
    const older = 'Object.defineProperty(process, "versions", { value: { node: "20.1.0" } })';
    const bin = join(folder, 'node_modules/.bin/metallb-l2');
    const { code, stderr } = await call(process.execPath, '--import', `data:text/javascript,${older}`, bin);
    expect(code).toBe(3);
    expect(stderr).toContain('metallb-l2: Node 20.1.0 is too old');
    expect(`>=${/needs ([\d.]+) or later/.exec(stderr)?.[1] ?? ''}`).toBe(manifest.engines.node);
  });
});

describe('completion', () => {
  it('works in bash', async () => {
    const complete = (words: string) => `
      COMP_WORDS=(metallb-l2 ${words}); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
      _metallb_l2 && echo "\${COMPREPLY[*]}"`;
    const script = `source <(metallb-l2 completion bash)
      ${complete('w')}
      ${complete('-n shop status --w')}
      ${complete('status -o ""')}`;
    const { stdout, stderr } = await call('bash', '-c', script);
    expect([stdout, stderr]).toEqual(['who watch wait\n--watch\nwide json yaml name\n', '']);
  });

  it('works through kubectl, which asks its plugin', async () => {
    const { stdout } = await call('kubectl', '__complete', 'l2', 'wa');
    const [watch, wait] = stdout.split('\n');
    expect([watch, wait]).toEqual([expect.stringMatching(/^watch\t/), expect.stringMatching(/^wait\t/)]);
  });
});
