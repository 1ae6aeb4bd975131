/** What the demo plays on: a real cluster, in a lab or the user's, or a simulated one. */
import type { Clock, KubeApi, Random } from '@metallb-l2/sdk/kube';

export interface Stage {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  /** What {@link install} does, as a title. */
  readonly installation: string;
  /** An image with `node` on its PATH, for the sample application. */
  readonly sampleImage: string;
  /** Installs metallb-l2 and waits for its pods; gives whether every one is ready. */
  install(): Promise<boolean>;
  /** The network as a host on it sees it; a user's cluster shows only its API. */
  readonly lan?: StageLan;
}

export interface StageLan {
  /** Asks from a host that is no node who answers for `address`. */
  ask(address: string): Promise<Sighting>;
  /** Takes the power of a node away. */
  cutPower(node: string): Promise<void>;
}

export interface Sighting {
  /** The hardware addresses that answered ARP, and the nodes they belong to. */
  readonly macs: readonly string[];
  readonly nodes: readonly string[];
  /** What HTTP gave; absent where no packets but ARP are carried. */
  readonly http?: { readonly ok: boolean; readonly body: string };
}
