/** One API server for a test file, and stacks on it, each with a real engine. */
import type { PulumiFn } from '@pulumi/pulumi/automation/index.js';
import { type KubeConnection, connect } from '@metallb-l2/sdk/kube/connect';
import { startControlPlane } from '../lab/control-plane.ts';
import { createStack, type PulumiStack, type StackOptions } from './pulumi-stack.ts';

export interface StackCluster {
  /** The API server as somebody other than a stack sees it. */
  readonly api: KubeConnection;
  readonly kubeconfig: string;
  /** A file that holds it. */
  readonly kubeconfigPath: string;
  /** An empty stack, whose programs find the cluster unless `options` lead them elsewhere. */
  createStack(projectName: string, program: PulumiFn, options?: Partial<StackOptions>): Promise<PulumiStack>;
  /** Ends it, and removes the stacks with it. */
  stop(): Promise<void>;
}

export async function startStackCluster(): Promise<StackCluster> {
  const log = () => undefined;
  const controlPlane = await startControlPlane({ log, signal: new AbortController().signal });
  const { kubeconfig, kubeconfigPath } = controlPlane;
  const api = connect({ kubeconfig });
  const stacks: PulumiStack[] = [];
  return {
    api,
    kubeconfig,
    kubeconfigPath,
    async createStack(projectName, program, options = {}) {
      const stack = await createStack({ name: 'test', kubeconfig, log, ...options, projectName, program });
      stacks.push(stack);
      return stack;
    },
    async stop() {
      await Promise.all(stacks.map((stack) => stack.dispose()));
      api.close();
      await controlPlane.stop();
    },
  };
}
