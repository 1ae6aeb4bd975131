import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { readBundle } from '../../../component/src/image/bundle.js';
import { findFreePort } from '../../lab/control-plane.ts';
import { dyingWithParent } from '../../lab/processes.ts';
import { until } from '../../support/until.ts';
import { START_TIMEOUT_MS, type TestCluster, startTestCluster } from '../sdk/control-plane.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, '../../../speaker/scripts/bundle.mjs');
let cluster: TestCluster;
let folder: string;
let image: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metallb-l2-image-'));
  image = join(folder, 'speaker', 'dist', 'image');
  await cp(join(dirname(script), '..', 'package.json'), join(folder, 'speaker', 'package.json'));
  [cluster] = await Promise.all([startTestCluster(), run(process.execPath, [script, image])]);
}, START_TIMEOUT_MS);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await cluster.stop();
});

const main = () => join(image, 'main.mjs');

it('comes out the same, byte for byte, when it is bundled again', async () => {
  const again = join(folder, 'again');
  await run(process.execPath, [script, again]);
  const manifest = await readFile(join(image, 'manifest.json'), 'utf8');
  expect(await readFile(join(again, 'manifest.json'), 'utf8')).toBe(manifest);

  const { files } = JSON.parse(manifest) as { files: { path: string }[] };
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(paths.toSorted());
  const entries = await readdir(again, { recursive: true });
  const present = [];
  for (const path of entries) if ((await stat(join(again, path))).isFile()) present.push(path);
  expect(present.sort()).toEqual([...paths, 'manifest.json'].sort());
  expect(manifest).not.toContain(folder);
}, 60_000);

it.each([
  // e_machine of the ELF header: EM_X86_64 and EM_AARCH64.
  ['linux/amd64', 62, 'koffi-linux-x64'],
  ['linux/arm64', 183, 'koffi-linux-arm64'],
] as const)(
  'holds for %s the binaries of that machine, and says which packages are in it',
  async (...row) => {
    const [platform, machine, native] = row;
    const contents = (await readBundle(image)).contents.get(platform);
    const bytesOf = (path: string) => Buffer.from(contents!.files.find((file) => file.path === path)!.bytes);

    const binaries = contents!.files.filter(({ path }) => path.endsWith('.node'));
    expect(binaries.map(({ path }) => path.split('/').at(-2)?.split('_')[0])).toEqual(['linux', 'musl']);
    for (const { path } of binaries) expect(bytesOf(path).readUInt16LE(18)).toBe(machine);

    const bill = JSON.parse(bytesOf(contents!.sbom.slice(1)).toString()) as {
      metadata: { component: { name: string } };
      components: { name: string; version: string; purl: string; licenses: unknown[] }[];
    };
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    expect(bill.metadata.component.name).toBe('speaker');
    const names = bill.components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['client-node', 'koffi', 'sdk', 'zod', native]));
    expect(names.filter((name) => name.startsWith('koffi-'))).toEqual([native]);
    for (const { purl, version, licenses } of bill.components) {
      expect(purl).toMatch(/^pkg:npm\/(%40[a-z0-9-]+\/)?[a-z0-9.-]+@/);
      expect(purl.endsWith(`@${version}`)).toBe(true);
      expect(licenses).toHaveLength(1);
    }
  },
);

it('loads koffi and its binary from its own folder', async () => {
  const koffi = join(image, 'node_modules', 'koffi', 'index.js');
  const code = `const { default: koffi } = await import(${JSON.stringify(koffi)}); console.log(koffi.sizeof('int'));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder });
  expect(stdout).toBe('4\n');
});

it('shows its help, and says which settings are missing', async () => {
  const { stdout } = await run(process.execPath, [main(), '--help']);
  expect(stdout).toMatch(/speaker .*controller /s);
  const failure = await run(process.execPath, [main(), 'speaker'], { env: {} }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: 2 });
  expect((failure as { stderr: string }).stderr).toMatch(
    /^speaker: bad settings[^]*METALLB_NODE_NAME is not set/,
  );
});

it('runs the controller against a cluster until it is told to stop', async () => {
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig, { mode: 0o600 });
  const port = await findFreePort();
  const env = {
    KUBECONFIG: kubeconfig,
    METALLB_NAMESPACE: await cluster.createNamespace(),
    METALLB_POD_NAME: 'controller',
    METALLB_POD_UID: 'pod-uid',
    METALLB_HTTP_PORT: String(port),
  };
  const [file, ...args] = dyingWithParent([process.execPath, main(), 'controller']);
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [output, ended] = [text(child.stdout), once(child, 'exit')];
    const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
    await until('the controller is ready', async () => (await ask('/readyz'))?.status === 200);
    expect((await ask('/healthz'))?.status).toBe(200);
    expect(await (await ask('/metrics'))?.text()).toContain('metallb_k8s_client_config_loaded_bool 1');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    const lines = (await output)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ message }) => message)).toEqual([
      'starting',
      'leads',
      'stopping',
      'gave back the lead',
      'stopped',
    ]);
  } finally {
    child.kill('SIGKILL');
  }
}, 60_000);
