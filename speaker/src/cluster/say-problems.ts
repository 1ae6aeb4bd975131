import type { KubeError } from '@metallb-l2/sdk/kube';
import type { Log } from '../ports.js';

/** A cache that may lose sight of the cluster for a while. */
export interface MayLoseSight {
  readonly problem: KubeError | undefined;
  subscribe(listener: () => void): () => void;
}

/**
 * Logs when `cache`, which holds `what`, loses sight of the cluster and when it sees it again, each
 * kind of failure in between only once. Returns what ends that.
 */
export function sayProblems(log: Log, what: string, cache: MayLoseSight): () => void {
  const said = new Set<string>();
  return cache.subscribe(() => {
    const { problem } = cache;
    if (problem === undefined && said.size > 0) {
      said.clear();
      log.info({ what }, `following ${what} again`);
    } else if (problem !== undefined && !said.has(problem.code)) {
      said.add(problem.code);
      log.warn({ what, err: problem }, `cannot follow ${what}: what is known of them may be old`);
    }
  });
}
