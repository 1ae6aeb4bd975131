/** What operators add around the installation: checked, with defaults. */
import type * as pulumi from '@pulumi/pulumi';
import { checked, checkedIfGiven } from './checked.js';
import type { Metrics, NetworkPolicy } from './operations.js';
import { metricsSchema, networkPolicySchema } from './operations-schema.js';

export interface ParsedMetrics {
  monitor: 'pods' | 'services' | undefined;
  interval: pulumi.Input<string> | undefined;
  alerts: boolean;
  selectorLabels: pulumi.Input<Record<string, string>>;
  dashboard: boolean;
  dashboardLabels: pulumi.Input<Record<string, string>>;
}

export interface ParsedNetworkPolicy {
  apiServerPorts: pulumi.Input<number[]>;
}

/** 443 is the port of the service `kubernetes`, 6443 that of API servers behind it; a policy may be held
 * against either. */
const API_SERVER_PORTS = [443, 6443];

/** What the chart of Grafana has its sidecar look for. */
const DASHBOARD_LABELS = { grafana_dashboard: '1' };

export function parseMetrics(metrics: Metrics): ParsedMetrics {
  const { podMonitor, serviceMonitor, interval, alerts, selectorLabels, dashboard, dashboardLabels } =
    metrics;
  const { shape } = metricsSchema;
  return {
    monitor: podMonitor === true ? 'pods' : serviceMonitor === true ? 'services' : undefined,
    interval: checkedIfGiven(shape.interval, interval, 'metrics.interval'),
    alerts: alerts ?? false,
    selectorLabels: checked(shape.selectorLabels, selectorLabels ?? {}, 'metrics.selectorLabels'),
    dashboard: dashboard ?? false,
    dashboardLabels: checked(
      shape.dashboardLabels,
      dashboardLabels ?? DASHBOARD_LABELS,
      'metrics.dashboardLabels',
    ),
  };
}

export function parseNetworkPolicy({ apiServerPorts }: NetworkPolicy): ParsedNetworkPolicy {
  return {
    apiServerPorts: checked(
      networkPolicySchema.shape.apiServerPorts,
      apiServerPorts ?? API_SERVER_PORTS,
      'networkPolicy.apiServerPorts',
    ),
  };
}
