/** The controller: pods of which one leads and hands out addresses, and another is ready to. */
import { ENV, MEMBERLIST_SECRET } from '@metallb-l2/sdk/settings';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import type { ParsedController } from './args/parse-workloads.js';
import { type PodSettings, containerOf, labelsOf, podOf, workloadMetadata } from './pod.js';
import { labelled, metadataOf, type Site } from './site.js';

/** Name of the Deployment; it owns what the controller makes for the whole installation. */
const DEPLOYMENT = 'controller';

/** The Deployment of the controller. */
export function createController(
  settings: PodSettings,
  controller: ParsedController,
  opts: pulumi.CustomResourceOptions,
): k8s.apps.v1.Deployment {
  const { site } = settings;
  const labels = labelsOf('controller');
  const container = containerOf('controller', settings, controller, {
    env: [
      { name: ENV.memberlistSecret, value: MEMBERLIST_SECRET },
      { name: ENV.deployment, value: DEPLOYMENT },
    ],
    security: { capabilities: { drop: ['ALL'] } },
  });
  return new k8s.apps.v1.Deployment(
    `${site.name}-controller`,
    {
      metadata: workloadMetadata(site, DEPLOYMENT, labels),
      spec: {
        replicas: controller.replicas,
        // A new one stands by before an old one goes, and takes over when it gives back the lease.
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels: labelled(site.labels, labels) },
          spec: {
            ...podOf('controller', settings, controller, container),
            affinity: apart(labels),
            securityContext: { runAsNonRoot: true, runAsUser: 65534, runAsGroup: 65534 },
            terminationGracePeriodSeconds: 5,
          },
        },
      },
    },
    opts,
  );
}

/**
 * One pod at a time may be evicted; never none, which would keep a node with the only one from being
 * drained. One that is not ready serves nobody and holds nobody up.
 */
export function createDisruptionBudget(
  site: Site,
  opts: pulumi.CustomResourceOptions,
): k8s.policy.v1.PodDisruptionBudget {
  return new k8s.policy.v1.PodDisruptionBudget(
    `${site.name}-controller`,
    {
      metadata: metadataOf(site, DEPLOYMENT),
      spec: {
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: labelsOf('controller') },
      },
    },
    opts,
  );
}

/** Rather on several nodes, and in several zones; on one node all the same. */
function apart(matchLabels: Record<string, string>): k8s.types.input.core.v1.Affinity {
  const prefer = (topologyKey: string, weight: number) => ({
    weight,
    podAffinityTerm: { topologyKey, labelSelector: { matchLabels } },
  });
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        prefer('kubernetes.io/hostname', 100),
        prefer('topology.kubernetes.io/zone', 50),
      ],
    },
  };
}
