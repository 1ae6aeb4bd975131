/** The controller: pods of which one leads and hands out addresses, and another is ready to. */
import { ENV, MEMBERLIST_SECRET } from '@metallb-l2/sdk/settings';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import { type PodSettings, containerOf, labelsOf, podOf } from './pod.js';

/** Name of the Deployment; it owns what the controller makes for the whole installation. */
const DEPLOYMENT = 'controller';

export interface ControllerSettings extends PodSettings {
  /** Pods; with one, nobody hands out addresses while it is replaced. @default 2 */
  replicas?: number | undefined;
}

/** The Deployment of the controller. */
export function createController(
  name: string,
  settings: ControllerSettings,
  opts: pulumi.CustomResourceOptions,
): k8s.apps.v1.Deployment {
  const labels = labelsOf('controller');
  const container = containerOf('controller', settings, {
    env: [
      { name: ENV.memberlistSecret, value: MEMBERLIST_SECRET },
      { name: ENV.deployment, value: DEPLOYMENT },
    ],
    security: { capabilities: { drop: ['ALL'] } },
    requests: { cpu: '20m', memory: '96Mi' },
  });
  return new k8s.apps.v1.Deployment(
    `${name}-controller`,
    {
      metadata: { name: DEPLOYMENT, namespace: settings.namespace, labels },
      spec: {
        replicas: settings.replicas ?? 2,
        // A new one stands by before an old one goes, and takes over when it gives back the lease.
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            ...podOf('controller', container),
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
