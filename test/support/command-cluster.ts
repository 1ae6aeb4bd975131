/** One API server for a test file whose pods get ready, though no node runs them, and the `pulumi` command for it. */
import { openPulumi, type Pulumi, type PulumiOptions } from './pulumi-project.ts';
import { keepPodsReady } from './ready-pods.ts';
import { startStackCluster, type StackCluster } from './stack-cluster.ts';

export interface CommandCluster extends Pick<StackCluster, 'api' | 'kubeconfig' | 'kubeconfigPath' | 'stop'> {
  /** Its programs find the cluster. */
  readonly pulumi: Pulumi;
}

export async function startCommandCluster(
  options: Pick<PulumiOptions, 'path'> = {},
): Promise<CommandCluster> {
  const cluster = await startStackCluster();
  const { api, kubeconfig, kubeconfigPath } = cluster;
  const ended = new AbortController();
  const pods = keepPodsReady(api, ended.signal);
  const pulumi = await openPulumi({ ...options, kubeconfig, log: () => undefined });
  return {
    api,
    kubeconfig,
    kubeconfigPath,
    pulumi,
    async stop() {
      ended.abort();
      await pods;
      await pulumi.dispose();
      await cluster.stop();
    },
  };
}
