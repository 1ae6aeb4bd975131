/** Which nodes have a live speaker, as the election needs to know it; however that is found out. */
export interface Membership {
  /** Names of the nodes that take part in elections now. */
  members(): ReadonlySet<string>;
  /** Calls `listener` after each change of {@link members}; returns what ends that. */
  subscribe(listener: () => void): () => void;
  /** Resolves once {@link members} can be relied on; no election may be held before. */
  ready(signal: AbortSignal): Promise<void>;
  /** Keeps {@link members} current until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>;
}
