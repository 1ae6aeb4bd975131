/** Whether what was asked for is what runs. */

interface DeploymentLike {
  metadata: { generation?: number | undefined };
  spec: { replicas?: number | undefined };
  status?: { observedGeneration?: number; updatedReplicas?: number; readyReplicas?: number } | undefined;
}

interface DaemonSetLike {
  metadata: { generation?: number | undefined };
  status?:
    | {
        observedGeneration?: number;
        desiredNumberScheduled?: number;
        updatedNumberScheduled?: number;
        numberReady?: number;
      }
    | undefined;
}

/** Every replica is of the newest template, and ready. */
export function isDeploymentRolledOut({ metadata, spec, status }: DeploymentLike): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    isObserved(metadata, status) &&
    (status?.updatedReplicas ?? 0) >= wanted &&
    (status?.readyReplicas ?? 0) >= wanted
  );
}

/** Every node that should have a pod has one of the newest template, and it is ready. */
export function isDaemonSetRolledOut({ metadata, status }: DaemonSetLike): boolean {
  const wanted = status?.desiredNumberScheduled ?? 0;
  return (
    isObserved(metadata, status) &&
    (status?.updatedNumberScheduled ?? 0) >= wanted &&
    (status?.numberReady ?? 0) >= wanted
  );
}

/** The status speaks of the newest specification, and not of one before. */
function isObserved(
  { generation = 1 }: { generation?: number | undefined },
  status: { observedGeneration?: number } | undefined,
): boolean {
  return (status?.observedGeneration ?? 0) >= generation;
}
