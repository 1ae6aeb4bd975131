/**
 * Makes the pods of a control plane without nodes ready, as far as the API server can tell: nothing runs, but
 * Deployments become available and what waits for them goes on.
 */
import { PODS, type KubeApi } from '@metallb-l2/sdk/kube';
import { pause } from '../toolchain/pause.ts';

/** How often it looks, in milliseconds. */
const PERIOD_MS = 200;

/** Until `signal` is aborted. */
export async function keepPodsReady(api: KubeApi, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // A busy API server may refuse; whoever waits for the pods says so when that does not end.
    const { items } = await api.list(PODS).catch(() => ({ items: [] }));
    for (const { metadata, status } of items) {
      const { name = '', namespace = '' } = metadata;
      if (status?.phase === 'Running') continue;
      const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
      await api
        .patch(PODS, { namespace, name }, { status: ready }, { type: 'merge', subresource: 'status' })
        // It may have been deleted meanwhile.
        .catch(() => undefined);
    }
    await pause(PERIOD_MS, signal).catch(() => undefined);
  }
}
