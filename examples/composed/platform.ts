import { type Image, MetalLBLayer2 } from '@metallb-l2/component';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

export interface LanPlatformArgs {
  /** Addresses of the LAN for services, as CIDRs or ranges. */
  addresses: pulumi.Input<string>[];
  image: Image;
}

/** What every cluster of ours has: addresses of its LAN, and a place that says which. */
export class LanPlatform extends pulumi.ComponentResource {
  /** The namespace of MetalLB. */
  readonly namespace: pulumi.Output<string>;
  /** Whether services get addresses and are announced. */
  readonly ready: pulumi.Output<boolean>;

  constructor(name: string, { addresses, image }: LanPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super('example:platform:LanPlatform', name, {}, opts);
    // With this parent it has the same provider, and goes with it.
    const metallb = new MetalLBLayer2(
      `${name}-metallb`,
      { image, pools: [{ name: 'lan', addresses }] },
      { parent: this },
    );
    // Waits for all that MetalLB is made of.
    new kubernetes.core.v1.ConfigMap(
      `${name}-addresses`,
      {
        metadata: { name: 'lan-addresses', namespace: 'default' },
        data: { addresses: pulumi.output(addresses).apply((ranges) => ranges.join('\n')) },
      },
      { parent: this, dependsOn: metallb },
    );
    this.namespace = metallb.namespace;
    this.ready = metallb.ready;
    this.registerOutputs({ namespace: this.namespace, ready: this.ready });
  }
}
