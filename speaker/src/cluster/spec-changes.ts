import type { KubeObject } from '@metallb-l2/sdk/kube';

/** What a `ResourceCache` of the sdk gives. */
export interface Source<T> {
  list(): readonly T[];
  ready(signal: AbortSignal): Promise<void>;
  subscribe(listener: () => void): () => void;
}

/**
 * `source`, whose listeners hear of changes only that may concern them: `generation` counts those of the spec,
 * and selectors look at labels. The status of a pool changes with every address that is given out.
 */
export function withoutStatusChanges<T extends KubeObject>(source: Source<T>): Source<T> {
  return {
    list: () => source.list(),
    ready: (signal) => source.ready(signal),
    subscribe: (listener) => {
      let known = specsOf(source.list());
      return source.subscribe(() => {
        const now = specsOf(source.list());
        if (now === known) return;
        known = now;
        listener();
      });
    },
  };
}

function specsOf(objects: readonly KubeObject[]): string {
  const specs = objects.map(({ metadata: { uid, generation, labels } }) =>
    JSON.stringify([uid, generation, labels]),
  );
  return specs.sort().join('\n');
}
