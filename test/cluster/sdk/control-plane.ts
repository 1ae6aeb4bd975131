/** One control plane with our CRDs for a test file, and a fresh namespace whenever one is wanted. */
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { CUSTOM_RESOURCE_DEFINITIONS, type CustomResourceDefinition, NAMESPACES } from '@metallb-l2/sdk/kube';
import { type KubeConnection, connect } from '@metallb-l2/sdk/kube/connect';
import { type ControlPlane, startControlPlane } from '../../lab/control-plane.ts';

export interface TestCluster {
  readonly api: KubeConnection;
  readonly kubeconfig: string;
  createNamespace(): Promise<string>;
  /** Kills the API server and starts it again; resolves when it is ready. */
  restartApiServer(): Promise<void>;
  stop(): Promise<void>;
}

/** Longest wait for the control plane, tools not yet built included, in milliseconds. */
export const START_TIMEOUT_MS = 20 * 60_000;

export async function startTestCluster(): Promise<TestCluster> {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const controlPlane: ControlPlane = await startControlPlane({ log, signal: new AbortController().signal });
  const api = connect({ kubeconfig: controlPlane.kubeconfig });
  const stop = async () => {
    api.close();
    await controlPlane.stop();
  };
  try {
    for (const crd of customResourceDefinitions()) await establish(api, crd);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    api,
    kubeconfig: controlPlane.kubeconfig,
    createNamespace: async () => {
      const { metadata } = await api.create(NAMESPACES, { metadata: { generateName: 'test-' } });
      return metadata.name ?? '';
    },
    restartApiServer: () => controlPlane.restartApiServer(),
    stop,
  };
}

/** Applies a CRD and waits until its resources are served. */
export async function establish(
  api: KubeConnection,
  crd: CustomResourceDefinition,
): Promise<CustomResourceDefinition> {
  const name = crd.metadata.name ?? '';
  await api.patch(CUSTOM_RESOURCE_DEFINITIONS, { name }, crd, {
    type: 'apply',
    fieldManager: 'test',
    force: true,
  });
  const options = { resourceVersion: '0', fieldSelector: `metadata.name=${name}`, timeoutSeconds: 60 };
  for await (const line of api.watch(CUSTOM_RESOURCE_DEFINITIONS, options)) {
    if (line.type === 'BOOKMARK') continue;
    const conditions = line.object.status?.conditions ?? [];
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True'))
      return line.object;
  }
  throw new Error(`${name} was not established within a minute`);
}
