/**
 * The sample application of the demo: a web server that answers with its pod's name, and LoadBalancer
 * services in front of it. All of it lives in one namespace, so cleaning up is one delete.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DEPLOYMENTS,
  isKubeError,
  NAMESPACES,
  SERVICES,
  type KubeApi,
  type KubeObject,
  type ResourceType,
  type Service,
} from '@metallb-l2/sdk/kube';

export const WORKLOAD_NAMESPACE = 'metallb-l2-demo';
const PORT = 8080;

const labels = { app: 'web' };
const program = `require('node:http').createServer((request, response) => response.end(process.env.HOSTNAME + '\\n')).listen(${PORT})`;

function webServer(image: string, replicas: number): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: WORKLOAD_NAMESPACE },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          // A dead node's pod must not stay an endpoint for the five minutes Kubernetes grants by default.
          tolerations: ['not-ready', 'unreachable'].map((reason) => ({
            key: `node.kubernetes.io/${reason}`,
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 2,
          })),
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels },
            },
          ],
          containers: [
            {
              name: 'web',
              image,
              command: ['node', '-e', program],
              ports: [{ containerPort: PORT }],
              readinessProbe: { httpGet: { path: '/', port: PORT }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  } as KubeObject;
}

function service(name: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: WORKLOAD_NAMESPACE },
    spec: { type: 'LoadBalancer', selector: labels, ports: [{ port: 80, targetPort: PORT }] },
  };
}

/** Creates the namespace, the web server and `names` services; what is there already stays as it is. */
export async function createWorkload(
  api: KubeApi,
  options: { image: string; replicas: number; services: readonly string[]; signal: AbortSignal },
): Promise<void> {
  const { signal } = options;
  await createOnce(api, NAMESPACES, { metadata: { name: WORKLOAD_NAMESPACE } }, signal);
  await createOnce(api, DEPLOYMENTS, webServer(options.image, options.replicas), signal);
  for (const name of options.services) await createOnce(api, SERVICES, service(name), signal);
}

/** Deletes everything the demo made and waits until it is gone. */
export async function removeWorkload(api: KubeApi): Promise<void> {
  const ref = { name: WORKLOAD_NAMESPACE };
  try {
    await api.delete(NAMESPACES, ref);
    for (;;) {
      await api.get(NAMESPACES, ref);
      await sleep(250);
    }
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error;
  }
}

async function createOnce<T extends KubeObject>(
  api: KubeApi,
  type: ResourceType<T>,
  object: T,
  signal: AbortSignal,
): Promise<void> {
  try {
    await api.create(type, object, { signal });
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error;
  }
}
