/** The demo on a real cluster: a lab of its own that is torn down at the end, or the user's. */
import { readFile } from 'node:fs/promises';
import { startLab, type Lab } from '../lab/lab.ts';
import type { Task } from '../toolchain/progress.ts';
import { resolveTool } from '../toolchain/resolve.ts';
import { ClusterStage } from './cluster-stage.ts';
import { runDemo, type DemoResult } from './demo.ts';
import { quickstartStack } from './quickstart.ts';
import { labSite, type Site } from './site.ts';
import { removeWorkload } from './workload.ts';

export interface RealDemoOptions {
  /** Leaves everything up at the end. */
  readonly keep?: true;
  /** A file; a lab is raised without. */
  readonly kubeconfig?: string;
  readonly addresses?: readonly string[];
  readonly image?: string;
  readonly sampleImage: string;
}

export async function realDemo(options: RealDemoOptions, { log, signal }: Task): Promise<DemoResult> {
  const started = performance.now();
  let lab: Lab | undefined;
  try {
    if (options.kubeconfig === undefined) {
      await resolveTool('pulumi', { log, signal });
      log('== a cluster of three nodes');
      lab = await startLab({ log, signal, name: 'demo', nodes: 3, detached: options.keep === true });
    }
    const site = lab === undefined ? await userSite(options) : await labSite(lab);
    const labReady = Math.round(performance.now() - started);
    const result = await play(site, options.keep === true || lab !== undefined, { log, signal });
    return { ...result, ms: { labReady, ...result.ms } };
  } finally {
    if (options.keep !== true) await lab?.down();
  }
}

/** @param stays whether what was installed is left: by request, or to go with its whole lab */
async function play(site: Site, stays: boolean, { log, signal }: Task): Promise<DemoResult> {
  const logEngine = (line: string): void => {
    // Without the engine's sign of life, which is for terminals.
    if (!/^@ |^\.+$/.test(line)) log(`   ${line}`);
  };
  const stack = await quickstartStack(site, { log: logEngine, signal });
  const stage = new ClusterStage(site, stack);
  try {
    return await runDemo(stage, { log, signal });
  } finally {
    if (!stays) {
      log('\n== removing what was installed');
      await removeWorkload(stage.api);
      await stack.destroy();
    }
    stage.close();
    await stack.dispose();
  }
}

async function userSite({ kubeconfig = '', addresses, image, sampleImage }: RealDemoOptions): Promise<Site> {
  if (addresses === undefined || image === undefined) {
    throw new Error('--kubeconfig needs --addresses and --image: what to announce, and what to run');
  }
  return { kubeconfig: await readFile(kubeconfig, 'utf8'), config: { addresses, image }, sampleImage };
}
