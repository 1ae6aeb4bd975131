/** What the pods of both programs have in common. */
import { COMPONENT_LABELS, DEFAULT_HTTP_PORT, ENV } from '@metallb-l2/sdk/settings';
import type * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import type { Role } from './rbac.js';

type PodSpec = k8s.types.input.core.v1.PodSpec;
type Container = k8s.types.input.core.v1.Container;

export interface PodSettings {
  namespace: pulumi.Input<string>;
  image: pulumi.Input<string>;
  logLevel: pulumi.Input<string>;
}

/** Selector and labels of a program's pods. */
export function labelsOf(role: Role): Record<string, string> {
  return { ...COMPONENT_LABELS[role] };
}

/** Pod settings both programs share: their account, Linux nodes, no surprises in the environment. */
export function podOf(role: Role, container: Container): PodSpec {
  return {
    serviceAccountName: role,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    // A service called metallb-http would otherwise put its own METALLB_HTTP_PORT into the pod.
    enableServiceLinks: false,
    containers: [container],
  };
}

/**
 * The container of a program: its role as the only argument, its settings in the environment, both
 * probes on its one port, and a file system it cannot write.
 */
export function containerOf(
  role: Role,
  settings: PodSettings,
  options: {
    env?: k8s.types.input.core.v1.EnvVar[];
    ports?: k8s.types.input.core.v1.ContainerPort[];
    volumeMounts?: k8s.types.input.core.v1.VolumeMount[];
    security: k8s.types.input.core.v1.SecurityContext;
    requests: { cpu: string; memory: string };
  },
): Container {
  return {
    name: role,
    image: settings.image,
    args: [role],
    env: [
      fromField(ENV.namespace, 'metadata.namespace'),
      fromField(ENV.podName, 'metadata.name'),
      fromField(ENV.podUid, 'metadata.uid'),
      ...(options.env ?? []),
      { name: ENV.logLevel, value: settings.logLevel },
      { name: ENV.httpPort, value: String(DEFAULT_HTTP_PORT) },
    ],
    ports: [{ name: 'monitoring', containerPort: DEFAULT_HTTP_PORT }, ...(options.ports ?? [])],
    ...(options.volumeMounts && { volumeMounts: options.volumeMounts }),
    readinessProbe: { ...probe('/readyz'), periodSeconds: 2, failureThreshold: 2 },
    livenessProbe: { ...probe('/healthz'), initialDelaySeconds: 10, periodSeconds: 10, failureThreshold: 3 },
    resources: { requests: options.requests },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
      ...options.security,
    },
  };
}

/** An environment variable with a field of the pod. */
export function fromField(name: string, fieldPath: string): k8s.types.input.core.v1.EnvVar {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function probe(path: string) {
  return { httpGet: { path, port: 'monitoring' }, timeoutSeconds: 2 };
}
