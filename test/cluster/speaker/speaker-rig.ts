/** Whole speakers in this process: a real API server below them, a simulated network beside them. */
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import {
  type Clock,
  type CustomResourceDefinition,
  ENDPOINT_SLICES,
  isKubeError,
  type KubeApi,
  type KubeErrorCode,
  type KubeObject,
  type Pod,
  PODS,
  type ResourceType,
  SERVICES,
  systemClock,
  systemRandom,
} from '@metallb-l2/sdk/kube';
import {
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  SERVICE_L2_STATUSES,
  type ServiceL2Status,
} from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS } from '@metallb-l2/sdk/settings';
import { HealthBoard } from '../../../speaker/src/http/health.js';
import { Limiter } from '../../../speaker/src/cluster/limiter.js';
import type { AnnouncerDeps } from '../../../speaker/src/layer2/announcer.js';
import { LocalLan } from '../../../speaker/src/lan/local-lan.js';
import type { LinkSource } from '../../../speaker/src/ports.js';
import { runSpeaker } from '../../../speaker/src/speaker.js';
import type { FakeClock } from '../../support/fake-clock.ts';
import { SERVICE_ACCOUNTS } from '../../lab/service-accounts.ts';
import { asUpstreamHasIt } from '../../lab/upstream/definitions.ts';
import { MeasuredKubeApi } from '../../support/measured-kube-api.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { RecordedMeter } from '../../support/recorded-meter.ts';
import { SimulatedLan } from '../../support/simulated-lan.ts';
import type { TestCluster } from '../sdk/control-plane.ts';

/** How far time moves at once under {@link drive}, and how long nothing may be asked before it moves on. */
const STEP_MS = 250;
const CALM_ROUNDS = 3;
const CALM_MS = 5;

/** Requests of a test under way at a time. */
const PARALLEL = 24;

export interface SpeakerOptions {
  /** @default the cluster's */
  readonly api?: KubeApi;
  readonly clock?: Clock;
  /** @default one link of the rig's network */
  readonly network?: LinkSource & Pick<AnnouncerDeps, 'openSocket' | 'openGroups'>;
}

export class SpeakerRig {
  readonly lan = new SimulatedLan();
  readonly namespace: string;
  readonly #cluster: TestCluster;
  readonly #speakers = new Set<RunningSpeaker>();

  private constructor(cluster: TestCluster, namespace: string) {
    this.#cluster = cluster;
    this.namespace = namespace;
  }

  /** A namespace with a pool for `10.20.0.0/16`, announced from everywhere. */
  static async create(cluster: TestCluster): Promise<SpeakerRig> {
    const namespace = await cluster.createNamespace();
    const rig = new SpeakerRig(cluster, namespace);
    await rig.#ensure(SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace } });
    await rig.#ensure(IP_ADDRESS_POOLS, {
      metadata: { name: 'main', namespace },
      spec: { addresses: ['10.20.0.0/16'] },
    });
    await rig.#ensure(L2_ADVERTISEMENTS, { metadata: { name: 'all', namespace }, spec: {} });
    return rig;
  }

  /** Creates services of type LoadBalancer with the given addresses and an endpoint each. */
  async createServices(ips: Readonly<Record<string, string>>): Promise<void> {
    await inParallel(Object.entries(ips), ([name, ip]) => this.#createService(name, ip));
  }

  /** A pod as a DaemonSet makes it, which the API server lets go at once when it is deleted. */
  createPod(nodeName: string): Promise<Pod> {
    return this.#cluster.api.create(PODS, {
      metadata: {
        generateName: 'speaker-',
        namespace: this.namespace,
        labels: { ...COMPONENT_LABELS.speaker },
      },
      spec: {
        nodeName,
        terminationGracePeriodSeconds: 0,
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'speaker', image: 'none' }],
      },
    } as Pod);
  }

  async deletePod({ metadata }: Pod): Promise<void> {
    await this.#cluster.api.delete(PODS, { namespace: this.namespace, name: metadata.name ?? '' });
  }

  /** Says about a pod what its kubelet says, or the node controller when its node is silent. */
  async setReady({ metadata }: Pod, ready: boolean): Promise<void> {
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
    const patch = { status: { phase: 'Running', conditions } };
    const ref = { namespace: this.namespace, name: metadata.name ?? '' };
    await this.#cluster.api.patch(PODS, ref, patch, { type: 'merge', subresource: 'status' });
  }

  /** Starts the speaker of a pod. */
  run(pod: Pod, options: SpeakerOptions = {}): RunningSpeaker {
    const network = options.network ?? this.lan.addHost(pod.spec?.nodeName ?? '');
    const { api = this.#cluster.api, clock = systemClock } = options;
    const speaker = new RunningSpeaker(pod, { api, clock, network }, () => this.#speakers.delete(speaker));
    this.#speakers.add(speaker);
    return speaker;
  }

  /** A pod, ready, and its speaker. */
  async start(nodeName: string, options: SpeakerOptions = {}): Promise<RunningSpeaker> {
    const speaker = this.run(await this.createPod(nodeName), options);
    await this.setReady(speaker.pod, true);
    return speaker;
  }

  /** Stops every speaker and deletes the pods and, faster than the garbage collector, the statuses. */
  async stop(): Promise<void> {
    const { namespace } = this;
    await Promise.all([...this.#speakers].map((speaker) => speaker.stop()));
    const types: readonly ResourceType[] = [PODS, SERVICE_L2_STATUSES];
    for (const type of types) {
      await inParallel(await this.#list(type), async ({ metadata: { name = '' } }) => {
        await this.#cluster.api.delete(type, { namespace, name }).catch(unless('NotFound'));
      });
    }
  }

  /** All status objects there are. */
  statuses(): Promise<ServiceL2Status[]> {
    return this.#list(SERVICE_L2_STATUSES);
  }

  /** As {@link stop}, for speakers on a fake clock: to hand their addresses over takes its time as well. */
  async stopOn(clock: FakeClock): Promise<void> {
    let isOver = false;
    const stopped = this.stop().finally(() => (isOver = true));
    await drive(clock, [], { untilTrue: () => isOver });
    await stopped;
  }

  async #list<T extends KubeObject>(type: ResourceType<T>): Promise<T[]> {
    try {
      return (await this.#cluster.api.list(type, { namespace: this.namespace })).items;
    } catch (error) {
      // For a moment after a CRD was changed the server has "storage is (re)initializing" to say.
      if (!isKubeError(error, 'TooManyRequests')) throw error;
      await systemClock.sleep(error.retryAfterMs ?? 1000);
      return this.#list(type);
    }
  }

  async #createService(name: string, ip: string): Promise<void> {
    const { namespace } = this;
    await this.#ensure(SERVICES, {
      metadata: { name, namespace },
      spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] },
    } as KubeObject);
    const patch = { status: { loadBalancer: { ingress: [{ ip }] } } };
    await this.#cluster.api.patch(SERVICES, { namespace, name }, patch, {
      type: 'merge',
      subresource: 'status',
    });
    await this.#ensure(ENDPOINT_SLICES, {
      metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.0.1'], conditions: { ready: true } }],
      ports: [],
    });
  }

  async #ensure<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<void> {
    await this.#cluster.api.create(type, object).catch(unless('AlreadyExists'));
  }
}

