/** The speaker: one pod on every node that answers for the addresses. */
import { ENV } from '@metallb-l2/sdk/settings';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import { type PodSettings, containerOf, fromField, labelsOf, podOf } from './pod.js';

/** The DaemonSet of the speaker. */
export function createSpeaker(
  name: string,
  settings: PodSettings,
  opts: pulumi.CustomResourceOptions,
): k8s.apps.v1.DaemonSet {
  const labels = labelsOf('speaker');
  const container = containerOf('speaker', settings, {
    env: [fromField(ENV.nodeName, 'spec.nodeName')],
    // Raw sockets need the capability, and a process that is not root does not get the ones its container has.
    security: { runAsUser: 0, runAsGroup: 0, capabilities: { drop: ['ALL'], add: ['NET_RAW'] } },
    requests: { cpu: '20m', memory: '96Mi' },
  });
  return new k8s.apps.v1.DaemonSet(
    `${name}-speaker`,
    {
      metadata: { name: 'speaker', namespace: settings.namespace, labels },
      spec: {
        selector: { matchLabels: labels },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
        template: {
          metadata: { labels },
          spec: {
            ...podOf('speaker', container),
            hostNetwork: true,
            // It looks up no name inside the cluster, and must work while the cluster's DNS does not.
            dnsPolicy: 'Default',
            // DaemonSets tolerate nodes that are not ready or unreachable by themselves.
            tolerations: [
              { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
            ],
            // Time to withdraw what it announces.
            terminationGracePeriodSeconds: 5,
          },
        },
      },
    },
    opts,
  );
}
