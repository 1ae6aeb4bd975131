/** The program itself, in a process of its own, against a real API server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NAMESPACES, SERVICES } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { run, runChecked } from '../../lab/run.ts';
import { until } from '../../support/until.ts';
import { START_TIMEOUT_MS, type TestCluster, startTestCluster } from './control-plane.ts';

const ROOT = join(import.meta.dirname, '../../..');
const BIN = join(ROOT, 'sdk/bin/metallb-l2.mjs');

let cluster: TestCluster;
let folder: string;
let kubeconfig: string;

beforeAll(async () => {
  await runChecked([
    process.execPath,
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    '-b',
    join(ROOT, 'sdk'),
  ]);
  cluster = await startTestCluster();
  folder = await mkdtemp(join(tmpdir(), 'metallb-l2-cli-'));
  kubeconfig = await kubeconfigFile('admin', (text) =>
    text.replace('"user": "lab"', '"user":"lab","namespace":"shop"'),
  );
  for (const name of ['metallb-system', 'shop']) await cluster.api.create(NAMESPACES, { metadata: { name } });
  const ports = [{ port: 80 }];
  for (const [name, tier] of [
    ['web', 'front'],
    ['api', 'back'],
  ] as const) {
    const metadata = { namespace: 'shop', name, labels: { tier } };
    await cluster.api.create(SERVICES, { metadata, spec: { type: 'LoadBalancer', ports } });
    await announce(name, 'node1');
  }
}, START_TIMEOUT_MS);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await cluster.stop();
});

async function kubeconfigFile(name: string, change: (text: string) => string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, change(cluster.kubeconfig));
  return file;
}

/** Writes as a speaker does: object first, status second. */
async function announce(service: string, node: string): Promise<void> {
  const ref = { namespace: 'metallb-system', name: `status-of-${service}` };
  const labels = {
    'metallb.io/node': node,
    'metallb.io/service-name': service,
    'metallb.io/service-namespace': 'shop',
  };
  const object = { apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status', metadata: { ...ref, labels } };
  const writer = { type: 'apply', fieldManager: 'test', force: true } as const;
  await cluster.api.patch(SERVICE_L2_STATUSES, ref, object, writer);
  const status = {
    ...{ node, serviceName: service, serviceNamespace: 'shop' },
    ...{ interfaces: [{ name: 'eth0' }], addresses: ['192.0.2.10'] },
  };
  await cluster.api.patch(SERVICE_L2_STATUSES, ref, { status }, { type: 'merge', subresource: 'status' });
}

const call = (...argv: string[]) =>
  run([process.execPath, BIN, '--kubeconfig', kubeconfig, ...argv], { timeoutMs: 60_000 });

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  printed(): string;
}

function start(...argv: string[]): Started {
  const child = spawn(process.execPath, [BIN, '--kubeconfig', kubeconfig, ...argv], { stdio: 'pipe' });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  // `exit` may come before the last of what it has printed.
  return { child, ended: once(child, 'close'), printed: () => printed };
}

const soon = (what: string, probe: () => boolean) => until(what, () => Promise.resolve(probe()));

it("shows what is announced in the namespace of the kubeconfig's context", async () => {
  const { stdout, stderr, code } = await call('status');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.replaceAll(/\d+s/g, 'AGE')).toBe(
    [
      'NAME   NODE    ADDRESSES    AGE',
      'api    node1   192.0.2.10   AGE',
      'web    node1   192.0.2.10   AGE',
      '',
    ].join('\n'),
  );
  expect((await call('status', '-n', 'default')).stderr).toBe(
    'metallb-l2: nothing is announced in namespace default\n',
  );
});

it('selects by the labels of services, and prints names that kubectl takes', async () => {
  const { stdout } = await call('status', '-A', '-l', 'tier in (front)', '-o', 'name');
  expect(stdout).toBe('servicel2status.metallb.io/status-of-web\n');
  const wrong = await call('status', '-l', 'tier in front');
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringMatching(/^metallb-l2: --selector "tier in front": .*\n$/),
  ]);
});

it('prints YAML that kubectl reads', async () => {
  const { stdout } = await call('status', 'web', '-o', 'yaml');
  expect(stdout).toContain(
    'statuses:\n  - service:\n      namespace: shop\n      name: web\n    node: node1\n',
  );
});

it('ends with 1 when a node announces that does not exist', async () => {
  const { code, stdout, stderr } = await call('who', 'web');
  expect([code, stdout]).toEqual([1, expect.stringMatching(/shop +web +node1 +stale/)]);
  expect(stderr).toContain('node node1 does not exist');
});

it('explains what is missing', async () => {
  const { code, stdout } = await call('explain', 'web');
  expect(code).toBe(1);
  expect(stdout).toMatch(/✗ address .*\[\w+\]\n/);
});

it('waits for a move, and not for ever', async () => {
  const waiting = start('wait', 'web', '--not', 'node1', '--timeout', '60s');
  await announce('web', 'node2');
  expect(await waiting.ended).toEqual([0, null]);
  expect(waiting.printed()).toBe('shop/web is announced by node2\n');
  const late = await call('wait', 'web', '--node', 'node1', '--timeout', '2s');
  expect([late.code, late.stderr]).toEqual([
    124,
    expect.stringContaining('not announced by node1 within 2 s'),
  ]);
});

it('watches until it is interrupted', async () => {
  const watching = start('watch', 'web', '-o', 'json');
  await soon('the watch has begun', () => watching.printed().includes('"synced"'));
  await announce('web', 'node3');
  await soon('the move is told', () => watching.printed().includes('"moved"'));
  watching.child.kill('SIGINT');
  expect(await watching.ended).toEqual([130, null]);
  const types = watching
    .printed()
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type);
  expect([types[0], types.at(-1)]).toEqual(['synced', 'moved']);
});

it('ends quietly when nobody reads its output any more', async () => {
  const watching = start('watch', 'web');
  await soon('the watch has begun', () => watching.printed() !== '');
  let said = '';
  watching.child.stderr?.on('data', (text: Buffer) => (said += text.toString()));
  watching.child.stdout?.destroy();
  await announce('web', 'node4');
  expect(await watching.ended).toEqual([0, null]);
  expect(said).toBe('');
});

describe('a cluster that cannot be asked', () => {
  it.each<[string, (text: string) => string, RegExp]>([
    [
      'does not believe who asks',
      (text) => text.replace(/"token": "\w+"/, '"token": "wrong"'),
      /Unauthorized; log in again/,
    ],
    [
      'does not answer',
      (text) => text.replace(/"server": "[^"]+"/, '"server": "https://127.0.0.1:1"'),
      /127\.0\.0\.1:1.*check that it runs/,
    ],
    ['is not named', (text) => text.replace('"current-context": "lab"', '"a": 1'), /name one of "lab"/],
  ])('because it %s ends every command with 3 and one line', async (what, change, message) => {
    const file = await kubeconfigFile(what, change);
    for (const command of [['status'], ['watch'], ['who', 'web'], ['explain', 'web']]) {
      const { code, stdout, stderr } = await run([process.execPath, BIN, '--kubeconfig', file, ...command]);
      expect([command, code, stdout, stderr]).toEqual([command, 3, '', expect.stringMatching(message)]);
      expect(stderr.trimEnd()).not.toContain('\n');
    }
  });
});
