/**
 * The examples in other languages as a user runs them: copied, the plugin beside them, installed and driven by the
 * `pulumi` command against a real API server. There are no nodes; pods are made ready by hand.
 */
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NAMESPACES } from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS } from '@metallb-l2/sdk/models';
import { run as runCommand } from '../../lab/run.ts';
import { type CommandCluster, startCommandCluster } from '../../support/command-cluster.ts';
import { linkLanguageHosts } from '../../support/language-hosts.ts';
import { installPlugin } from '../../support/packed-plugin.ts';
import { cacheFolder } from '../../toolchain/cache.ts';
import { createOwnedFolder } from '../../toolchain/owned-folder.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));
const IMAGE = 'registry.example.com/metallb-l2:1';
const MINUTE = 60_000;

let folder: string;
let cluster: CommandCluster;

beforeAll(async () => {
  folder = await createOwnedFolder(join(cacheFolder(process.env), 'consumers'));
  const hosts = join(folder, 'hosts');
  const task = { log: () => undefined, signal: new AbortController().signal };
  await linkLanguageHosts(hosts, ['yaml', 'go', 'python'], task);
  await installPlugin(join(folder, 'plugin'));
  cluster = await startCommandCluster({ path: hosts });
}, 20 * MINUTE);

afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
}, MINUTE);

/** A copy of the example with the plugin beside it, and with what its program needs. */
async function copyExample(name: string, install: boolean): Promise<string> {
  const project = join(folder, name);
  await cp(join(EXAMPLES, name), project, { recursive: true });
  await symlink(join(folder, 'plugin'), join(project, 'plugin'));
  if (install) await run(project, 'install');
  return project;
}

/** Runs `pulumi` as the README has it. */
const run = (project: string, ...args: string[]) => cluster.pulumi.runChecked(project, args);

/** What other stacks may find of it in the cluster. */
async function inCluster() {
  const { api } = cluster;
  const pools = await api.list(IP_ADDRESS_POOLS);
  const advertisements = await api.list(L2_ADVERTISEMENTS);
  const namespaces = await api.list(NAMESPACES);
  return {
    pools: Object.fromEntries(pools.items.map(({ metadata, spec }) => [metadata.name ?? '', spec.addresses])),
    advertisements: Object.fromEntries(
      advertisements.items.map(({ metadata, spec }) => [metadata.name ?? '', spec]),
    ),
    namespace: namespaces.items.some(({ metadata }) => metadata.name === 'metallb-system'),
  };
}

/** Why no program in Python can be installed here, in parentheses; empty when one can. */
async function pythonObstacle(): Promise<string> {
  const trial = await mkdtemp(join(tmpdir(), 'metallb-l2-python-'));
  const succeeds = async (...argv: string[]) => (await runCommand(argv).catch(() => undefined))?.code === 0;
  try {
    if (!(await succeeds('python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 10))'))) {
      return ' (needs Python 3.10 or later)';
    }
    if (!(await succeeds('python3', '-m', 'venv', trial))) return ' (needs Python’s venv)';
    const download = ['download', '--quiet', '--no-deps', '--timeout=10', '--retries=1', `--dest=${trial}`];
    const isReachable = await succeeds(join(trial, 'bin', 'pip'), ...download, 'pulumi');
    return isReachable ? '' : ' (needs pip’s package index)';
  } finally {
    await rm(trial, { recursive: true });
  }
}

const LANGUAGES = [
  // It needs no SDK: the host reads the schema.
  { name: 'yaml', install: false, obstacle: '' },
  { name: 'go', install: true, obstacle: '' },
  { name: 'python', install: true, obstacle: await pythonObstacle() },
];

describe.each(LANGUAGES)('examples/$name$obstacle', ({ name, install, obstacle }) => {
  (obstacle === '' ? it : it.skip)(
    'is installed by one `up`, has nothing to change afterwards, and is removed',
    async () => {
      const project = await copyExample(name, install);
      await run(project, 'stack', 'init', 'lan');
      const addresses = '192.168.10.240-192.168.10.250';
      const config = ['--plaintext', `image=${IMAGE}`, '--plaintext', `addresses[0]=${addresses}`];
      await run(project, 'config', 'set-all', '--path', ...config);

      await run(project, 'up', '--yes');
      expect(JSON.parse(await run(project, 'stack', 'output', '--json'))).toEqual({
        namespace: 'metallb-system',
        ready: true,
      });
      expect(await inCluster()).toMatchObject({
        pools: { production: [addresses], office: ['192.168.20.0/24'] },
        advertisements: { 'office-ports': { ipAddressPools: ['office'], interfaces: ['eth1'] } },
        namespace: true,
      });

      await run(project, 'preview', '--expect-no-changes');
      await run(project, 'destroy', '--yes', '--skip-preview');
      expect(await inCluster()).toEqual({ pools: {}, advertisements: {}, namespace: false });
    },
    15 * MINUTE,
  );
});
