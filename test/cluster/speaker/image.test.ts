import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { findFreePort } from '../../lab/control-plane.ts';
import { until } from '../../support/until.ts';
import { START_TIMEOUT_MS, type TestCluster, startTestCluster } from '../sdk/control-plane.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, '../../../speaker/scripts/bundle.mjs');
let cluster: TestCluster;
let folder: string;
let image: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metallb-l2-image-'));
  image = join(folder, 'image');
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
  const child = spawn(process.execPath, [main(), 'controller'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
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
