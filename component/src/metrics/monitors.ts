/** What has Prometheus ask the programs: monitors of the Prometheus operator. */
import { COMPONENT_LABELS, DEFAULT_HTTP_PORT } from '@metallb-l2/sdk/settings';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import type { ParsedMetrics } from '../args/parse-operations.js';
import { HTTP_PORT_NAME, labelsOf } from '../pod.js';
import type { Role } from '../rbac.js';
import { metadataOf, type Site } from '../site.js';
import { MONITORING_API_VERSION, monitoringMetadata } from './monitoring.js';

const ROLES: readonly Role[] = ['controller', 'speaker'];

/** Pods of both programs carry it, and nothing else of ours does. */
const { app } = COMPONENT_LABELS.speaker;

/** One monitor of the pods, or one of a service for each program. */
export function createMonitors(
  site: Site,
  metrics: ParsedMetrics,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  if (metrics.monitor === undefined) return [];
  return metrics.monitor === 'pods'
    ? [createPodMonitor(site, metrics, opts)]
    : ROLES.flatMap((role) => createServiceMonitor(site, role, metrics, opts));
}

function endpoint({ interval }: ParsedMetrics) {
  return { port: HTTP_PORT_NAME, path: '/metrics', ...(interval && { interval }) };
}

function createPodMonitor(
  site: Site,
  metrics: ParsedMetrics,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  return new k8s.apiextensions.CustomResource(
    `${site.name}-monitor`,
    {
      apiVersion: MONITORING_API_VERSION,
      kind: 'PodMonitor',
      metadata: monitoringMetadata(site, 'metallb-l2', metrics),
      spec: {
        // The job of the series: "controller" or "speaker", as with service monitors.
        jobLabel: 'component',
        selector: {
          matchLabels: { app },
          matchExpressions: [{ key: 'component', operator: 'In', values: ROLES }],
        },
        podMetricsEndpoints: [endpoint(metrics)],
      },
    },
    opts,
  );
}

function createServiceMonitor(
  site: Site,
  role: Role,
  metrics: ParsedMetrics,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const labels = labelsOf(role);
  // Upstream's name.
  const name = `${role}-monitor-service`;
  const metadata = metadataOf(site, name, labels);
  const service = new k8s.core.v1.Service(
    `${site.name}-${role}-monitor`,
    {
      // It leads to the pods for Prometheus alone, and nothing here waits for it.
      metadata: { ...metadata, annotations: { 'pulumi.com/skipAwait': 'true' } },
      spec: {
        clusterIP: 'None',
        selector: labels,
        ports: [{ name: HTTP_PORT_NAME, port: DEFAULT_HTTP_PORT, targetPort: HTTP_PORT_NAME }],
      },
    },
    opts,
  );
  const monitor = new k8s.apiextensions.CustomResource(
    `${site.name}-${role}-monitor`,
    {
      apiVersion: MONITORING_API_VERSION,
      kind: 'ServiceMonitor',
      metadata: monitoringMetadata(site, role, metrics),
      spec: { jobLabel: 'component', selector: { matchLabels: labels }, endpoints: [endpoint(metrics)] },
    },
    opts,
  );
  return [service, monitor];
}
