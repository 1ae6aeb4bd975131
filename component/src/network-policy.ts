/** Who may talk to the controller, and to whom it may talk. */
import { DEFAULT_HTTP_PORT } from '@metallb-l2/sdk/settings';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { ParsedNetworkPolicy } from './args/parse-operations.js';
import { labelsOf } from './pod.js';
import { metadataOf, type Site } from './site.js';

/**
 * In: metrics and probes. Out: the API server, on its ports at any address, since a NetworkPolicy cannot
 * name it. Everything else is refused.
 */
export function createNetworkPolicy(
  site: Site,
  { apiServerPorts }: ParsedNetworkPolicy,
  opts: pulumi.CustomResourceOptions,
): k8s.networking.v1.NetworkPolicy {
  const toTcp = (port: number) => ({ port, protocol: 'TCP' });
  return new k8s.networking.v1.NetworkPolicy(
    `${site.name}-controller`,
    {
      metadata: metadataOf(site, 'controller'),
      spec: {
        podSelector: { matchLabels: labelsOf('controller') },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [toTcp(DEFAULT_HTTP_PORT)] }],
        egress: [{ ports: pulumi.output(apiServerPorts).apply((ports) => ports.map(toTcp)) }],
      },
    },
    opts,
  );
}
