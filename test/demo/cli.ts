/** `npm run demo`. Each kind of demo is loaded only where it runs: they need different things. */
import { Command } from 'commander';
import { whyNoLab } from '../lab/requirements.ts';
import { runSources } from '../support/run-sources.ts';
import { endOf, INTERRUPTED, stopSignal } from '../support/stop-signal.ts';
import type { Task } from '../toolchain/progress.ts';
import { whyNoTools } from '../toolchain/resolve.ts';
import { CLUSTER_TOOLS } from '../toolchain/tools.ts';
import { buildPackages } from './build.ts';
import type { DemoResult } from './demo.ts';
import { userSite, type UserSite } from './site.ts';

interface Options extends Omit<UserSite, 'kubeconfig'> {
  readonly kubeconfig?: string;
  readonly keep?: true;
  readonly json?: true;
  readonly simulated?: true;
}

const program = new Command('demo')
  .description(
    'Raises a real three-node Kubernetes cluster on this machine, installs metallb-l2 with `pulumi up`,\n' +
      'announces services, deletes a speaker and cuts the power of a node, and tears everything down.',
  )
  .option(
    '--simulated',
    'play the same in this process, in seconds: the real speaker, controller and SDK over an API server ' +
      'in memory and a simulated LAN; needs no root and no Go, on any operating system',
  )
  .option('--keep', 'leave everything up at the end')
  .option('--json', 'end with one line of JSON on stdout; all else goes to stderr')
  .option('--kubeconfig <file>', 'use this cluster instead, with --addresses and --image')
  .option('--addresses <range...>', 'addresses of its LAN nothing else uses: CIDRs or ranges')
  .option('--image <reference>', 'an image of metallb-l2 the cluster can pull')
  .option('--sample-image <reference>', 'image of the sample web server', 'docker.io/library/node:24-slim')
  .addHelpText(
    'after',
    '\nWithout --kubeconfig it needs Linux, root and Go; where they are missing, and nothing is to be kept,\n' +
      'the simulated demo runs instead and says so. Where the lab stays (--keep), `npm run lab -- status`\n' +
      'shows it and `npm run lab -- down --name demo` removes it.',
  )
  .showHelpAfterError('(--help says more)');
for (const option of program.options) {
  if (option.long === '--simulated') option.conflicts(['keep', 'kubeconfig', 'addresses', 'image']);
}

const signal = stopSignal();
const options = program.parse().opts<Options>();
for (const name of ['addresses', 'image', 'sampleImage']) {
  if (options.kubeconfig !== undefined || program.getOptionValueSource(name) !== 'cli') continue;
  const { flags } = program.options.find((option) => option.attributeName() === name) ?? {};
  program.error(`error: option '${flags}' is about a cluster of yours, which --kubeconfig names`);
}
const log = (line: string): void => {
  (options.json === true ? process.stderr : process.stdout).write(`${line}\n`);
};

try {
  const started = performance.now();
  const simulated = options.simulated === true || (await mustBeSimulated());
  const result = simulated ? await playSimulated({ log, signal }) : await playReal({ log, signal });
  const total = Math.round(performance.now() - started);
  const { services, announcedBy, moved } = result;
  log(
    `\n${services} services over ${new Set(Object.values(announcedBy)).size} nodes; ` +
      `${moved.podDeleted} moved when a pod was deleted, ` +
      (moved.powerCut === undefined ? '' : `${moved.powerCut} when the power was cut, `) +
      `${(total / 1000).toFixed(simulated ? 1 : 0)} s in all`,
  );
  if (options.json === true) {
    const figures = { ...result, ms: { ...result.ms, total }, ...(simulated && { simulated }) };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
} catch (error) {
  const { reason, code } = endOf(error, signal);
  log(`\nthe demo ${code === INTERRUPTED ? 'was interrupted' : 'failed'}: ${reason}`);
  process.exitCode = code;
}

/** Whether no lab can run here though one is asked for; says why. */
async function mustBeSimulated(): Promise<boolean> {
  if (options.kubeconfig !== undefined || options.keep === true) return false;
  const obstacle = whyNoLab() ?? (await whyNoTools([...CLUSTER_TOOLS, 'pulumi']));
  if (obstacle !== undefined) log(`no real cluster here: ${obstacle}`);
  return obstacle !== undefined;
}

/** From the sources: nothing is built, and nothing is loaded that belongs to one operating system. */
async function playSimulated(task: Task): Promise<DemoResult> {
  runSources();
  const { simulatedDemo, SIMULATED } = await import('./simulated.ts');
  log(SIMULATED);
  return simulatedDemo(task);
}

/** From the packages as they are built, which is what a user installs. */
async function playReal(task: Task): Promise<DemoResult> {
  const { kubeconfig, keep = false } = options;
  const site = kubeconfig === undefined ? undefined : await userSite({ ...options, kubeconfig });
  await buildPackages(signal);
  const { realDemo } = await import('./real.ts');
  return realDemo({ keep, site }, task);
}
