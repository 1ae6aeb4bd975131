/**
 * What a cluster's own controllers do for the demo, in small: pods for a Deployment, EndpointSlices for
 * services, and the loss of a node whose kubelet is silent.
 */
import { isReadyPod } from '@metallb-l2/sdk/election';
import {
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  isKubeError,
  LEASES,
  NODES,
  PODS,
  SERVICES,
  SERVICE_NAME_LABEL,
  type Clock,
  type EndpointSlice,
  type KubeApi,
  type KubeObject,
  type Pod,
  type Service,
} from '@metallb-l2/sdk/kube';
import { matchesSelector } from '@metallb-l2/sdk/models';

/** Where each node has a lease of its own name that its kubelet renews. */
export const NODE_LEASES = 'kube-node-lease';
const PERIOD_MS = 50;
const STATUS = { type: 'merge', subresource: 'status' } as const;

/** The fields of a Deployment that decide about its pods. */
interface Deployment extends KubeObject {
  spec?: { replicas?: number; template?: { metadata?: { labels?: Record<string, string> } } };
}

interface Options {
  /** How long, in milliseconds, a kubelet may be silent before its node is lost. */
  readonly nodeGraceMs: number;
}

export class SimulatedControllers {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #options: Options;
  /** The lease of each node as it was seen last, and how often it was seen so. */
  readonly #leases = new Map<string, { renewTime: string | undefined; times: number }>();

  constructor({ api, clock }: { api: KubeApi; clock: Clock }, options: Options) {
    this.#api = api;
    this.#clock = clock;
    this.#options = options;
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#giveUpLostNodes();
      await this.#placePods();
      await this.#writeEndpoints();
      await this.#clock.sleep(PERIOD_MS, signal);
    }
  }

  /** A lost node is not ready and neither is any of its pods: the API server says so, they cannot. */
  async #giveUpLostNodes(): Promise<void> {
    const { items: leases } = await this.#api.list(LEASES, { namespace: NODE_LEASES });
    for (const { metadata, spec } of leases) {
      const { name = '' } = metadata;
      if (this.#silentMs(name, spec?.renewTime) < this.#options.nodeGraceMs) continue;
      const unknown = { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' };
      await this.#api.patch(NODES, { name }, { status: { conditions: [unknown] } }, STATUS);
      const { items: pods } = await this.#api.list(PODS, { fieldSelector: `spec.nodeName=${name}` });
      for (const { metadata: pod } of pods) {
        const ref = { namespace: pod.namespace ?? '', name: pod.name ?? '' };
        const status = { conditions: [{ type: 'Ready', status: 'False', reason: 'NodeNotReady' }] };
        await this.#api.patch(PODS, ref, { status }, STATUS);
      }
    }
  }

  /** Counted in looks at the lease: while this process is held up, nobody could renew it. */
  #silentMs(name: string, renewTime: string | undefined): number {
    const last = this.#leases.get(name);
    const times = last?.renewTime === renewTime ? (last?.times ?? 0) + 1 : 0;
    this.#leases.set(name, { renewTime, times });
    return times * PERIOD_MS;
  }

  /** One pod after the other on each node in turn; they are ready at once, for nothing runs in them. */
  async #placePods(): Promise<void> {
    const { items: nodes } = await this.#api.list(NODES);
    const { items: deployments } = await this.#api.list<Deployment>(DEPLOYMENTS);
    for (const { metadata, spec } of deployments) {
      const { namespace = '', name = '' } = metadata;
      const { replicas = 1, template } = spec ?? {};
      const labels = template?.metadata?.labels ?? {};
      for (let i = 0; i < replicas; i++) {
        const nodeName = nodes[i % nodes.length]?.metadata.name ?? '';
        const ref = { namespace, name: `${name}-pod-${i + 1}` };
        try {
          await this.#api.create(PODS, { metadata: { ...ref, labels }, spec: { nodeName } });
        } catch (error) {
          if (isKubeError(error, 'AlreadyExists')) continue;
          throw error;
        }
        const conditions = [{ type: 'Ready', status: 'True' }];
        await this.#api.patch(PODS, ref, { status: { podIP: `10.1.0.${i + 1}`, conditions } }, STATUS);
      }
    }
  }

  async #writeEndpoints(): Promise<void> {
    const { items: services } = await this.#api.list(SERVICES);
    const { items: pods } = await this.#api.list(PODS);
    for (const service of services) {
      const slice = sliceOf(service, pods);
      try {
        await this.#api.replace(ENDPOINT_SLICES, slice);
      } catch (error) {
        if (!isKubeError(error, 'NotFound')) throw error;
        await this.#api.create(ENDPOINT_SLICES, slice);
      }
    }
  }
}

function sliceOf({ metadata, spec }: Service, pods: readonly Pod[]): EndpointSlice {
  const { namespace = '', name = '' } = metadata;
  const chosen = pods.filter(
    (pod) =>
      pod.metadata.namespace === namespace &&
      matchesSelector({ matchLabels: spec?.selector ?? {} }, pod.metadata.labels),
  );
  return {
    metadata: { name: `${name}-slice`, namespace, labels: { [SERVICE_NAME_LABEL]: name } },
    addressType: 'IPv4',
    endpoints: chosen.map((pod) => {
      const ready = isReadyPod(pod);
      return {
        addresses: [pod.status?.podIP ?? ''],
        conditions: { ready, serving: ready, terminating: false },
        nodeName: pod.spec?.nodeName ?? '',
        targetRef: { kind: 'Pod', namespace, name: pod.metadata.name ?? '' },
      };
    }),
  };
}
