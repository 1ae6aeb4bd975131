/** A real cluster as the demo's stage: metallb-l2 is installed with the quickstart program. */
import { systemClock, systemRandom } from '@metallb-l2/sdk/kube';
import { connect, type KubeConnection } from '@metallb-l2/sdk/kube/connect';
import type { PulumiStack } from '../support/pulumi-stack.ts';
import { arpAnswers, httpGet, nodesByMac } from './probe.ts';
import type { Site } from './site.ts';
import type { Stage, StageLan } from './stage.ts';

export class ClusterStage implements Stage {
  readonly api: KubeConnection;
  readonly clock = systemClock;
  readonly random = systemRandom;
  readonly installation = 'pulumi up of examples/quickstart';
  readonly sampleImage: string;
  readonly lan?: StageLan;
  readonly #stack: PulumiStack;

  constructor(site: Site, stack: PulumiStack) {
    this.api = connect({ kubeconfig: site.kubeconfig });
    this.sampleImage = site.sampleImage;
    this.#stack = stack;
    if (site.lan !== undefined) this.lan = labLan(site.lan);
  }

  async install(): Promise<boolean> {
    const { outputs } = await this.#stack.up();
    return outputs['ready'] === true;
  }

  /** Ends the connection; what was installed stays. */
  close(): void {
    this.api.close();
  }
}

function labLan({ lab, client }: NonNullable<Site['lan']>): StageLan {
  let nodes: ReturnType<typeof nodesByMac> | undefined;
  return {
    ask: async (address) => {
      const known = await (nodes ??= nodesByMac(lab));
      const macs = await arpAnswers(lab, client, address);
      const http = await httpGet(lab, client, address);
      return { macs, nodes: macs.map((mac) => known.get(mac) ?? mac), http };
    },
    cutPower: (node) => lab.cutPower(node),
  };
}
