/**
 * Membership by the readiness of the speakers' pods, as the API server knows it. A speaker that stops is
 * left out as soon as its pod is asked to end, one that dies when the kubelet or the node controller finds
 * out.
 *
 * Every node judges every speaker by the same data, itself included: a speaker that starts takes part when
 * the others can see it, and two nodes never each count only themselves.
 */
import { readyNodes } from '@metallb-l2/sdk/election';
import { PODS, ResourceCache, type Pod, type WatchDeps } from '@metallb-l2/sdk/kube';
import { selectorOf } from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS } from '@metallb-l2/sdk/settings';
import type { Membership } from './membership.js';

export class PodReadiness implements Membership {
  readonly #pods: ResourceCache<Pod>;
  readonly #nodeName: string;
  #wasMember = false;

  constructor(deps: WatchDeps, options: { namespace: string; nodeName: string }) {
    const labelSelector = selectorOf(COMPONENT_LABELS.speaker);
    this.#pods = new ResourceCache(deps, PODS, { namespace: options.namespace, labelSelector });
    this.#nodeName = options.nodeName;
  }

  members(): ReadonlySet<string> {
    const pods = this.#pods.list();
    const nodes = readyNodes(pods);
    // When no speaker at all counts as ready, probes are failing rather than speakers: one that runs goes
    // on, since an address answered twice does less harm than one answered nowhere.
    if (nodes.size === 0 && this.#wasMember && !this.#isEnding(pods)) nodes.add(this.#nodeName);
    return nodes;
  }

  subscribe(listener: () => void): () => void {
    return this.#pods.subscribe(listener);
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#pods.ready(signal);
  }

  async run(signal: AbortSignal): Promise<void> {
    const unsubscribe = this.#pods.subscribe(() => {
      this.#wasMember ||= readyNodes(this.#pods.list()).has(this.#nodeName);
    });
    await this.#pods.run(signal).finally(unsubscribe);
  }

  #isEnding(pods: readonly Pod[]): boolean {
    return pods
      .filter((pod) => pod.spec?.nodeName === this.#nodeName)
      .every((pod) => pod.metadata.deletionTimestamp !== undefined);
  }
}
