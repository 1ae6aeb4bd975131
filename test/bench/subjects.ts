/** What is measured beside each other: this project, and upstream MetalLB. Each is put on a lab and taken away. */
import { readFile } from 'node:fs/promises';
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { quickstartStack } from '../demo/quickstart.ts';
import { labSite } from '../demo/site.ts';
import { kubectl } from '../lab/kubectl.ts';
import type { Lab } from '../lab/lab.ts';
import { installUpstream, uninstallUpstream } from '../lab/upstream/install.ts';
import { UPSTREAM_SPEAKER } from '../lab/upstream/objects.ts';
import { type Task, withProgress } from '../toolchain/progress.ts';
import { TOOLS } from '../toolchain/tools.ts';
import type { SubjectName } from './benchmark.ts';

export interface Subject {
  /** With its version. */
  readonly title: string;
  /** The DaemonSet of its speakers. */
  readonly daemonSet: string;
  /** Resolves when it is ready. */
  install(lab: Lab, task: Task): Promise<Installation>;
}

export interface Installation {
  /** Takes all of it away from the lab. */
  uninstall(): Promise<void>;
  /** Removes what this machine keeps about it. */
  dispose(): Promise<void>;
}

export const SUBJECTS: Readonly<Record<SubjectName, Subject>> = {
  ours: {
    title: `metallb-l2 ${await ourVersion()}`,
    daemonSet: 'speaker',
    async install(lab, task) {
      const quiet: Task = { ...task, log: () => undefined };
      const stack = await quickstartStack(await labSite(lab), quiet);
      try {
        await withProgress(task.log, 'metallb-l2: installing', () => stack.up());
      } catch (error) {
        await stack.dispose();
        throw error;
      }
      const uninstall = async () => {
        await stack.destroy();
        // `pulumi destroy` leaves the definitions on purpose; the next subject brings its own.
        const names = customResourceDefinitions().map(({ metadata }) => metadata.name ?? '');
        await kubectl(lab, ['delete', 'crd', '--ignore-not-found', ...names]);
      };
      return {
        uninstall: () => withProgress(task.log, 'metallb-l2: removing', uninstall),
        dispose: () => stack.dispose(),
      };
    },
  },
  upstream: {
    title: `MetalLB ${TOOLS['metallb-speaker'].version}`,
    daemonSet: UPSTREAM_SPEAKER,
    async install(lab, task) {
      await installUpstream(lab, {}, task);
      return { uninstall: () => uninstallUpstream(lab, task), dispose: () => Promise.resolve() };
    },
  },
};

async function ourVersion(): Promise<string> {
  const text = await readFile(new URL('../../speaker/package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
