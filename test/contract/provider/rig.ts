/** What the contract suites of the Kubernetes provider share: a real API server, a real engine, and a way past both. */
import type { PulumiFn } from '@pulumi/pulumi/automation/index.js';
import { startControlPlane, type ControlPlane } from '../../lab/control-plane.ts';
import { openCluster, type Call, type KubeClient } from '../../support/kubernetes-provider/kube-client.ts';
import type { Properties } from '../../support/kubernetes-provider/properties.ts';
import { createStack, type PulumiStack } from '../../support/pulumi-stack.ts';

/** One API server for a test file, and stacks on it. */
export class Rig {
  readonly #stacks: PulumiStack[] = [];
  #controlPlane: ControlPlane | undefined;
  #client: KubeClient | undefined;

  async start(): Promise<void> {
    this.#controlPlane = await startControlPlane({
      log: () => undefined,
      signal: new AbortController().signal,
    });
    this.#client = await openCluster({ kubeconfig: this.kubeconfig, context: '' });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stacks.map((stack) => stack.dispose()));
    await this.#controlPlane?.stop();
  }

  get kubeconfig(): string {
    return this.#controlPlane!.kubeconfig;
  }

  async stack(
    name: string,
    program: PulumiFn,
    options: { kubeconfig?: string; signal?: AbortSignal } = {},
  ): Promise<PulumiStack> {
    const log = () => undefined;
    const { kubeconfig } = this;
    const stack = await createStack({ name, projectName: 'provider', program, kubeconfig, log, ...options });
    this.#stacks.push(stack);
    return stack;
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
