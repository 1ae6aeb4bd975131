/** Services that want an address, as clients of an API server make them. */
import { type KubeApi, type Service, SERVICES } from '@metallb-l2/sdk/kube';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import { pause } from '../../toolchain/pause.ts';
import type { Task } from '../../toolchain/progress.ts';

/** `externalTrafficPolicy`. */
export type TrafficPolicy = 'Cluster' | 'Local';

/** Creates under way at a time. */
const PARALLEL = 16;
const POLL_MS = 100;
const PATIENCE_MS = 900_000;

export async function createServices(
  api: KubeApi,
  names: readonly string[],
  { policy, signal }: { policy: TrafficPolicy; signal: AbortSignal },
): Promise<void> {
  const left = names.values();
  // Each worker takes the next one off the same iterator.
  const work = async () => {
    for (const name of left) {
      const metadata = { name, namespace: DEFAULT_NAMESPACE };
      const spec: Service['spec'] = {
        type: 'LoadBalancer',
        selector: { app: name },
        ports: [{ port: 80 }],
        externalTrafficPolicy: policy,
        allocateLoadBalancerNodePorts: false,
      };
      await api.create(SERVICES, { metadata, spec }, { signal });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}

export async function until(
  what: string,
  probe: () => boolean | Promise<boolean>,
  { signal, pollMs = POLL_MS }: Pick<Task, 'signal'> & { readonly pollMs?: number },
): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
    if (await probe()) return;
    await pause(pollMs, signal);
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s in vain: ${what}`);
}
