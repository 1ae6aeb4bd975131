/** Objects of a small cluster, with only what a test says about them. */
import type { Endpoint, EndpointSlice, Node, Pod, Service } from '@metallb-l2/sdk/kube';
import type { IPAddressPool, L2Advertisement, L2AdvertisementSpec } from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS } from '@metallb-l2/sdk/settings';

export const NAMESPACE = 'metallb-system';

export function service(
  name: string,
  ips: readonly string[],
  fields: Partial<Service['spec']> = {},
): Service {
  return {
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: { type: 'LoadBalancer', ...fields },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  };
}

/** A slice with one ready endpoint on each of `nodes`. */
export function slice(serviceName: string, nodes: readonly string[]): EndpointSlice {
  return sliceOf(
    serviceName,
    nodes.map((nodeName, i) => ({
      addresses: [`10.1.0.${i + 1}`],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName,
    })),
  );
}

export function sliceOf(serviceName: string, endpoints: Endpoint[]): EndpointSlice {
  return {
    metadata: {
      name: `${serviceName}-1`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': serviceName },
    },
    addressType: 'IPv4',
    endpoints,
  };
}

export function node(
  name: string,
  fields: { labels?: Record<string, string>; noNetwork?: boolean } = {},
): Node {
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...fields.labels } },
    status: { conditions: [{ type: 'NetworkUnavailable', status: fields.noNetwork ? 'True' : 'False' }] },
  };
}

export function pool(name: string, addresses: string[], labels: Record<string, string> = {}): IPAddressPool {
  return { metadata: { name, namespace: NAMESPACE, labels }, spec: { addresses } };
}

export function advertisement(name: string, spec: L2AdvertisementSpec = {}): L2Advertisement {
  return { metadata: { name, namespace: NAMESPACE }, spec };
}

/** The speaker's pod of a node. */
export function speakerPod(nodeName: string, fields: { ready?: boolean; ending?: boolean } = {}): Pod {
  return {
    metadata: {
      name: `speaker-${nodeName}`,
      namespace: NAMESPACE,
      uid: `pod-of-${nodeName}`,
      labels: { ...COMPONENT_LABELS.speaker },
      ...(fields.ending ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: fields.ready === false ? 'False' : 'True' }],
    },
  };
}
