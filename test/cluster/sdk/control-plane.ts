/** One control plane with our CRDs for a test file, and a fresh namespace whenever one is wanted. */
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { NAMESPACES } from '@metallb-l2/sdk/kube';
import { type KubeConnection, connect } from '@metallb-l2/sdk/kube/connect';
import { type ControlPlane, startControlPlane } from '../../lab/control-plane.ts';
import { establish } from '../../lab/establish.ts';

export { establish } from '../../lab/establish.ts';

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
