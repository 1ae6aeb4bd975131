/** How a program asks a cluster by itself, beside the provider that does so for its resources. */
import { homedir } from 'node:os';
import type { KubeConnection } from '@metallb-l2/sdk/kube/connect';
import * as pulumi from '@pulumi/pulumi';

export interface ClusterAccess {
  /** Path or content. @default `$KUBECONFIG`, `~/.kube/config`, the pod's service account */
  kubeconfig?: string | undefined;
  /** @default the current context of the kubeconfig */
  context?: string | undefined;
}

/** @throws KubeconfigError when there is none, or none that can be used */
export async function openCluster({ kubeconfig = '', context }: ClusterAccess): Promise<KubeConnection> {
  const { connect, KubeconfigError } = await import('@metallb-l2/sdk/kube/connect');
  // Taken for a path it would stand in the error, with the keys in it.
  if (Buffer.from(kubeconfig, 'base64').includes('clusters')) {
    throw new KubeconfigError('the kubeconfig is encoded in base64; decode it');
  }
  return connect({
    // What is no path has several lines or is JSON.
    ...(kubeconfig === '' || kubeconfig === process.env['KUBECONFIG']
      ? {}
      : /\n|^\s*\{/.test(kubeconfig)
        ? { kubeconfig }
        : { kubeconfigFile: kubeconfig.replace(/^~(?=\/)/, homedir()) }),
    ...(context === undefined || context === '' ? {} : { context }),
  });
}

/**
 * The cluster of a Kubernetes provider: an explicit one has its arguments as properties, though its type does not
 * say so; the default one takes them from the stack's configuration.
 *
 * @throws RunError for a provider that was made in another process, which tells nothing of itself
 */
export function accessOf(provider: pulumi.ProviderResource | undefined): pulumi.Input<ClusterAccess> {
  if (provider instanceof pulumi.DependencyProviderResource) {
    throw new pulumi.RunError(
      'the provider was made by a program in another language, and does not tell its kubeconfig; ' +
        'ask with getServiceL2StatusOutput and a "kubeconfig" instead',
    );
  }
  if (provider !== undefined) {
    const { kubeconfig, context } = provider as {
      kubeconfig?: pulumi.Output<string | undefined>;
      context?: pulumi.Output<string | undefined>;
    };
    return pulumi.output({ kubeconfig, context });
  }
  const config = new pulumi.Config('kubernetes');
  return { kubeconfig: config.get('kubeconfig'), context: config.get('context') };
}
