import type { ServiceL2Status, ServiceL2StatusStatus } from '@metallb-l2/sdk/models';

export const WEB = { namespace: 'demo', name: 'web' };

export interface StatusShape {
  name?: string;
  /** The node of the label; of the status as well unless `status` says otherwise. */
  node?: string;
  service?: string;
  /** Made at this second. */
  created?: number;
  /** Name of the pod that owns it; its UID is `uid of <name>`. */
  pod?: string;
  status?: ServiceL2StatusStatus | 'none';
}

/** A status object as speakers make it. */
export function statusObject({
  name = 'l2-x7k2p',
  node = 'node-a',
  service = 'web',
  created = 0,
  pod,
  status,
}: StatusShape = {}): ServiceL2Status {
  return {
    metadata: {
      name,
      namespace: 'metallb-system',
      creationTimestamp: new Date(created * 1000).toISOString(),
      labels: {
        'metallb.io/node': node,
        'metallb.io/service-name': service,
        'metallb.io/service-namespace': 'demo',
      },
      ...(pod !== undefined && {
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod, uid: `uid of ${pod}` }],
      }),
    },
    ...(status !== 'none' && {
      status: { node, serviceName: service, serviceNamespace: 'demo', ...status },
    }),
  };
}
