/** `npm run demo`. */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { startLab, type Lab } from '../lab/lab.ts';
import { resolveTool } from '../toolchain/resolve.ts';
import { runDemo, type DemoResult } from './demo.ts';
import { stopSignal } from '../support/stop-signal.ts';
import { quickstartStack } from './quickstart.ts';
import { labSite, type Site } from './site.ts';
import { removeWorkload } from './workload.ts';

interface Options {
  keep?: true;
  json?: true;
  kubeconfig?: string;
  addresses?: string[];
  image?: string;
  sampleImage: string;
}

const program = new Command('demo')
  .description(
    'Raises a real three-node Kubernetes cluster on this machine, installs metallb-l2 with `pulumi up`,\n' +
      'announces services, deletes a speaker and cuts the power of a node, and tears everything down.',
  )
  .option('--keep', 'leave everything up at the end')
  .option('--json', 'end with one line of JSON on stdout; all else goes to stderr')
  .option('--kubeconfig <file>', 'use this cluster instead, with --addresses and --image')
  .option('--addresses <range...>', 'addresses of its LAN nothing else uses: CIDRs or ranges')
  .option('--image <reference>', 'an image of metallb-l2 the cluster can pull')
  .option('--sample-image <reference>', 'image of the sample web server', 'docker.io/library/node:24-slim')
  .addHelpText(
    'after',
    '\nWithout --kubeconfig it needs Linux and root. Where the lab stays (--keep), `npm run lab -- status`\n' +
      'shows it and `npm run lab -- down --name demo` removes it.',
  );

const signal = stopSignal();
const options = program.parse().opts<Options>();
const keep = options.keep === true;
const log = (line: string): void => {
  (options.json === true ? process.stderr : process.stdout).write(`${line}\n`);
};

let lab: Lab | undefined;
try {
  const started = performance.now();
  const site = await openSite();
  const labReady = Math.round(performance.now() - started);
  const logEngine = (line: string): void => {
    // Without the engine's sign of life, which is for terminals.
    if (!/^@ |^\.+$/.test(line)) log(`   ${line}`);
  };
  const stack = await quickstartStack(site, { log: logEngine, signal });
  let result: DemoResult;
  try {
    result = await runDemo(site, stack, { log, signal });
  } finally {
    // A lab goes as a whole; on a cluster that stays, the demo takes back what it brought.
    if (lab === undefined && !keep) {
      log('\n== removing what was installed');
      await removeWorkload(site.kubeconfig);
      await stack.destroy();
    }
    await stack.dispose();
  }
  const total = Math.round(performance.now() - started);
  const { services, announcedBy, moved } = result;
  log(
    `\n${services} services over ${new Set(Object.values(announcedBy)).size} nodes; ` +
      `${moved.podDeleted} moved when a pod was deleted, ` +
      (moved.powerCut === undefined ? '' : `${moved.powerCut} when the power was cut, `) +
      `${(total / 1000).toFixed(0)} s in all`,
  );
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ ...result, ms: { labReady, ...result.ms, total } })}\n`);
  }
} catch (error) {
  const reason: unknown = signal.aborted ? signal.reason : error;
  log(`\nthe demo failed: ${reason instanceof Error ? reason.message : String(reason)}`);
  process.exitCode = 1;
} finally {
  if (!keep) await lab?.down();
}

async function openSite(): Promise<Site> {
  const { kubeconfig, addresses, image, sampleImage } = options;
  if (kubeconfig !== undefined) {
    if (addresses === undefined || image === undefined) {
      throw new Error('--kubeconfig needs --addresses and --image: what to announce, and what to run');
    }
    return { kubeconfig: await readFile(kubeconfig, 'utf8'), config: { addresses, image }, sampleImage };
  }
  const task = { log, signal };
  await resolveTool('pulumi', task);
  log('== a cluster of three nodes');
  lab = await startLab({ ...task, name: 'demo', nodes: 3, detached: keep });
  return labSite(lab);
}
