/** The controller: one pod that hands out addresses. */
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import { type PodSettings, containerOf, labelsOf, podOf } from './pod.js';

/** The Deployment of the controller. */
export function createController(
  name: string,
  settings: PodSettings,
  opts: pulumi.CustomResourceOptions,
): k8s.apps.v1.Deployment {
  const labels = labelsOf('controller');
  const container = containerOf('controller', settings, {
    security: { capabilities: { drop: ['ALL'] } },
    requests: { cpu: '20m', memory: '96Mi' },
  });
  return new k8s.apps.v1.Deployment(
    `${name}-controller`,
    {
      metadata: { name: 'controller', namespace: settings.namespace, labels },
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
