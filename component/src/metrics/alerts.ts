/** When an operator is to be told: rules over the metrics of both programs. */
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import type { ParsedMetrics } from '../args/parse-operations.js';
import type { Site } from '../site.js';
import { MONITORING_API_VERSION, monitoringMetadata } from './monitoring.js';

interface Alert {
  name: string;
  expr: string;
  /** How long it must hold, as a Prometheus duration. */
  for: string;
  /** `critical`: clients do without their service. `warning`: they will, or could. */
  severity: 'critical' | 'warning';
  summary: string;
  description: string;
}

/**
 * Only the controller that leads knows the pools, hence `max`. Nothing here depends on names of jobs, which
 * whoever scrapes decides about.
 */
export const ALERTS: readonly Alert[] = [
  {
    name: 'MetalLBNoController',
    expr: 'absent(metallb_k8s_client_config_loaded_bool == 1)',
    for: '5m',
    severity: 'critical',
    summary: 'No controller hands out addresses',
    description: 'New services of type LoadBalancer get no address. Those that have one keep it.',
  },
  {
    name: 'MetalLBPoolRefused',
    expr: 'max(metallb_k8s_client_config_stale_bool) == 1',
    for: '1m',
    severity: 'warning',
    summary: 'An IPAddressPool is refused',
    description: 'The events of the pool say why. The other pools are in force.',
  },
  {
    name: 'MetalLBPoolAlmostUsedUp',
    expr: 'max by (pool) (metallb_allocator_addresses_in_use_total) / max by (pool) (metallb_allocator_addresses_total) > 0.9 < 1',
    for: '15m',
    severity: 'warning',
    summary: 'Pool {{ $labels.pool }} is almost used up',
    description: '{{ $value | humanizePercentage }} of its addresses are in use.',
  },
  {
    name: 'MetalLBPoolUsedUp',
    expr: 'max by (pool) (metallb_allocator_addresses_in_use_total) / max by (pool) (metallb_allocator_addresses_total) >= 1',
    for: '5m',
    severity: 'warning',
    summary: 'Pool {{ $labels.pool }} is used up',
    description: 'The next service that needs an address of it gets none.',
  },
  {
    name: 'MetalLBServiceWithoutAddress',
    expr: 'max by (reason) (metallb_l2_services_refused) > 0',
    for: '5m',
    severity: 'warning',
    summary: '{{ $value }} services do not get the address they ask for: {{ $labels.reason }}',
    description: 'Their events say why; `metallb-l2 explain SERVICE` says what to do.',
  },
  {
    name: 'MetalLBAnnouncedTwice',
    expr: 'count by (ip) (count by (ip, node) (metallb_speaker_announced == 1)) > 1',
    for: '1m',
    severity: 'critical',
    summary: '{{ $labels.ip }} is announced by {{ $value }} nodes',
    description:
      'The speakers do not hear each other: port 7946, UDP and TCP, must be open between the nodes.',
  },
  {
    name: 'MetalLBAddressConflict',
    expr: 'sum by (ip) (rate(metallb_layer2_address_conflicts[5m])) > 0',
    for: '1m',
    severity: 'critical',
    summary: 'Another station uses {{ $labels.ip }}',
    description: 'An address of a pool is in use on the LAN; the events of the service name the MAC address.',
  },
  {
    name: 'MetalLBSpeakersDisagree',
    expr: 'max(metallb_speaker_memberlist_members{state="alive"}) > min(metallb_speaker_memberlist_members{state="alive"})',
    for: '5m',
    severity: 'warning',
    summary: 'The speakers do not agree who lives',
    description:
      'Some do not hear all others: look at the network between the nodes, port 7946, UDP and TCP.',
  },
  {
    name: 'MetalLBNetworkThreadRestarts',
    expr: 'sum by (reason) (increase(metallb_speaker_lan_thread_restarts[1h])) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'A speaker has restarted what answers on the network: {{ $labels.reason }}',
    description: 'Its log says more.',
  },
  {
    name: 'MetalLBStatusWritesFail',
    expr: 'sum by (code) (rate(metallb_status_write_errors[10m])) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'ServiceL2Status objects cannot be written: {{ $labels.code }}',
    description: 'Services are announced all the same, but nobody can see from where.',
  },
  {
    name: 'MetalLBStatusNodeImmutable',
    expr: 'sum(increase(metallb_status_immutable_node[1h])) > 0',
    for: '0m',
    severity: 'warning',
    summary: "The resource definition of ServiceL2Status is upstream's, whose node cannot change",
    description:
      'Every move costs a write more. Another installation has put it back: `pulumi refresh` and `pulumi up` mend it.',
  },
];

/** The `PrometheusRule`. */
export function createAlerts(
  site: Site,
  metrics: ParsedMetrics,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const rules = ALERTS.map(({ name, expr, severity, summary, description, for: holding }) => ({
    alert: name,
    expr,
    for: holding,
    labels: { severity },
    annotations: { summary, description },
  }));
  return new k8s.apiextensions.CustomResource(
    `${site.name}-alerts`,
    {
      apiVersion: MONITORING_API_VERSION,
      kind: 'PrometheusRule',
      metadata: monitoringMetadata(site, 'metallb-l2', metrics),
      spec: { groups: [{ name: 'metallb-l2', rules }] },
    },
    opts,
  );
}
