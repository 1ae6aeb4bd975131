/** Runs a program of ours as a cluster runs it: in a pod that is probed, ended on request, and replaced. */
import { PODS, type Clock, type KubeApi, type Pod } from '@metallb-l2/sdk/kube';
import type { ControllerSettings } from '@metallb-l2/sdk/settings';
import { HealthBoard } from '../../speaker/src/http/health.js';
import { runTogether } from '../../speaker/src/run-together.js';

/** How often the kubelet looks at a pod and probes it, in milliseconds. */
const SYNC_PERIOD_MS = 100;
/** Keeps the object of a deleted pod until its program has ended, as the grace period does. */
const GRACE_FINALIZER = 'simulated-kubelet/grace-period';

export interface PodTemplate {
  /** `speaker` or `controller`. */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly nodeName: string;
  /** The node's address: these pods use the network of their host. */
  readonly address: string;
}

export type Program = (
  settings: Pick<ControllerSettings, 'namespace' | 'pod'>,
  health: HealthBoard,
  signal: AbortSignal,
) => Promise<void>;

interface Deps {
  readonly api: KubeApi;
  readonly clock: Clock;
}

/** Keeps one pod that runs `program` until `signal` is aborted; rejects when the program fails. */
export async function keepPod(
  deps: Deps,
  template: PodTemplate,
  program: Program,
  signal: AbortSignal,
): Promise<void> {
  const { api } = deps;
  const { namespace } = template;
  for (;;) {
    const pod = await api.create(PODS, podOf(template), { signal });
    const { name = '', uid = '' } = pod.metadata;
    const health = new HealthBoard(deps.clock);
    const deleted = new AbortController();
    await runTogether(
      signal,
      (either) =>
        program({ namespace, pod: { name, uid } }, health, AbortSignal.any([either, deleted.signal])),
      async (either) => {
        await untilDeleted(deps, { namespace, name }, () => statusOf(template, health), either);
        health.stopping();
        deleted.abort();
      },
    );
    if (signal.aborted) return;
    await api.patch(PODS, { namespace, name }, { metadata: { finalizers: null } }, { type: 'merge', signal });
  }
}

/** Keeps the pod's status as `current` has it until its deletion is asked for. */
async function untilDeleted(
  { api, clock }: Deps,
  ref: { namespace: string; name: string },
  current: () => NonNullable<Pod['status']>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const status = current();
    const patch = { type: 'merge', subresource: 'status', signal } as const;
    const { metadata } = await api.patch(PODS, ref, { status }, patch);
    if (metadata.deletionTimestamp !== undefined) return;
    await clock.sleep(SYNC_PERIOD_MS, signal);
  }
}

function podOf({ name, namespace, labels, nodeName }: PodTemplate): Pod {
  return {
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels },
      finalizers: [GRACE_FINALIZER],
    },
    spec: { nodeName, hostNetwork: true, containers: [{ name }] },
  };
}

function statusOf({ address }: PodTemplate, health: HealthBoard): NonNullable<Pod['status']> {
  const ready = health.readiness().length === 0 ? 'True' : 'False';
  return {
    phase: 'Running',
    podIP: address,
    hostIP: address,
    conditions: [{ type: 'Ready', status: ready }],
  };
}
