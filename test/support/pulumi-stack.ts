/**
 * A Pulumi stack for tests and the demo: a real engine runs an inline program, with its state in a folder of
 * its own and nothing of the user's Pulumi touched.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import {
  type EngineEvent,
  LocalWorkspace,
  type OpMap,
  PulumiCommand,
  type PulumiFn,
} from '@pulumi/pulumi/automation/index.js';
import { cacheFolder } from '../toolchain/cache.ts';
import { createOwnedFolder } from '../toolchain/owned-folder.ts';
import { resolveTool } from '../toolchain/resolve.ts';
import { providerPath } from './kubernetes-provider/install.ts';
import { withoutPulumi } from './pulumi-environment.ts';

export interface StackOptions {
  readonly name: string;
  readonly projectName: string;
  /** What the stack shall be; {@link PulumiStack.up} and `preview` can be given another one. */
  readonly program: PulumiFn;
  /** The content of a kubeconfig; the default Kubernetes provider of the program uses it. */
  readonly kubeconfig: string;
  /** The folder the engine works in; it is kept. @default a temporary one */
  readonly workDir?: string;
  /** Configuration of the program; values that are no strings are read with `getObject`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Gets each line the engine prints. */
  readonly log: (line: string) => void;
  /** Interrupts the operation that runs. */
  readonly signal?: AbortSignal;
  /** More variables for the engine and its plugins. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How many resources an operation touched, by what it did to them: `{ create: 3, same: 1 }`. */
type ChangeSummary = OpMap;

/** A failed operation rejects with the engine's output in the message. */
export interface PulumiStack {
  up(program?: PulumiFn): Promise<{ changes: ChangeSummary; outputs: Record<string, unknown> }>;
  /** `steps` are the operations that would not leave a resource as it is: `update DaemonSet metallb-speaker`. */
  preview(program?: PulumiFn): Promise<{ changes: ChangeSummary; steps: string[] }>;
  refresh(): Promise<{ changes: ChangeSummary }>;
  destroy(): Promise<{ changes: ChangeSummary }>;
  /** Kills the engine while it works, as a machine that dies would; the operation rejects. */
  killEngine(): void;
  /** Releases the lock an engine that was killed has left: `pulumi cancel`. */
  cancel(): Promise<void>;
  /** The state file as it lies on the disk. `pulumi stack export` would not do: the Automation API has it decrypt. */
  readState(): Promise<string>;
  /** The state as JSON, with its secrets decrypted. */
  exportState(): Promise<string>;
  /** Whether the stand-in Kubernetes provider is in use. */
  readonly standIn: boolean;
  /** Removes what was written; the resources of the stack stay. */
  dispose(): Promise<void>;
}

/** Makes an empty stack; no resource is touched before {@link PulumiStack.up}. */
export async function createStack(options: StackOptions): Promise<PulumiStack> {
  const { log } = options;
  const signal = options.signal ?? new AbortController().signal;
  const pulumi = await resolveTool('pulumi', { log, signal });
  const provider = await providerPath({ log, pulumi });
  const folder = await createOwnedFolder(join(cacheFolder(process.env), 'stacks'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const workDir = options.workDir ?? (await makeFolder(folder, 'work'));
    const state = await makeFolder(folder, 'state');
    const home = await makeFolder(folder, 'home');
    const kubeconfigPath = join(folder, 'kubeconfig');
    await writeFile(kubeconfigPath, options.kubeconfig, { mode: 0o600 });
    // The Automation API looks for an executable named pulumi in `bin`.
    await symlink(pulumi, join(await makeFolder(folder, 'bin'), 'pulumi'));
    const stack = await LocalWorkspace.createStack(
      { stackName: options.name, projectName: options.projectName, program: options.program },
      {
        workDir,
        pulumiCommand: await PulumiCommand.get({ root: folder }),
        pulumiHome: home,
        envVars: {
          // The Automation API adds these to the variables of this process; what is undefined is not passed on.
          ...(withoutPulumi(process.env) as Record<string, never>),
          ...options.env,
          KUBECONFIG: kubeconfigPath,
          PATH: [provider.path, process.env['PATH']].filter((part) => part !== undefined).join(delimiter),
          // Without `metadata=skip` each write of the state also truncates a file beside it and fills it again; an
          // engine that is killed between the two leaves a state nobody can load ("failed to load checkpoint: EOF").
          PULUMI_BACKEND_URL: `file://${state}?metadata=skip`,
          PULUMI_CONFIG_PASSPHRASE: '',
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
          PULUMI_HOME: home,
          PULUMI_SKIP_UPDATE_CHECK: 'true',
        },
      },
    );
    const config = Object.entries(options.config ?? {}).map(([key, value]) => {
      return [key, { value: typeof value === 'string' ? value : JSON.stringify(value) }] as const;
    });
    await stack.setAllConfig(Object.fromEntries(config));
    const onOutput = (text: string) => text.split('\n').filter(Boolean).forEach(log);
    const optionsOf = (program: PulumiFn | undefined) => ({
      onOutput,
      // Once stopped, what is still asked for is cleaning up.
      ...(signal.aborted ? {} : { signal }),
      color: 'never' as const,
      ...(program === undefined ? {} : { program }),
    });
    return {
      standIn: provider.standIn,
      async up(program) {
        const { summary, outputs } = await stack.up(optionsOf(program));
        const values = Object.entries(outputs).map(([name, output]): [string, unknown] => [
          name,
          output.value,
        ]);
        return { changes: summary.resourceChanges ?? {}, outputs: Object.fromEntries(values) };
      },
      async preview(program) {
        const steps: string[] = [];
        const onEvent = ({ resourcePreEvent }: EngineEvent) => {
          const { op, urn = '' } = resourcePreEvent?.metadata ?? {};
          const [type = '', name = ''] = urn.split('::').slice(-2);
          if (op !== undefined && op !== 'same') steps.push(`${op} ${type.split(':').at(-1) ?? ''} ${name}`);
        };
        const { changeSummary } = await stack.preview({ ...optionsOf(program), onEvent });
        return { changes: changeSummary, steps };
      },
      async refresh() {
        return { changes: (await stack.refresh(optionsOf(undefined))).summary.resourceChanges ?? {} };
      },
      async destroy() {
        return { changes: (await stack.destroy(optionsOf(undefined))).summary.resourceChanges ?? {} };
      },
      killEngine: () => killProcessesOf(home),
      cancel: () => stack.cancel(),
      readState: () =>
        readFile(join(state, '.pulumi', 'stacks', options.projectName, `${options.name}.json`), 'utf8'),
      exportState: async () => JSON.stringify((await stack.exportStack()).deployment),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Kills the engine whose home is `home`; its plugins notice. */
function killProcessesOf(home: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const isEngine = readFileSync(`/proc/${pid}/comm`, 'utf8') === 'pulumi\n';
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (isEngine && environment.includes(`PULUMI_HOME=${home}`)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

async function makeFolder(parent: string, name: string): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder);
  return folder;
}
