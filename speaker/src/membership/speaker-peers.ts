/** The other speakers' addresses, as their pods have them: whom a memberlist joins. */
import { PODS, ResourceCache, type Pod, type WatchDeps } from '@metallb-l2/sdk/kube';
import type { GossipEndpoint } from '../ports.js';
import type { DiscoveredPeers } from './gossip-membership.js';

export interface SpeakerPeersOptions {
  readonly namespace: string;
  /** Selects the speakers' pods, as the API server takes it: `app=metallb,component=speaker`. */
  readonly labelSelector: string;
  /** The port all speakers gossip on. */
  readonly port: number;
}

export class SpeakerPeers implements DiscoveredPeers {
  readonly #pods: ResourceCache<Pod>;
  readonly #port: number;

  constructor(deps: WatchDeps, { namespace, labelSelector, port }: SpeakerPeersOptions) {
    this.#pods = new ResourceCache(deps, PODS, { namespace, labelSelector });
    this.#port = port;
  }

  /** Addresses of all pods that have one and have not ended; a pod that ends is asked as long as it is there. */
  peers(): readonly GossipEndpoint[] {
    const running = this.#pods
      .list()
      .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
    const addresses = new Set(running.map(({ status }) => status?.podIP).filter(isAddress));
    return [...addresses].map((address) => ({ address, port: this.#port }));
  }

  subscribe(listener: () => void): () => void {
    return this.#pods.subscribe(listener);
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#pods.ready(signal);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#pods.run(signal);
  }
}

function isAddress(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
