/**
 * Upstream's Helm chart as its users install it: `helm install metallb` with the chart's own values. Only the images
 * are the lab's, and FRR-K8s, which is for BGP, is installed but runs nowhere: its images are no Go programs.
 */
import { join } from 'node:path';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import { type Task } from '../../toolchain/progress.ts';
import { resolveTool } from '../../toolchain/resolve.ts';
import { labFolder } from '../folders.ts';
import type { Lab } from '../lab.ts';
import { runChecked } from '../run.ts';
import { provideImage } from './images.ts';
import { upstreamFolder } from './module.ts';

const CHART = 'charts/metallb';

const NOWHERE = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'DoesNotExist' }] },
      ],
    },
  },
};

/** Installs the release `metallb`; returns when its objects are made, as Helm does. */
export async function installChart(lab: Lab, task: Task): Promise<void> {
  const helm = await resolveTool('helm', task);
  const values = {
    controller: { image: imageValues(await provideImage(lab, 'metallb-controller', task)) },
    speaker: { image: imageValues(await provideImage(lab, 'metallb-speaker', task)) },
    'frr-k8s': { frrk8s: { affinity: NOWHERE } },
  };
  const chart = join(await upstreamFolder(task.signal), CHART);
  const namespace = ['--namespace', DEFAULT_NAMESPACE, '--create-namespace'];
  await runChecked([helm, 'install', 'metallb', chart, ...namespace, '--values', '-'], {
    input: JSON.stringify(values),
    signal: task.signal,
    env: environmentOf(lab),
  });
}

/** Helm keeps its files in the lab's folder, and reads nothing of the user's. */
function environmentOf({ name, kubeconfigPath }: Lab): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: join(labFolder(name), 'helm'),
    KUBECONFIG: kubeconfigPath,
  };
}

/** An image as the chart's values have it; the port of the registry is no tag. */
function imageValues(reference: string): { repository: string; tag: string } {
  const end = reference.lastIndexOf(':');
  return { repository: reference.slice(0, end), tag: reference.slice(end + 1) };
}
