/** What all objects of the Prometheus operator have in common. */
import type * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { ParsedMetrics } from '../args/parse-operations.js';
import { metadataOf, type Site } from '../site.js';

export const MONITORING_API_VERSION = 'monitoring.coreos.com/v1';

/** Metadata with the labels by which a Prometheus chooses what it reads. */
export function monitoringMetadata(
  { labels, ...site }: Site,
  name: string,
  { selectorLabels }: ParsedMetrics,
): k8s.types.input.meta.v1.ObjectMeta {
  const both = pulumi.all([labels, selectorLabels]).apply(([common, own]) => ({ ...common, ...own }));
  return {
    ...metadataOf({ ...site, labels: both }, name),
    // Deleted in the foreground, as by default, it may keep `destroy` waiting.
    annotations: { 'pulumi.com/deletionPropagationPolicy': 'background' },
  };
}
