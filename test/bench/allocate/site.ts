/** An API server with what both controllers need to see before they start, and nothing else. */
import { dirname } from 'node:path';
import { NAMESPACES, PODS } from '@metallb-l2/sdk/kube';
import { connect, type KubeConnection } from '@metallb-l2/sdk/kube/connect';
import { IP_ADDRESS_POOLS, type IPAddressPoolSpec } from '@metallb-l2/sdk/models';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import type { ApiCall } from '../../lab/audit.ts';
import { type ControlPlane, startControlPlane } from '../../lab/control-plane.ts';
import { createUser } from '../../lab/credentials.ts';
import { establish } from '../../lab/establish.ts';
import type { ServerProcess } from '../../lab/processes.ts';
import { SERVICE_ACCOUNTS } from '../../lab/service-accounts.ts';
import { upstreamDefinitions } from '../../lab/upstream/definitions.ts';
import type { Task } from '../../toolchain/progress.ts';
import type { SubjectName } from '../benchmark.ts';
import { startController } from './controllers.ts';

const POD = 'controller';
/** Its calls are written to the audit log as those of a service account, and may be anything. */
const USER = createUser(
  `system:serviceaccount:${DEFAULT_NAMESPACE}:${POD}`,
  `system:serviceaccounts:${DEFAULT_NAMESPACE},system:masters`,
);
export class AllocateSite {
  readonly api: KubeConnection;
  readonly #controlPlane: ControlPlane;
  readonly #controllers: ServerProcess[] = [];

  private constructor(controlPlane: ControlPlane, api: KubeConnection) {
    this.#controlPlane = controlPlane;
    this.api = api;
  }

  /** @param serviceRanges the ranges of cluster IPs, one for each family */
  static async open(task: Task, serviceRanges: readonly string[] = ['10.96.0.0/16']): Promise<AllocateSite> {
    const options = { serviceRanges, manager: false, users: [USER] };
    const controlPlane = await startControlPlane(task, options);
    const site = new AllocateSite(controlPlane, connect({ kubeconfig: controlPlane.kubeconfig }));
    try {
      await site.#prepare(task.signal);
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const namespace = DEFAULT_NAMESPACE;
    await Promise.all(upstreamDefinitions().map((definition) => establish(this.api, definition)));
    await this.api.create(NAMESPACES, { metadata: { name: namespace } }, { signal });
    await this.api.create(SERVICE_ACCOUNTS, { metadata: { name: 'default', namespace } }, { signal });
    const spec = { automountServiceAccountToken: false, containers: [{ name: 'controller', image: 'none' }] };
    await this.api.create(PODS, { metadata: { name: POD, namespace }, spec }, { signal });
  }

  /** Resolves when it is ready, with its process, which may be killed before the site is closed. */
  async start(subject: SubjectName, task: Task): Promise<ServerProcess> {
    const { metadata } = await this.api.get(PODS, { namespace: DEFAULT_NAMESPACE, name: POD });
    const kubeconfigPath = await this.#controlPlane.kubeconfigFor(USER);
    const pod = { name: POD, uid: metadata.uid ?? '' };
    const site = { folder: dirname(kubeconfigPath), kubeconfigPath, pod };
    const controller = await startController(subject, site, task);
    this.#controllers.push(controller);
    return controller;
  }

  async createPool(name: string, spec: IPAddressPoolSpec, signal: AbortSignal): Promise<void> {
    const metadata = { name, namespace: DEFAULT_NAMESPACE };
    await this.api.create(IP_ADDRESS_POOLS, { metadata, spec }, { signal });
  }

  /** What controllers have asked of the API server so far. */
  apiCalls(): Promise<ApiCall[]> {
    return this.#controlPlane.apiCalls();
  }

  async close(): Promise<void> {
    await Promise.all(this.#controllers.map((controller) => controller.kill()));
    this.api.close();
    await this.#controlPlane.stop();
  }
}