export class RunningSpeaker {
  readonly pod: Pod;
  readonly api: MeasuredKubeApi;
  readonly meter = new RecordedMeter();
  readonly log = new RecordedLog();
  hasEnded = false;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(pod: Pod, options: Required<SpeakerOptions>, onEnd: () => void) {
    this.pod = pod;
    this.api = new MeasuredKubeApi(options.api);
    const { name = '', namespace = '', uid = '' } = pod.metadata;
    const { clock, network } = options;
    const ports = { clock, random: systemRandom, log: this.log, meter: this.meter };
    const lan = new LocalLan({
      ...ports,
      links: network,
      openSocket: network.openSocket,
      openGroups: network.openGroups,
    });
    this.#ended = runSpeaker(
      { ...ports, api: this.api, lan, health: new HealthBoard(clock) },
      { namespace, nodeName: this.nodeName, pod: { name, uid } },
      this.#stop.signal,
    ).finally(() => {
      this.hasEnded = true;
      onEnd();
    });
  }

  get nodeName(): string {
    return this.pod.spec?.nodeName ?? '';
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

export interface DriveOptions {
  /** How long, in milliseconds on that clock, at most. @default 60000 */
  readonly ms?: number;
  /** Ends it early. */
  readonly untilTrue?: () => boolean;
}

/** Moves a fake clock on, and at every moment lets the real API server answer before time goes on. */
export async function drive(
  clock: FakeClock,
  speakers: readonly RunningSpeaker[],
  { ms = 60_000, untilTrue = () => false }: DriveOptions,
): Promise<void> {
  const end = clock.now() + ms;
  while (clock.now() < end && !untilTrue()) {
    await clock.advance(STEP_MS);
    for (let calm = 0; calm < CALM_ROUNDS; calm++) {
      await systemClock.sleep(CALM_MS);
      if (speakers.some(({ api }) => api.underWay > 0)) calm = 0;
    }
  }
}

/** Passes every error on but the one with `code`. */
function unless(code: KubeErrorCode): (error: unknown) => void {
  return (error) => {
    if (!isKubeError(error, code)) throw error;
  };
}

/** Runs `task` for each of `items`, a limited number at a time. */
async function inParallel<T>(items: Iterable<T>, task: (item: T) => Promise<unknown>): Promise<void> {
  const limiter = new Limiter(PARALLEL);
  await Promise.all([...items].map((item) => limiter.run(() => task(item))));
}

/** Our definition of `ServiceL2Status`. */
export function ourCrd(): CustomResourceDefinition {
  const crd = customResourceDefinitions().find(({ spec }) => spec.names.kind === 'ServiceL2Status');
  if (crd === undefined) throw new Error('there is no CRD for ServiceL2Status');
  return crd;
}

/** The definition as upstream v0.16.1 has it. */
export function stockCrd(): CustomResourceDefinition {
  return asUpstreamHasIt(ourCrd());
}
