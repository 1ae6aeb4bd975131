/** Services and pools as the API server returns them, with only what a test is about spelled out. */
import type { Service } from '@metallb-l2/sdk/kube';
import type { IPAddressPool } from '@metallb-l2/sdk/models';

export interface ServiceSketch {
  namespace?: string;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  /** Larger is younger. */
  age?: number;
  spec?: NonNullable<Service['spec']>;
  ingress?: string[];
  deleting?: boolean;
}

export function service(name: string, sketch: ServiceSketch = {}): Service {
  const {
    namespace = 'default',
    annotations,
    labels,
    age = 0,
    spec = {},
    ingress = [],
    deleting = false,
  } = sketch;
  return {
    metadata: {
      name,
      namespace,
      uid: `uid-${namespace}-${name}`,
      resourceVersion: '1',
      creationTimestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, age)).toISOString(),
      ...(annotations && { annotations }),
      ...(labels && { labels }),
      ...(deleting && { deletionTimestamp: '2026-02-01T00:00:00Z' }),
    },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1'],
      ports: [{ port: 80, protocol: 'TCP' }],
      ...spec,
    },
    status: { loadBalancer: ingress.length === 0 ? {} : { ingress: ingress.map((ip) => ({ ip })) } },
  };
}

export function pool(
  name: string,
  addresses: string[],
  spec: Partial<IPAddressPool['spec']> = {},
  age = 0,
): IPAddressPool {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: {
      name,
      namespace: 'metallb-system',
      uid: `uid-pool-${name}`,
      creationTimestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, age)).toISOString(),
    },
    spec: { addresses, ...spec },
  };
}
