/** The facts about one service in a cluster where all is well, for tests that break one of them. */
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import type { Event, Lease, Pod, Service } from '@metallb-l2/sdk/kube';
import type { ServiceL2Status } from '@metallb-l2/sdk/models';
import type { ExplainFacts } from '../../../../sdk/src/explain/facts.js';
import { advertisement, node, pool, service, slice, speakerPod } from '../../speaker/fixtures.ts';

const NAMESPACE = 'metallb-system';

/** Objects that were read. */
export function read<T>(...items: readonly T[]): { ok: true; items: readonly T[] } {
  return { ok: true, items };
}

export function forbidden(permission: string): { ok: false; reason: 'forbidden'; permission: string } {
  return { ok: false, reason: 'forbidden', permission };
}

export function status(nodeName: string, fields: Partial<ServiceL2Status['status']> = {}): ServiceL2Status {
  return {
    metadata: {
      name: `${nodeName}-x7k2p`,
      namespace: NAMESPACE,
      labels: {
        'metallb.io/node': nodeName,
        'metallb.io/service-name': 'web',
        'metallb.io/service-namespace': 'default',
      },
    },
    status: {
      node: nodeName,
      serviceName: 'web',
      serviceNamespace: 'default',
      interfaces: [{ name: 'eth0' }],
      ...fields,
    },
  };
}

export function controllerPod({ ready = true } = {}): Pod {
  return {
    metadata: { name: 'controller-1', namespace: NAMESPACE, labels: { component: 'controller' } },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

export function web(
  fields: Partial<Service['spec']> = {},
  { ips = ['10.0.0.1'], annotations = {} }: { ips?: string[]; annotations?: Record<string, string> } = {},
): Service {
  const object = service('web', ips, { selector: { app: 'web' }, clusterIPs: ['10.96.0.1'], ...fields });
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** A service without an address, with what it asks for. */
export function waiting(annotations: Record<string, string> = {}, fields: Partial<Service['spec']> = {}) {
  return { service: read(web(fields, { ips: [], annotations })), statuses: read<ServiceL2Status>() };
}

export function event(component: string, reason: string, message: string, minute = 0): Event {
  return {
    metadata: { name: `web.${reason}`, namespace: 'default' },
    involvedObject: { kind: 'Service', name: 'web' },
    source: { component },
    reason,
    message,
    lastTimestamp: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`,
  };
}

/** The Lease of a node whose kubelet has renewed it at this second of the minute last. */
export function lease(nodeName: string, second: number): Lease {
  const renewTime = new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  return {
    metadata: { name: nodeName, namespace: 'kube-node-lease' },
    spec: { leaseDurationSeconds: 40, renewTime },
  };
}

/** `a` is elected for 10.0.0.1 among `a`, `b` and `c`. */
export function healthy(broken: Partial<ExplainFacts> = {}): ExplainFacts {
  return {
    ref: { namespace: 'default', name: 'web' },
    namespace: NAMESPACE,
    service: read(web()),
    otherServices: read(),
    otherEndpointSlices: read(),
    endpointSlices: read(slice('web', ['a', 'b'])),
    events: read(),
    nodes: read(node('a'), node('b'), node('c')),
    nodeLeases: read(lease('a', 0), lease('b', 5), lease('c', 10)),
    serviceNamespace: read({ metadata: { name: 'default' } }),
    pools: read(pool('main', ['10.0.0.0/24'])),
    advertisements: read(advertisement('all')),
    pods: read(controllerPod(), speakerPod('a'), speakerPod('b'), speakerPod('c')),
    statuses: read(status('a')),
    statusDefinition: read(
      ...customResourceDefinitions().filter(({ spec }) => spec.names.kind === 'ServiceL2Status'),
    ),
    ...broken,
  };
}
