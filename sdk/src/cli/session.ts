/** A command's access to the cluster, opened for the command and closed after it. */
import type { KubeApi } from '../kube/kube-api.js';
import type { ServiceRef } from '../status/announcement.js';
import { ServiceL2StatusError } from '../status/errors.js';
import { ServiceL2StatusClient } from '../status-client.js';
import { type ServiceArgument, resolveService } from './arguments.js';
import type { CliPorts, Cluster } from './ports.js';

/** The options every command takes. */
export interface GlobalOptions {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly metallbNamespace: string;
}

export interface Session {
  readonly api: KubeApi;
  readonly client: ServiceL2StatusClient;
  /** Where services are looked for: `--namespace`, or the context's. */
  readonly namespace: string;
  readonly metallbNamespace: string;
  serviceOf(argument: ServiceArgument): ServiceRef;
}

/** @throws ServiceL2StatusError `NoKubeconfig` */
export async function withSession<T>(
  ports: CliPorts,
  options: GlobalOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const cluster = await open(ports, options);
  const { metallbNamespace } = options;
  const fallback = cluster.namespace ?? 'default';
  const { clock, random } = ports;
  const client = new ServiceL2StatusClient(
    { api: cluster.api, namespace: metallbNamespace },
    { clock, random },
  );
  try {
    return await work({
      api: cluster.api,
      client,
      namespace: options.namespace ?? fallback,
      metallbNamespace,
      serviceOf: (argument) => resolveService(argument, options.namespace, fallback),
    });
  } finally {
    client.close();
    cluster.close();
  }
}

async function open(ports: CliPorts, { kubeconfig, context }: GlobalOptions): Promise<Cluster> {
  try {
    return await ports.connect({
      ...(kubeconfig !== undefined && { kubeconfigFile: kubeconfig }),
      ...(context !== undefined && { context }),
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceL2StatusError('NoKubeconfig', message, { cause });
  }
}
