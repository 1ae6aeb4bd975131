/** The demo on a real cluster: a lab of its own that is torn down at the end, or the user's. */
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
  readonly keep: boolean;
  /** A cluster that is there; a lab is raised without. */
  readonly site: Site | undefined;
}

export async function realDemo(
  { keep, site: existing }: RealDemoOptions,
  { log, signal }: Task,
): Promise<DemoResult> {
  const started = performance.now();
  let lab: Lab | undefined;
  try {
    let site = existing;
    if (site === undefined) {
      await resolveTool('pulumi', { log, signal });
      log('== a cluster of three nodes');
      // Only a cluster that stays needs a name known beforehand; without one, two demos can run at once.
      lab = await startLab({ log, signal, ...(keep && { name: 'demo' }), nodes: 3, detached: keep });
      site = await labSite(lab);
    }
    const labReady = Math.round(performance.now() - started);
    const result = await play(site, keep || lab !== undefined, { log, signal });
    return { ...result, ms: { labReady, ...result.ms } };
  } finally {
    if (!keep) await lab?.down();
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
