/** What the contract suites of the Kubernetes provider share: a real API server, a real engine, and a way past both. */
import type { PulumiFn } from '@pulumi/pulumi/automation/index.js';
import { openCluster, type Call, type KubeClient } from '../../support/kubernetes-provider/kube-client.ts';
import type { Properties } from '../../support/kubernetes-provider/properties.ts';
import type { PulumiStack, StackOptions } from '../../support/pulumi-stack.ts';
import { startStackCluster, type StackCluster } from '../../support/stack-cluster.ts';

/** One API server for a test file, and stacks on it. */
export class Rig {
  #cluster: StackCluster | undefined;
  #client: KubeClient | undefined;

  async start(): Promise<void> {
    this.#cluster = await startStackCluster();
    this.#client = await openCluster({ kubeconfig: this.kubeconfig, context: '' });
  }

  async stop(): Promise<void> {
    await this.#cluster?.stop();
  }

  get kubeconfig(): string {
    return this.#cluster!.kubeconfig;
  }

  stack(name: string, program: PulumiFn, options: Partial<StackOptions> = {}): Promise<PulumiStack> {
    return this.#cluster!.createStack('provider', program, { name, ...options });
  }

  /** Calls the API server itself, as someone other than the stack would. */
  call(path: string, call: Omit<Call, 'signal'> = {}): Promise<Properties> {
    return this.#client!.call(path, { ...call, signal: AbortSignal.timeout(30_000) });
  }

  mergePatch(path: string, body: Properties, fieldManager = 'someone'): Promise<Properties> {
    const contentType = 'application/merge-patch+json';
    return this.call(path, { method: 'PATCH', body, contentType, query: { fieldManager } });
  }

  async exists(path: string): Promise<boolean> {
    return this.call(path).then(
      () => true,
      (error: unknown) => {
        if ((error as { code?: number }).code === 404) return false;
        throw error;
      },
    );
  }
}
