/** One run of the benchmark `statuses`, in a process of its own: `<subject> <kubeconfig>`. */
import { setImmediate as turn } from 'node:timers/promises';

export type SubjectName = 'sdk' | 'client-node';

export interface Measured {
  /** Objects read. */
  readonly objects: number;
  /** From the question to the last object at hand. */
  readonly listMs: number;
  /** Kept for the answer, after a collection of garbage. */
  readonly heapBytes: number;
}

/** Everything a program would have done before it asks, then the question itself. */
interface Subject {
  /** What is kept, and how many objects are in it. */
  ask(): Promise<{ kept: unknown; objects: number }>;
  close(): Promise<void>;
}

const KIND = { group: 'metallb.io', version: 'v1beta1', plural: 'servicel2statuses' };

const subjects: Record<SubjectName, (kubeconfig: string) => Promise<Subject>> = {
  sdk: async (kubeconfig) => {
    const { ServiceL2StatusClient } = await import('@metallb-l2/sdk');
    const { connect } = await import('@metallb-l2/sdk/kube/connect');
    const api = connect({ kubeconfig });
    const client = new ServiceL2StatusClient({ api });
    return {
      ask: async () => {
        const cache = client.cache();
        await cache.ready();
        return { kept: cache, objects: cache.list().length };
      },
      close: async () => {
        client.close();
        api.close();
      },
    };
  },
  'client-node': async (kubeconfig) => {
    const { CustomObjectsApi, KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const api = config.makeApiClient(CustomObjectsApi);
    return {
      ask: async () => {
        const options = { ...KIND, namespace: 'metallb-system' };
        const list = (await api.listNamespacedCustomObject(options)) as { items: unknown[] };
        return { kept: list, objects: list.items.length };
      },
      close: async () => undefined,
    };
  },
};

/** Garbage takes more than one collection to go: finalizers run in between. */
async function heapInUse(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await turn();
  }
  return process.memoryUsage().heapUsed;
}

const [name, kubeconfig = ''] = process.argv.slice(2);
const subject = await subjects[name as SubjectName](kubeconfig);
const before = await heapInUse();
const started = performance.now();
const { kept, objects } = await subject.ask();
const listMs = performance.now() - started;
const heapBytes = (await heapInUse()) - before;
await new Promise((resolve) =>
  process.send?.(
    { objects: kept === undefined ? 0 : objects, listMs, heapBytes } satisfies Measured,
    resolve,
  ),
);
await subject.close();
process.disconnect();
