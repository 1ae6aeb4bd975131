/** The speaker: one pod on every node that answers for the addresses. */
import { posix } from 'node:path';
import { selectorOf } from '@metallb-l2/sdk/models';
import {
  DEFAULT_INTERFACE_RULES_PATH,
  DEFAULT_MEMBERLIST_PORT,
  ENV,
  MEMBERLIST_SECRET,
} from '@metallb-l2/sdk/settings';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import type { ParsedSpeaker } from './args/parse-workloads.js';
import {
  type PodSettings,
  containerOf,
  fromField,
  fromValue,
  labelsOf,
  podOf,
  workloadMetadata,
} from './pod.js';
import { labelled } from './site.js';

/** Where the key of the gossip is mounted; upstream's place. */
const SECRET_FOLDER = '/etc/ml_secret_key';
const SECRET_VOLUME = 'memberlist';

/** Upstream's ConfigMap that says which interfaces the speakers use; a user may have one. */
const INTERFACES_CONFIG_MAP = 'metallb-excludel2';
const INTERFACES_VOLUME = 'interfaces';

/**
 * The DaemonSet of the speaker.
 *
 * @param interfaceRules the ConfigMap that says which interfaces are used
 */
export function createSpeaker(
  settings: PodSettings,
  speaker: ParsedSpeaker,
  interfaceRules: k8s.core.v1.ConfigMap | undefined,
  opts: pulumi.CustomResourceOptions,
): k8s.apps.v1.DaemonSet {
  const { site } = settings;
  const labels = labelsOf('speaker');
  const container = containerOf('speaker', settings, speaker, {
    env: [
      fromField(ENV.nodeName, 'spec.nodeName'),
      fromField(ENV.memberlistAddress, 'status.podIP'),
      { name: ENV.memberlistPort, value: String(DEFAULT_MEMBERLIST_PORT) },
      { name: ENV.memberlistLabels, value: selectorOf(labels) },
      { name: ENV.memberlistSecretPath, value: SECRET_FOLDER },
      { name: ENV.memberlistProfile, value: speaker.gossipProfile },
      fromValue(ENV.gratuitousInterval, speaker.gratuitousIntervalSeconds),
      fromValue(ENV.gratuitousFrames, speaker.gratuitousFramesPerSecond),
      // One for all threads: each other arena of glibc keeps megabytes for itself.
      { name: 'MALLOC_ARENA_MAX', value: '1' },
    ],
    // On the host's network: declared so that the scheduler and people see them.
    ports: [
      { name: 'gossip-tcp', containerPort: DEFAULT_MEMBERLIST_PORT, protocol: 'TCP' },
      { name: 'gossip-udp', containerPort: DEFAULT_MEMBERLIST_PORT, protocol: 'UDP' },
    ],
    volumeMounts: [
      { name: SECRET_VOLUME, mountPath: SECRET_FOLDER, readOnly: true },
      { name: INTERFACES_VOLUME, mountPath: posix.dirname(DEFAULT_INTERFACE_RULES_PATH), readOnly: true },
    ],
    // Raw sockets need the capability, and a process that is not root does not get the ones its container has.
    security: { runAsUser: 0, runAsGroup: 0, capabilities: { drop: ['ALL'], add: ['NET_RAW'] } },
  });
  const configMap =
    interfaceRules === undefined
      ? { name: INTERFACES_CONFIG_MAP, optional: true }
      : { name: interfaceRules.metadata.name };
  return new k8s.apps.v1.DaemonSet(
    `${site.name}-speaker`,
    {
      metadata: workloadMetadata(site, 'speaker', labels),
      spec: {
        selector: { matchLabels: labels },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
        template: {
          metadata: { labels: labelled(site.labels, labels) },
          spec: {
            ...podOf('speaker', settings, speaker, container),
            hostNetwork: true,
            volumes: [
              // Made by the controller; until it is there the kubelet holds the pod back.
              { name: SECRET_VOLUME, secret: { secretName: MEMBERLIST_SECRET, defaultMode: 0o400 } },
              { name: INTERFACES_VOLUME, configMap },
            ],
            // It looks up no name inside the cluster, and must work while the cluster's DNS does not.
            dnsPolicy: 'Default',
            // Time to withdraw what it announces.
            terminationGracePeriodSeconds: 5,
          },
        },
      },
    },
    // Two cannot share the ports of a node. Only another namespace makes another one of it.
    { ...opts, deleteBeforeReplace: true },
  );
}
