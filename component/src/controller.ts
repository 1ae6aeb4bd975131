/** The controller: one pod that hands out addresses. */
import { ENV, MEMBERLIST_SECRET } from '@metallb-l2/sdk/settings';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import { type PodSettings, containerOf, labelsOf, podOf } from './pod.js';

/** Name of the Deployment; it owns what the controller makes for the whole installation. */
const DEPLOYMENT = 'controller';

/** The Deployment of the controller. */
export function createController(
  name: string,
  settings: PodSettings,
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
        replicas: 1,
        // Two at once could give one address to two services.
        strategy: { type: 'Recreate' },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            ...podOf('controller', container),
            securityContext: { runAsNonRoot: true, runAsUser: 65534, runAsGroup: 65534 },
            terminationGracePeriodSeconds: 5,
          },
        },
      },
    },
    opts,
  );
}
