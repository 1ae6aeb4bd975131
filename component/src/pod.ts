/** What the pods of both programs have in common. */
import { COMPONENT_LABELS, DEFAULT_HTTP_PORT, ENV } from '@metallb-l2/sdk/settings';
import type * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { ParsedPods } from './args/parse-workloads.js';
import type { Role } from './rbac.js';
import { metadataOf, type Site } from './site.js';

type PodSpec = k8s.types.input.core.v1.PodSpec;
type Container = k8s.types.input.core.v1.Container;
type Variable = k8s.types.input.core.v1.EnvVar;

/** What both programs are told alike. */
export interface PodSettings {
  site: Site;
  image: pulumi.Input<string>;
  imagePullSecrets: pulumi.Input<string[]> | undefined;
  logLevel: pulumi.Input<string>;
  loadBalancerClass: pulumi.Input<string> | undefined;
}

/** The name of the port of metrics and probes. */
export const HTTP_PORT_NAME = 'monitoring';

/** Selector and labels of a program's pods. */
export function labelsOf(role: Role): Record<string, string> {
  return { ...COMPONENT_LABELS[role] };
}

/**
 * Metadata of a Deployment or a DaemonSet, whose fields the stack keeps whoever has written them. An `up` that is killed
 * while it waits for pods has not noted that it has made them: the next one takes them over, and the first change would
 * be in conflict with a field manager that is no more.
 */
export function workloadMetadata(site: Site, name: string, labels: Record<string, string>) {
  return { ...metadataOf(site, name, labels), annotations: { 'pulumi.com/patchForce': 'true' } };
}

/** Pod settings both programs share: their account, Linux nodes, no surprises in the environment. */
export function podOf(
  role: Role,
  { imagePullSecrets }: PodSettings,
  { nodeSelector, tolerations, priorityClassName }: ParsedPods,
  container: Container,
): PodSpec {
  return {
    serviceAccountName: role,
    nodeSelector: pulumi.output(nodeSelector).apply((labels) => ({ 'kubernetes.io/os': 'linux', ...labels })),
    ...(tolerations && { tolerations }),
    // Kubernetes fills in the default of the cluster where there is none; an empty name is refused.
    priorityClassName: pulumi.output(priorityClassName).apply((name) => (name === '' ? undefined : name)),
    ...(imagePullSecrets && {
      imagePullSecrets: pulumi.output(imagePullSecrets).apply((names) => names.map((name) => ({ name }))),
    }),
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
  { image, logLevel, loadBalancerClass }: PodSettings,
  { resources: { requests, limits }, env }: ParsedPods,
  options: {
    env?: Variable[];
    ports?: k8s.types.input.core.v1.ContainerPort[];
    volumeMounts?: k8s.types.input.core.v1.VolumeMount[];
    security: k8s.types.input.core.v1.SecurityContext;
  },
): Container {
  const own: Variable[] = [
    fromField(ENV.namespace, 'metadata.namespace'),
    fromField(ENV.podName, 'metadata.name'),
    fromField(ENV.podUid, 'metadata.uid'),
    ...(options.env ?? []),
    { name: ENV.logLevel, value: logLevel },
    { name: ENV.httpPort, value: String(DEFAULT_HTTP_PORT) },
    ...(loadBalancerClass === undefined ? [] : [{ name: ENV.loadBalancerClass, value: loadBalancerClass }]),
  ];
  return {
    name: role,
    image,
    args: [role],
    env: pulumi
      .output(env)
      .apply((more) => [...own, ...Object.entries(more).map(([name, value]) => ({ name, value }))]),
    ports: [{ name: HTTP_PORT_NAME, containerPort: DEFAULT_HTTP_PORT }, ...(options.ports ?? [])],
    ...(options.volumeMounts && { volumeMounts: options.volumeMounts }),
    readinessProbe: { ...probe('/readyz'), periodSeconds: 2, failureThreshold: 2 },
    livenessProbe: { ...probe('/healthz'), initialDelaySeconds: 10, periodSeconds: 10, failureThreshold: 3 },
    resources: { requests, ...(limits && { limits }) },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
      ...options.security,
    },
  };
}

/** An environment variable with a field of the pod. */
export function fromField(name: string, fieldPath: string): Variable {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** An environment variable with a number or text that may come later. */
export function fromValue(name: string, value: pulumi.Input<string | number>): Variable {
  return { name, value: pulumi.output(value).apply(String) };
}

function probe(path: string) {
  return { httpGet: { path, port: HTTP_PORT_NAME }, timeoutSeconds: 2 };
}
