/** `npm run lab`: the cluster of the tests by hand. */
import { dirname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { quickstartStack } from '../demo/quickstart.ts';
import { labSite } from '../demo/site.ts';
import { endOf, stopSignal } from '../support/stop-signal.ts';
import { type Task } from '../toolchain/progress.ts';
import { resolveTool } from '../toolchain/resolve.ts';
import { removeLab } from './cleanup.ts';
import { type Lab, openLab, startLab } from './lab.ts';
import { listLabs } from './state.ts';
import { renderStatus } from './status.ts';
import { installUpstream } from './upstream/install.ts';

const DEFAULT_NAME = 'lab';

const signal = stopSignal();
const task: Task = { log: (line) => process.stderr.write(`${line}\n`), signal };

interface Named {
  readonly name: string;
}

const program = new Command('lab')
  .description(
    'A real Kubernetes cluster on this machine: nodes, a control plane, an image registry and clients, ' +
      'each in namespaces of its own, on one bridge. Needs Linux, root and Go.',
  )
  .addHelpText(
    'after',
    '\nExample:\n  npm run lab -- up --nodes 3\n  eval "$(npm run --silent lab -- env)"\n' +
      '  kubectl get nodes\n  npm run lab -- cut node2\n  npm run lab -- down',
  );

/** All commands speak of one lab, by name. */
function command(usage: string, description: string): Command {
  return program.command(usage).description(description).option('--name <name>', 'which lab', DEFAULT_NAME);
}

command('up', 'start a lab; it stays until `down`')
  .option('--nodes <count>', 'how many nodes', parseCount, 3)
  .addOption(
    new Option(
      '--speaker <whose>',
      'what announces services: nothing, examples/quickstart, or MetalLB v0.16.1',
    )
      .choices(['none', 'ours', 'upstream'])
      .default('none'),
  )
  .action(
    async ({ name, nodes, speaker }: Named & { nodes: number; speaker: 'none' | 'ours' | 'upstream' }) => {
      const lab = await startLab({ ...task, name, nodes, detached: true });
      if (speaker === 'ours') await installQuickstart(lab);
      if (speaker === 'upstream') await installUpstream(lab, {}, task);
      await printStatus(lab);
    },
  );

command('down', 'remove the lab and everything it has, also after a crash')
  .option('--all', 'every lab')
  .action(async ({ name, all = false }: Named & { all?: boolean }) => {
    const found = await listLabs();
    const names = all ? found : found.filter((candidate) => candidate === name);
    if (names.length === 0) task.log(all ? 'no lab runs' : `no lab is called "${name}"`);
    for (const each of names) {
      await removeLab(each, task);
      task.log(`lab ${each} is removed`);
    }
  });

command('status', 'show what runs').action(async ({ name }: Named) => printStatus(await openLab(name, task)));

command('env', 'print shell commands that make kubectl use the lab').action(async ({ name }: Named) => {
  const lab = await openLab(name, task);
  const kubectl = await resolveTool('kubectl', task);
  process.stdout.write(
    `export KUBECONFIG='${lab.kubeconfigPath}'\nexport PATH='${dirname(kubectl)}':"$PATH"\n`,
  );
});

command('cut <node>', 'pull the cable of a node: to all others its power is gone').action(
  async (node: string, { name }: Named) => (await openLab(name, task)).cutPower(node),
);

command('restore <node>', 'put the cable of a node back').action(async (node: string, { name }: Named) =>
  (await openLab(name, task)).restore(node),
);

command('exec <host> <command...>', 'run a command on a host, for example `exec node1 -- ip address`').action(
  async (host: string, argv: string[], { name }: Named) => {
    const result = await (await openLab(name, task)).exec(host, argv, { signal });
    process.stdout.write(result.stdout);
    process.stderr.write(result.stderr);
    process.exitCode = result.code;
  },
);

/** The stack's state is not kept: the lab goes as a whole. */
async function installQuickstart(lab: Lab): Promise<void> {
  const log = (line: string) => task.log(`   ${line}`);
  const stack = await quickstartStack(await labSite(lab), { ...task, log });
  try {
    await stack.up();
  } finally {
    await stack.dispose();
  }
}

async function printStatus(lab: Lab): Promise<void> {
  process.stdout.write(`${renderStatus(await lab.status())}\n`);
}

function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('a whole number from 1 up is needed');
  return Number(text);
}

try {
  await program.parseAsync();
} catch (error) {
  const { reason, code } = endOf(error, signal);
  task.log(reason);
  process.exitCode = code;
}
