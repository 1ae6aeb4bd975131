/**
 * Questions to a cluster while a program runs: who is asked, and what it means when there is no answer. The client
 * is loaded with the first question: an installation needs none, and Node 20 cannot load it.
 */
import type { ServiceL2StatusClient, ServiceL2StatusErrorCode } from '@metallb-l2/sdk';
import * as pulumi from '@pulumi/pulumi';
import { type ClusterAccess, openCluster } from './cluster-access.js';

/** Which cluster is asked. */
export interface AskedCluster extends ClusterAccess {
  /** The namespace of MetalLB, where the status objects are. */
  namespace: string;
}

/** Asks over a connection of its own, which is closed with the answer. */
export async function askCluster<T>(
  { namespace, ...access }: AskedCluster,
  question: (client: ServiceL2StatusClient) => Promise<T>,
): Promise<T> {
  const { ServiceL2StatusClient } = await import('@metallb-l2/sdk');
  const api = await openCluster(access);
  const client = new ServiceL2StatusClient({ api, namespace });
  try {
    return await question(client);
  } finally {
    client.close();
    api.close();
  }
}

/**
 * What goes wrong, told with what to do about it.
 *
 * @param asker begins the message: what the user called
 */
export async function explaining<T>(asker: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw await explained(asker, error);
  }
}

/**
 * As {@link explaining}, but in a preview a cluster that is not there yet leaves the answer unknown: the same
 * program may be about to make it, or to install MetalLB there.
 */
export async function unlessInPreview<T>(asker: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    const said = await explained(asker, error);
    const code = await codeOf(error);
    if (!pulumi.runtime.isDryRun() || code === undefined || !NOT_THERE_YET.has(code)) throw said;
    await pulumi.log.warn(`not known in this preview: ${said.message}`);
    return pulumi.unknown as T;
  }
}

const NOT_THERE_YET: ReadonlySet<ServiceL2StatusErrorCode> = new Set<ServiceL2StatusErrorCode>([
  'NoKubeconfig',
  'NotInstalled',
  'Unreachable',
]);

const REMEDIES: Partial<Record<ServiceL2StatusErrorCode, string>> = {
  NoKubeconfig: 'give "kubeconfig", as a path or as its content, and "context" if it is not the current one',
  NotInstalled: 'let the question wait for what installs it, with "dependsOn"',
  Denied: 'let the user of the kubeconfig list servicel2statuses in the namespace of MetalLB',
  Unreachable:
    'check that its API server answers where Pulumi runs, and that "kubeconfig" and "context" name the cluster you mean',
};

async function codeOf(error: unknown): Promise<ServiceL2StatusErrorCode | undefined> {
  const [{ ServiceL2StatusError }, { KubeconfigError }] = await Promise.all([
    import('@metallb-l2/sdk'),
    import('@metallb-l2/sdk/kube/connect'),
  ]);
  if (error instanceof ServiceL2StatusError) return error.code;
  return error instanceof KubeconfigError ? 'NoKubeconfig' : undefined;
}

/** Pulumi shows a RunError without a stack trace, which would bury the message. */
async function explained(asker: string, error: unknown): Promise<Error> {
  const code = await codeOf(error);
  if (code === undefined || !(error instanceof Error)) return error as Error;
  const remedy = REMEDIES[code];
  return new pulumi.RunError(`${asker}: ${error.message}${remedy === undefined ? '' : `; ${remedy}`}`);
}
