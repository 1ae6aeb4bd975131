/**
 * A project in a folder, as a user has it, and the real `pulumi` run in it: with its state in a folder of its own
 * and nothing of the user's Pulumi touched.
 */
import { execFile } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { cacheFolder } from '../toolchain/cache.ts';
import { createOwnedFolder } from '../toolchain/owned-folder.ts';
import { resolveTool } from '../toolchain/resolve.ts';
import { providerPath } from './kubernetes-provider/install.ts';
import { REAL_VERSION } from './kubernetes-provider/version.ts';
import { languagePath } from './nodejs-language/install.ts';
import { withoutPulumi } from './pulumi-environment.ts';

/** How a command ended. */
interface CommandResult {
  /** Exit code; what a signal ended has 1. */
  readonly code: number;
  readonly stdout: string;
  /** Both streams, one after the other. */
  readonly output: string;
}

export interface PulumiOptions {
  /** The content of a kubeconfig. @default one of a cluster that nobody answers for */
  readonly kubeconfig?: string;
  /** A folder with more language hosts; they come before the one for programs in JavaScript. */
  readonly path?: string;
  readonly log: (line: string) => void;
}

/** The `pulumi` command with a home and a backend of its own. */
export interface Pulumi {
  /** Runs it in `folder`. @param node the folder of the `node` that runs the program. @default that of this process */
  run(folder: string, args: readonly string[], node?: string): Promise<CommandResult>;
  /** As {@link run}, and gives what it wrote to stdout. @throws with all it printed when it fails */
  runChecked(folder: string, args: readonly string[], node?: string): Promise<string>;
  dispose(): Promise<void>;
}

/** Refuses connections at once, as a cluster does that is still to be made. */
const NO_CLUSTER = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'none',
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
  clusters: [{ name: 'none', cluster: { server: 'http://127.0.0.1:1' } }],
  users: [{ name: 'none', user: {} }],
});

export async function openPulumi({
  kubeconfig = NO_CLUSTER,
  path: more,
  log,
}: PulumiOptions): Promise<Pulumi> {
  const signal = new AbortController().signal;
  const pulumi = await resolveTool('pulumi', { log, signal });
  const provider = await providerPath({ log, pulumi });
  const language = await languagePath(pulumi, log);
  const folder = await createOwnedFolder(join(cacheFolder(process.env), 'stacks'));
  await mkdir(join(folder, 'state'));
  // Where ts-node and Node keep what they have compiled.
  await mkdir(join(folder, 'tmp'));
  await writeFile(join(folder, 'kubeconfig'), kubeconfig, { mode: 0o600 });
  // A schema is only read with its dependencies installed; the PATH does not count there.
  const plugins = join(folder, 'home', 'plugins');
  await mkdir(plugins, { recursive: true });
  if (provider.path !== undefined) {
    await symlink(provider.path, join(plugins, `resource-kubernetes-v${REAL_VERSION}`));
  }
  const run: Pulumi['run'] = (cwd, args, node = dirname(process.execPath)) =>
    new Promise((resolve) => {
      const path = [node, provider.path, more, language.path, process.env['PATH']];
      const env = {
        ...process.env,
        ...withoutPulumi(process.env),
        KUBECONFIG: join(folder, 'kubeconfig'),
        PATH: path.filter((part) => part !== undefined).join(delimiter),
        PULUMI_BACKEND_URL: `file://${join(folder, 'state')}`,
        PULUMI_CONFIG_PASSPHRASE: '',
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
        PULUMI_HOME: join(folder, 'home'),
        PULUMI_SKIP_UPDATE_CHECK: 'true',
        TMPDIR: join(folder, 'tmp'),
      };
      const options = { cwd, env, maxBuffer: 64 * 1024 * 1024 };
      execFile(pulumi, ['--non-interactive', '--color=never', ...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, output: stdout + stderr });
      });
    });
  return {
    run,
    async runChecked(cwd, args, node) {
      const { code, stdout, output } = await run(cwd, args, node);
      if (code !== 0) throw new Error(`pulumi ${args.join(' ')} ended with code ${code}:\n${output}`);
      return stdout;
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}
