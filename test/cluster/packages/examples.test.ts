/**
 * The examples as a user runs them: copied, the packages installed from tarballs, compiled, and driven by the
 * `pulumi` command against a real API server. There are no nodes; pods are made ready by hand.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { NAMESPACES } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { STATUS_LABELS } from '@metallb-l2/sdk/settings';
import { type CommandCluster, startCommandCluster } from '../../support/command-cluster.ts';
import { Versions, cloneInstalled, installPackages, packPackages } from '../../support/packed-packages.ts';
import { cacheFolder } from '../../toolchain/cache.ts';
import { createOwnedFolder } from '../../toolchain/owned-folder.ts';
import { establish } from '../sdk/control-plane.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));
const IMAGE = 'registry.example.com/metallb-l2:1';
const MINUTE = 60_000;
const task = {
  log: (line: string) => process.stderr.write(`${line}\n`),
  signal: new AbortController().signal,
};

let folder: string;
let versions: Versions;
let cluster: CommandCluster;

beforeAll(async () => {
  folder = await createOwnedFolder(join(cacheFolder(process.env), 'consumers'));
  versions = await Versions.install(task);
  await mkdir(join(folder, 'tar'));
  await installPackages(join(folder, 'installed'), (await packPackages(join(folder, 'tar'))).values());
  cluster = await startCommandCluster();
}, 20 * MINUTE);

afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
}, MINUTE);

/** A copy of the example with the packages installed, which its compiler has nothing against. */
async function copyExample(name: string): Promise<string> {
  const project = join(folder, name);
  const compiler = versions.typescript('6.0');
  await cloneInstalled(join(folder, 'installed'), project, compiler);
  await rm(join(project, 'node_modules/ts-node'), { recursive: true });
  await cp(join(EXAMPLES, name), project, { recursive: true });
  await promisify(execFile)(process.execPath, [join(compiler, 'bin/tsc'), '-p', project]);
  return project;
}

/** Runs `pulumi` as the README has it. */
const run = (project: string, ...args: string[]) =>
  cluster.pulumi.runChecked(project, args, versions.node(24));

/** What the Kubernetes providers of the stack were told about objects that exist already. */
async function upsertFlags(project: string): Promise<unknown[]> {
  const { deployment } = JSON.parse(await run(project, 'stack', 'export')) as {
    deployment: { resources: { type: string; inputs?: Record<string, unknown> }[] };
  };
  return deployment.resources
    .filter(({ type }) => type === 'pulumi:providers:kubernetes')
    .map(({ inputs = {} }) => inputs['upsertExistingObjects']);
}

interface Example {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  readonly secrets?: () => Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

const PROGRAMS: readonly Example[] = [
  {
    name: 'quickstart',
    config: { image: IMAGE, 'addresses[0]': '192.168.10.240-192.168.10.250' },
    outputs: { namespace: 'metallb-system', image: IMAGE, ready: true },
  },
  {
    name: 'dual-stack',
    config: {
      image: IMAGE,
      'office[0]': '192.168.10.240-192.168.10.250',
      'office[1]': '2001:db8:10::240-2001:db8:10::250',
      'edge[0]': '198.51.100.16/28',
      'edge[1]': '2001:db8:20::/124',
    },
    outputs: { namespace: 'metallb-system', image: IMAGE, ready: true },
  },
  {
    name: 'composed',
    config: { image: IMAGE, 'addresses[0]': '192.168.10.240-192.168.10.250' },
    secrets: () => ({ kubeconfig: cluster.kubeconfig }),
    outputs: { namespace: 'metallb-system', ready: true },
  },
  {
    // The definitions that the others have left stand for upstream's.
    name: 'patch-upstream',
    config: {},
    outputs: { crdNames: ['servicel2statuses.metallb.io'], ready: true },
  },
  {
    name: 'announcing-node',
    config: { service: 'web' },
    outputs: { certainty: 'nobody', why: expect.any(String), addresses: [] },
  },
];

describe.each(PROGRAMS)('examples/$name', ({ name, config, secrets, outputs }) => {
  it(
    'compiles, is installed by one `up`, changes nothing by the next, and is removed',
    async () => {
      const project = await copyExample(name);
      await run(project, 'stack', 'init', 'lan');
      const values = (flag: string, entries: object) =>
        Object.entries(entries).flatMap(([key, value]) => [flag, `${key}=${value}`]);
      const settings = [...values('--plaintext', config), ...values('--secret', secrets?.() ?? {})];
      if (settings.length > 0) await run(project, 'config', 'set-all', '--path', ...settings);

      const [, count] = /\+ (\d+) to create/.exec(await run(project, 'preview')) ?? [];
      expect(await run(project, 'up', '--yes')).toContain(`+ ${count} created`);
      expect(JSON.parse(await run(project, 'stack', 'output', '--json'))).toEqual(outputs);
      // What is interrupted while it installs, the next `up` is to finish.
      if ('image' in config) expect(await upsertFlags(project)).toEqual(['true']);
      expect(await run(project, 'up', '--yes')).toContain(`${count} unchanged`);
      await run(project, 'destroy', '--yes');
    },
    15 * MINUTE,
  );
});

it(
  'examples/queries compiles, and says which node announces which service',
  async () => {
    const project = await copyExample('queries');
    const { api } = cluster;
    for (const crd of customResourceDefinitions()) await establish(api, crd);
    const namespace = 'metallb-system';
    await api.create(NAMESPACES, { metadata: { name: namespace } });
    const { metadata } = await api.create(SERVICE_L2_STATUSES, {
      metadata: {
        generateName: 'node-a-',
        namespace,
        labels: {
          [STATUS_LABELS.node]: 'node-a',
          [STATUS_LABELS.serviceName]: 'web',
          [STATUS_LABELS.serviceNamespace]: 'default',
        },
      },
    });
    const status = {
      node: 'node-a',
      serviceName: 'web',
      serviceNamespace: 'default',
      addresses: ['192.168.10.240'],
    };
    const ref = { namespace, name: metadata.name ?? '' };
    await api.patch(SERVICE_L2_STATUSES, ref, { status }, { type: 'merge', subresource: 'status' });
    const node = join(versions.node(24), 'node');
    const env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath };
    const { stdout } = await promisify(execFile)(node, ['who.ts'], { cwd: project, env });
    expect(stdout).toContain('default/web: node-a answers for 192.168.10.240');
    expect(stdout).toContain('1 announced, 0 statuses that cannot be read');
  },
  5 * MINUTE,
);
